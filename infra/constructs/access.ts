import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { evidencePaths, predictionPaths } from '../../functions/platform/keys.ts';
import type { Access } from '../function-spec.ts';
import type { AccessTargets } from './access-targets.ts';

/** The parts of the evidence bucket that are written once and locked. */
const WRITTEN = ['candidates/', 'evidence/', 'manifests/', 'release-notes/'] as const;
export const EVIDENCE_PREFIXES = [...WRITTEN, 'anchors/', evidencePaths.drillsPrefix] as const;

/** The part of it that is handed from one step to the next, pinned by digest, and not kept. */
export const WORK_PREFIX = evidencePaths.workPrefix;

interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Why resources are given by a pattern, when they are. */
  readonly pattern?: string;
}

/** A statement, and why it names resources by a pattern (undefined when it does not). */
export interface Granted {
  readonly statement: PolicyStatement;
  readonly pattern: string | undefined;
}

/** The least IAM statements for what a function may do. */
export function statementsFor(access: readonly Access[], targets: AccessTargets): readonly Granted[] {
  return access.flatMap((word) =>
    GRANTS[word](targets).map(({ actions, resources, conditions, pattern }) => ({
      statement: new PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions === undefined ? {} : { conditions }),
      }),
      pattern,
    })),
  );
}

/** A digest signed as a message would be hashed twice, and verify nowhere. */
const SIGN_DIGESTS = {
  StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
} as const;

const OBJECTS = 'Objects of this part of the bucket come with each promotion; their names are not known at deploy.';
const MODELS = 'Models are onboarded at run time; their environments, profiles and documents are not known at deploy.';
const VERSIONS =
  'Each version of a model is a published version of the function; which ones will be is not known at deploy.';
const ROLLBACKS = 'Every rollback is an execution of its own; the pattern names the machine.';
const EXTENSIONS = 'Which extensions are associated is what is asked; an administrator may have put others there.';
const ACCOUNT_WIDE = 'The action names no resource.';
const METRICS = 'CloudWatch has no resources to name for reading metrics.';
const EXECUTIONS = 'Every promotion and change is an execution of its own; the pattern names the machine.';

