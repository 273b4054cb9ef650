import { evidencePaths, predictionPaths } from '../../functions/platform/keys.ts';
import type { Access } from '../function-spec.ts';
import type { AccessTargets } from './access-targets.ts';

/** The parts of the evidence bucket that are written once and locked. */
const WRITTEN = ['candidates/', 'evidence/', 'manifests/', 'release-notes/'] as const;
export const EVIDENCE_PREFIXES = [...WRITTEN, 'anchors/', evidencePaths.drillsPrefix] as const;

/** The part of it that is handed from one step to the next, pinned by digest, and not kept. */
export const WORK_PREFIX = evidencePaths.workPrefix;

export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  /** Why resources are given by a pattern, when they are. */
  readonly pattern?: string;
}

const OBJECTS = 'Objects of this part of the bucket come with each promotion; their names are not known at deploy.';
/** What functions may do with the objects of the buckets. */
export const OBJECT_GRANTS = {
  'incoming:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.evidenceBucket}/incoming/*`, ...t.incomingObjects],
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket, ...t.incomingBuckets),
  ],
  'evidence:read': (t) => [
    { actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: evidence(t, ...WRITTEN), pattern: OBJECTS },
    listed(t.evidenceBucket),
  ],
  'evidence:write': (t) => [
    { actions: ['s3:PutObject', 's3:PutObjectRetention'], resources: evidence(t, ...WRITTEN), pattern: OBJECTS },
  ],
  'work:use': (t) => [
    {
      actions: ['s3:PutObject', 's3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.evidenceBucket}/${WORK_PREFIX}*`],
      pattern: OBJECTS,
    },
  ],
  'change-logs:write': (t) => [
    {
      actions: ['s3:PutObject'],
      resources: [`${t.evidenceBucket}/${evidencePaths.changeLogsPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  // An anchor is read back, to tell a repeated write from another one.
  'anchors:write': (t) => [
    {
      actions: ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:GetObjectVersion'],
      resources: evidence(t, 'anchors/'),
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket),
  ],
  'anchors:read': (t) => [
    { actions: ['s3:GetObject'], resources: evidence(t, 'anchors/'), pattern: OBJECTS },
    listed(t.evidenceBucket),
  ],
  'models:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.evidenceBucket}/manifests/*`, `${t.evidenceBucket}/candidates/*/artifact`],
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket),
  ],
  'predictions:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [predictionPaths.predictionsPrefix, predictionPaths.outcomesPrefix].map(
        (prefix) => `${t.predictionBucket}/${prefix}*`,
      ),
      pattern: OBJECTS,
    },
    listed(t.predictionBucket),
  ],
  // A large object goes up in parts, which are removed when it is given up.
  'predictions:write': (t) => [
    {
      actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
      resources: [`${t.predictionBucket}/${predictionPaths.predictionsPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  'recalls:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.predictionBucket}/${predictionPaths.recallsPrefix}*`],
      pattern: OBJECTS,
    },
    listed(t.predictionBucket),
  ],
  'recalls:write': (t) => [
    {
      actions: ['s3:PutObject'],
      resources: [`${t.predictionBucket}/${predictionPaths.recallsPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  'batch-input:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.predictionBucket}/${predictionPaths.requestsPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  'handed-over:write': (t) => [
    {
      actions: ['s3:PutObject'],
      resources: [`${t.predictionBucket}/${predictionPaths.handedOverPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  'handed-over:read': (t) => [
    {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [`${t.predictionBucket}/${predictionPaths.handedOverPrefix}*`],
      pattern: OBJECTS,
    },
  ],
  // What a run of the step that died has written is read back.
  'drill:evidence': (t) => [
    {
      actions: ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:GetObjectVersion'],
      resources: evidence(t, evidencePaths.drillsPrefix),
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket),
  ],
} as const satisfies Partial<Record<Access, (targets: AccessTargets) => readonly Grant[]>>;

/** Without it S3 answers 403 for an object that is not there, which a reader could not tell from a missing right. */
function listed(...buckets: readonly string[]): Grant {
  return { actions: ['s3:ListBucket'], resources: buckets };
}

function evidence(targets: AccessTargets, ...prefixes: readonly (typeof EVIDENCE_PREFIXES)[number][]): string[] {
  return prefixes.map((prefix) => `${targets.evidenceBucket}/${prefix}*`);
}
