import * as z from 'zod';
import { advanceNotice, holdException } from '../change/advance-notice/notice-item.ts';
import { changeRecord, promotionChange } from '../change/change-record.ts';
import { changeSeverity } from '../change/change-severity.ts';
import { hold } from '../drill/hold/hold.ts';
import { businessDate, sha256, versionName } from '../platform/ids.ts';
import { downstreamTeam, knownApprover, owner, requester } from '../platform/people.ts';
import { exposurePlan } from '../promotion/exposure.ts';
import { ENDS, STAGES } from '../promotion/life-cycle.ts';
import { trainingParameters } from '../promotion/training-parameters.ts';
import { looks, newestLook } from './look-items.ts';
import { storedPolicy } from './policy.ts';
import { restoration } from './restoration.ts';

export type { Looks, NewestLook } from './look-items.ts';

/** One S3 object version with the digest that was checked on it. */
export const storedObject = z.object({ bucket: z.string(), key: z.string(), versionId: z.string(), sha256 });
export type StoredObject = z.infer<typeof storedObject>;

/** A Reason (platform/errors.ts) as stored. */
export const reason = z.object({
  code: z.string(),
  path: z.string().exactOptional(),
  message: z.string(),
  got: z.string().exactOptional(),
  allowed: z.string().exactOptional(),
  next: z.string().exactOptional(),
});

/** An approver of some stages or, without `stages`, of all. A stand-in is asked only in another's place, by the owner. */
export const modelApprover = knownApprover.extend({
  stages: z.array(z.enum(STAGES)).min(1).optional(),
  standIn: z.literal(true).exactOptional(),
});
export type ModelApprover = z.infer<typeof modelApprover>;