const GRANTS: Readonly<Record<Access, (targets: AccessTargets) => readonly Grant[]>> = {
  // A transaction needs the permissions of its parts: a condition check is one.
  'registry:read': (t) => [
    { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:ConditionCheckItem'], resources: [t.registryTable] },
  ],
  'registry:write': (t) => [
    { actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], resources: [t.registryTable] },
  ],
  'ledger:read': (t) => [{ actions: ['dynamodb:GetItem', 'dynamodb:Query'], resources: [t.ledgerTable] }],
  'ledger:append': (t) => [
    { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], resources: [t.ledgerTable] },
    { actions: ['kms:Sign'], resources: [t.ledgerKey], conditions: SIGN_DIGESTS },
  ],
  'approvals:read': (t) => [
    { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:ConditionCheckItem'], resources: [t.approvalsTable] },
    { actions: ['kms:Decrypt', 'kms:DescribeKey'], resources: [t.approvalsKey] },
  ],
  'approvals:write': (t) => [
    { actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], resources: [t.approvalsTable] },
    {
      actions: ['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey'],
      resources: [t.approvalsKey],
    },
  ],
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
  // An anchor is read back, to tell a repeated write from another one.
  'anchors:write': (t) => [
    {
      actions: ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:GetObjectVersion'],
      resources: evidence(t, 'anchors/'),
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket),
  ],
  'predictors:invoke': ({ predictorArns }) => invoking(predictorArns),
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
  'hand-over:send': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.completeLogFunction] }],
  'sign:pointer': (t) => [{ actions: ['kms:Sign'], resources: [t.signingKey], conditions: SIGN_DIGESTS }],
  'keys:read': (t) => [{ actions: ['kms:GetPublicKey'], resources: [t.signingKey, t.ledgerKey] }],
  'pointer:read': (t) => [
    {
      actions: [
        'appconfig:GetApplication',
        'appconfig:GetEnvironment',
        'appconfig:GetConfigurationProfile',
        'appconfig:GetHostedConfigurationVersion',
        'appconfig:GetDeployment',
        'appconfig:ListEnvironments',
        'appconfig:ListConfigurationProfiles',
        'appconfig:ListHostedConfigurationVersions',
        'appconfig:ListDeployments',
      ],
      resources: [t.application, `${t.application}/*`],
      pattern: MODELS,
    },
  ],
  'pointer:onboard': (t) => [
    { actions: ['appconfig:CreateEnvironment', 'appconfig:CreateConfigurationProfile'], resources: [t.application] },
  ],
  'pointer:version': (t) => [
    {
      actions: ['appconfig:CreateHostedConfigurationVersion'],
      resources: [t.application, `${t.application}/configurationprofile/*`],
      pattern: MODELS,
    },
  ],
  'pointer:deploy': (t) => [
    {
      actions: ['appconfig:StartDeployment'],
      resources: [
        t.application,
        `${t.application}/environment/*`,
        `${t.application}/configurationprofile/*`,
        t.instantStrategy,
      ],
      pattern: MODELS,
    },
  ],
  'pointer:stop': (t) => [
    {
      actions: ['appconfig:StopDeployment'],
      resources: [t.application, `${t.application}/environment/*`],
      pattern: MODELS,
    },
  ],
  'pointer:shared': (t) => [
    { actions: ['appconfig:GetDeploymentStrategy'], resources: [t.instantStrategy] },
    { actions: ['appconfig:GetExtension'], resources: [t.extensions], pattern: EXTENSIONS },
    { actions: ['appconfig:ListExtensionAssociations'], resources: ['*'], pattern: ACCOUNT_WIDE },
  ],
  'trail:read': () => [{ actions: ['cloudtrail:LookupEvents'], resources: ['*'], pattern: ACCOUNT_WIDE }],
  'pointer:serve': (t) => [
    {
      actions: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
      resources: [`${t.application}/environment/*/configuration/*`],
      pattern: MODELS,
    },
  ],
  'callback:send': (t) => [{ actions: ['states:SendTaskSuccess'], resources: t.waitingMachines }],
  'execution:read': (t) => [
    { actions: ['states:DescribeExecution'], resources: t.waitingExecutions, pattern: EXECUTIONS },
  ],
  'execution:stop': (t) => [{ actions: ['states:StopExecution'], resources: t.waitingExecutions, pattern: EXECUTIONS }],
  'execution:trace': (t) => [
    { actions: ['states:DescribeExecution'], resources: t.allExecutions, pattern: EXECUTIONS },
  ],
  'rollback:watch': (t) => [
    { actions: ['states:ListExecutions'], resources: [t.rollbackMachine] },
    { actions: ['states:DescribeExecution'], resources: [t.rollbackExecutions], pattern: EXECUTIONS },
  ],
  'metrics:read': () => [{ actions: ['cloudwatch:GetMetricData'], resources: ['*'], pattern: METRICS }],
  'rollback:start': (t) => [{ actions: ['states:StartExecution'], resources: [t.rollbackMachine] }],
  'rollback:read': (t) => [
    { actions: ['states:DescribeExecution'], resources: [t.rollbackExecutions], pattern: ROLLBACKS },
  ],
  'drill:start': (t) => [{ actions: ['states:StartExecution'], resources: [t.drillMachine] }],
  'drill:environment': (t) => [{ actions: ['appconfig:CreateEnvironment'], resources: [t.application] }],
  // What a run of the step that died has written is read back.
  'drill:evidence': (t) => [
    {
      actions: ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:GetObjectVersion'],
      resources: evidence(t, evidencePaths.drillsPrefix),
      pattern: OBJECTS,
    },
    listed(t.evidenceBucket),
  ],
  'roll-back:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.rollBackFunction] }],
  'readiness:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.checkReadinessFunction] }],
  'kill-switch:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.killSwitchFunction] }],
  'email:send': (t) => [{ actions: ['ses:SendEmail'], resources: [t.senderIdentity] }],
  'notice:publish': (t) => [
    { actions: ['sns:Publish'], resources: [t.topic] },
    { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [t.topicKey] },
  ],
};

/** Versions of functions, which IAM cannot tell from aliases; an artifact may name a published version alone. */
function invoking(arns: readonly string[]): readonly Grant[] {
  const [functions, endpoints] = [':lambda:', ':sagemaker:'].map((service) =>
    arns.filter((arn) => arn.includes(service)),
  );
  const versions = (functions ?? []).map((arn) => `${arn}:*`);
  const all = [
    { actions: ['lambda:InvokeFunction'], resources: versions, pattern: VERSIONS },
    { actions: ['sagemaker:InvokeEndpoint'], resources: endpoints ?? [] },
  ];
  return all.filter(({ resources }) => resources.length > 0);
}

/** Without it S3 answers 403 for an object that is not there, which a reader could not tell from a missing right. */
function listed(...buckets: readonly string[]): Grant {
  return { actions: ['s3:ListBucket'], resources: buckets };
}

function evidence(targets: AccessTargets, ...prefixes: readonly (typeof EVIDENCE_PREFIXES)[number][]): string[] {
  return prefixes.map((prefix) => `${targets.evidenceBucket}/${prefix}*`);
}
