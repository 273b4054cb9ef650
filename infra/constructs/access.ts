import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { GATE_ATTRIBUTES } from '../../functions/approval/gate-attributes.ts';
import { approvalKeys, registryKeys } from '../../functions/platform/keys.ts';
import type { Access } from '../function-spec.ts';
import type { AccessTargets } from './access-targets.ts';
import { type Grant, OBJECT_GRANTS } from './object-grants.ts';

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

/** Task tokens and digests of secrets lie beside the gates: a query has to name attributes, and those of gates alone. */
const OF_GATES = {
  StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
  'ForAllValues:StringEquals': { 'dynamodb:Attributes': GATE_ATTRIBUTES },
} as const;

/** By the partition key, which a request has to name. */
const ofPartitions = (prefix: string) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${prefix}*`] },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});
const OF_SESSIONS = ofPartitions(approvalKeys.sessionPrefix);
const OF_LETTERS = ofPartitions(registryKeys.letterPrefix);

const MODELS = 'Models are onboarded at run time; their environments, profiles and documents are not known at deploy.';
const VERSIONS =
  'Each version of a model is a published version of the function; which ones will be is not known at deploy.';
const ROLLBACKS = 'Every rollback is an execution of its own; the pattern names the machine.';
const EXTENSIONS = 'Which extensions are associated is what is asked; an administrator may have put others there.';
const ACCOUNT_WIDE = 'The action names no resource.';
const METRICS = 'CloudWatch has no resources to name for reading metrics.';
const EXECUTIONS = 'Every promotion and change is an execution of its own; the pattern names the machine.';

const GRANTS: Readonly<Record<Access, (targets: AccessTargets) => readonly Grant[]>> = {
  ...OBJECT_GRANTS,
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
  'gates:read': (t) => [
    { actions: ['dynamodb:Query'], resources: [t.approvalsTable], conditions: OF_GATES },
    { actions: ['kms:Decrypt', 'kms:DescribeKey'], resources: [t.approvalsKey] },
  ],
  'approvals:write': (t) => [
    { actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], resources: [t.approvalsTable] },
    {
      actions: ['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKey'],
      resources: [t.approvalsKey],
    },
  ],
  'sessions:write': (t) => [
    { actions: ['dynamodb:PutItem'], resources: [t.approvalsTable], conditions: OF_SESSIONS },
    {
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
      resources: [t.approvalsKey],
    },
  ],
  'predictors:invoke': ({ predictorArns }) => invoking(predictorArns),
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
  'roll-back:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.rollBackFunction] }],
  'readiness:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.checkReadinessFunction] }],
  'kill-switch:ask': (t) => [{ actions: ['lambda:InvokeFunction'], resources: [t.killSwitchFunction] }],
  'email:send': (t) => [{ actions: ['ses:SendEmail'], resources: [t.senderIdentity, t.mailConfiguration] }],
  'letters:mark': (t) => [
    { actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem'], resources: [t.registryTable], conditions: OF_LETTERS },
  ],
  'events:publish': (t) => [
    { actions: ['sns:Publish'], resources: [t.eventTopic] },
    { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [t.topicKey] },
    { actions: ['events:PutEvents'], resources: [t.eventBus] },
  ],
  'failure:report': (t) => [
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