/** Registry item of a model. It cannot exist without an owner. */
export const modelItem = z.object({
  model: z.string(),
  owner,
  approvers: z.array(modelApprover).min(1),
  downstream: z.array(downstreamTeam),
  policyVersion: z.int().min(1),
  policy: storedPolicy,
  /** Digest of the canonical JSON of `policy`. */
  policyDigest: sha256,
  /** AppConfig ids of this model's own environment and profile. */
  environmentId: z.string(),
  profileId: z.string(),
  /** Counts changes of this item: 1 at onboarding. Writers condition on it. */
  revision: z.int().min(1),
  /** The onboarding or change that wrote this revision. */
  changedBy: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ModelItem = z.infer<typeof modelItem>;

/**
 * Registry item of one version of a policy; never changed. `policy` is as it was stored, since the digest is of that:
 * reading it with a later release may add defaults.
 */
export const policyItem = z.object({ policy: z.json(), policyDigest: sha256 });
export type PolicyItem = z.infer<typeof policyItem>;

/** `production`: served by the pointer. `retained`: was production and can be gone back to. */
export const VERSION_STATUSES = ['candidate', 'production', 'retained', 'withdrawn'] as const;

/** Registry item of a version: one digest, for ever. */
export const versionItem = z.object({
  model: z.string(),
  version: versionName,
  sha256,
  artifact: storedObject,
  status: z.enum(VERSION_STATUSES),
  /** The newest promotion of this version. */
  promotionId: z.string(),
  registeredAt: z.string(),
  promotedAt: z.string().optional(),
  /** Version that served before this one was promoted; empty: the safe forecast. */
  predecessor: z.string().optional(),
  withdrawnAt: z.string().optional(),
  withdrawnBecause: z.string().optional(),
});
export type VersionItem = z.infer<typeof versionItem>;

export const VERDICTS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'CONTINUE'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a gate found, as kept on the promotion; the full evidence is in the named objects. */
export const gateResult = z.object({
  verdict: z.enum(VERDICTS),
  reasons: z.array(reason),
  /** Name and version of the judge, for example `offline/1`. */
  judge: z.string(),
  judgedAt: z.string(),
  /** Keyed by `evaluation-report`, `segment-analysis`, `risk-summary`. */
  artifacts: z.record(z.string(), storedObject),
});
export type GateResult = z.infer<typeof gateResult>;

/** Who started a run, as CloudTrail tells it some minutes later; the person, where the registry knows whose principal it is. */
export const startedBy = z.object({
  principalArn: z.string(),
  person: z.object({ name: z.string(), email: z.string(), id: z.string().exactOptional() }).exactOptional(),
});
export type StartedBy = z.infer<typeof startedBy>;

const runItem = {
  promotionId: z.string(),
  model: z.string(),
  attempt: z.int().min(1),
  requestedBy: requester,
  /** Absent until it is known. */
  startedBy: startedBy.exactOptional(),
  change: changeRecord,
  /** As the rule gave it at registration; absent on a run of an earlier release. */
  severity: changeSeverity.exactOptional(),
  /** Present once it was held after it was approved. */
  holds: z.array(hold).exactOptional(),
  advanceNotice: advanceNotice.exactOptional(),
  /** In spite of what it goes on, and who says so. */
  holdExceptions: z.array(holdException).exactOptional(),
  policyVersion: z.int().min(1),
  policyDigest: sha256,
  executionArn: z.string(),
  startedAt: z.string(),
  /** Present once ended; the item then never changes again. */
  end: z.enum([...ENDS, 'applied']).optional(),
  endedAt: z.string().optional(),
  reasons: z.array(reason).optional(),
};

/** The deployment by which a run moved the pointer. */
export const pointerMove = z.object({
  revision: z.int(),
  deploymentNumber: z.int(),
  documentSha256: sha256,
  movedAt: z.string(),
});
export type PointerMove = z.infer<typeof pointerMove>;

/** One document that exposed a candidate: beside production, or to a share of the units. */
export const exposure = pointerMove.extend({
  stage: z.enum(['shadow', 'canary']),
  /** Index of the canary step; 0 for the shadow. */
  step: z.int().min(0),
  /** Share of the units, 0 to 100; 0 for the shadow. */
  percentage: z.number(),
  /** UTC; past it production alone serves, whatever happened to the promotion. */
  until: z.string(),
});
export type Exposure = z.infer<typeof exposure>;

/** Registry item of one promotion: the facts that its states read, since the states themselves pass only ids. */
export const promotionItem = z.object({
  ...runItem,
  kind: z.literal('promotion'),
  change: promotionChange,
  version: versionName,
  /** Where it stands: the stage that it is in, or that people are asked to let it into. */
  stage: z.enum(STAGES),
  awaitingApproval: z.boolean(),
  artifact: storedObject,
  backtest: storedObject,
  history: storedObject,
  training: z.object({
    from: businessDate,
    to: businessDate,
    features: z.array(z.string()),
    code: z.string(),
    parameters: trainingParameters.exactOptional(),
  }),
  knownFailureModes: z.array(z.string()),
  /** The production version at the time of registration; empty: the safe forecast. */
  baseline: z.string(),
  gates: z.partialRecord(z.enum(STAGES), gateResult),
  /** How far its candidate may be exposed, as its policy had it at registration. */
  plan: exposurePlan,
  /** The canary step (index into the plan's steps) that the pointer is, or is about to be, at. */
  canaryStep: z.int().min(0).default(0),
  /** Documents by which its candidate was exposed, in order. */
  exposures: z.array(exposure).default([]),
  looks: looks.default({}),
  /** Absent before the first look that was spent. */
  newestLook: newestLook.exactOptional(),
  manifest: storedObject.optional(),
  releaseNote: storedObject.optional(),
  /** Set once the pointer was moved to the version. */
  pointer: pointerMove.optional(),
});
export type PromotionItem = z.infer<typeof promotionItem>;

/** What a change without a version proposes; absent members stay as they are. */
export const proposal = z.object({
  owner,
  approvers: z.array(modelApprover).min(1),
  downstream: z.array(downstreamTeam),
  policy: storedPolicy,
});
export type Proposal = z.infer<typeof proposal>;

/** Registry item of an onboarding, of a change of owner, approvers, teams or policy, or of the end of a kill switch. */
export const changeItem = z.object({
  ...runItem,
  kind: z.enum(['onboard', 'change', 'restore']),
  proposal,
  /** What the change was made against; absent for an onboarding. */
  before: proposal.exactOptional(),
  /** Who approves an onboarding: the stack's first approvers, as they were at registration. */
  firstApprovers: z.array(knownApprover).optional(),
  /** Revision of the model item that the proposal was made against; 0 for an onboarding. */
  baseRevision: z.int().min(0),
  /** The kill switch that is to be left; a restoration changes no setting. */
  restore: restoration.exactOptional(),
  /** Set once an onboarding deployed the first document, or a restoration the one without the switch. */
  pointer: pointerMove.optional(),
  /** A version that served the business before the model was onboarded and is taken over without the gates. */
  adopt: z.object({ version: versionName, artifact: storedObject }).exactOptional(),
  /** Signed manifest of the adopted version. */
  manifest: storedObject.optional(),
  /** Set once the pointer serves the adopted version. */
  adopted: pointerMove.optional(),
});
export type ChangeItem = z.infer<typeof changeItem>;

/** A promotion or a change: whatever runs for a model and may wait for people. */
export const runSchema = z.discriminatedUnion('kind', [promotionItem, changeItem]);
export type Run = z.infer<typeof runSchema>;

/** A registration that was refused, kept so that a repeated step answers the same and the id is spent. */
export const refusalItem = z.object({
  model: z.string(),
  promotionId: z.string(),
  executionArn: z.string(),
  reasons: z.array(reason),
  at: z.string(),
});
export type RefusalItem = z.infer<typeof refusalItem>;

/** The item that makes "one promotion, and one change, per model" true. */
export const inFlightItem = z.object({
  model: z.string(),
  promotionId: z.string(),
  executionArn: z.string(),
  since: z.string(),
});
export type InFlightItem = z.infer<typeof inFlightItem>;

/** A document to go back to: an existing hosted version that serves `version` (empty: the safe forecast). */
export const returnDocumentItem = z.object({
  model: z.string(),
  version: z.string(),
  hostedVersion: z.int().min(1),
  documentSha256: sha256,
  preparedAt: z.string(),
  /** The promotion that proved it last. */
  promotionId: z.string().optional(),
  /** The model's own place in AppConfig, so that going back needs no other item. */
  environmentId: z.string().exactOptional(),
  profileId: z.string().exactOptional(),
  /** The signed document itself, so that it can be verified without another call; read with suspicion. */
  document: z.unknown().optional(),
});
export type ReturnDocumentItem = z.infer<typeof returnDocumentItem>;

/** The decision under which one document may go out. Written with its ledger entry, before the document is deployed. */
export const intentItem = z.object({
  model: z.string(),
  documentSha256: sha256,
  promotionId: z.string(),
  /** Position of the `pointer-move-intended` entry. */
  ledgerSeq: z.int().min(1),
  at: z.string(),
});
export type IntentItem = z.infer<typeof intentItem>;
