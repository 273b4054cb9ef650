import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createIam } from '../../infra/local/iam/iam.ts';
import { roleStatements, statementsOf, synthesized } from './synthesized.ts';

const stack = synthesized();

const PARTITION = 'aws';
const KNOWN: Readonly<Record<string, string>> = {
  'AWS::Partition': PARTITION,
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': 'account',
};
/** Buckets as ARNs, everything else by its logical id without the hash. */
function nameOf(logicalId: string): string {
  const name = logicalId.replace(/[0-9A-F]{8}$/, '');
  return name.startsWith('Buckets') ? `arn:${PARTITION}:s3:::${name}` : name;
}
const intrinsic = z.union([
  z.strictObject({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }).transform((one) => one['Fn::Join'][1]),
  z
    .strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
    .transform((one) => [nameOf(one['Fn::GetAtt'][0])]),
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => [KNOWN[Ref] ?? nameOf(Ref)]),
]);
const plain = (resource: unknown): string =>
  typeof resource === 'string' ? resource : intrinsic.parse(resource).map(plain).join('');

const statementsOfRole = (name: string) =>
  roleStatements(stack, `ModelRelease-${name}`).map(({ Effect, Action, Resource = [], Condition }) => {
    return { Effect, Action: Action.toSorted(), Resource: Resource.map(plain), Condition };
  });

const PREDICTIONS = `arn:${PARTITION}:s3:::BucketsPredictions`;
const EVIDENCE = `arn:${PARTITION}:s3:::BucketsEvidence`;
const APPLICATION = 'arn:aws:appconfig:eu-west-1:account:application/PointerApplication';
const COMPLETE_LOG = 'arn:aws:lambda:eu-west-1:account:function:ModelRelease-complete-log';

const allow = (Action: readonly string[], ...Resource: readonly string[]) => {
  return { Effect: 'Allow', Action, Resource, Condition: undefined };
};
const READ = ['s3:GetObject', 's3:GetObjectVersion'] as const;
const LOG = (logicalId: string) => allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logicalId);
const TRACES = allow(['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], '*');
const MODELS = [
  allow(READ, `${EVIDENCE}/manifests/*`, `${EVIDENCE}/candidates/*/artifact`),
  // Without it a manifest that is not there could not be told from one that may not be read.
  allow(['s3:ListBucket'], EVIDENCE),
];
const WRITE_LOG = allow(['s3:AbortMultipartUpload', 's3:PutObject'], `${PREDICTIONS}/predictions/*`);
const READ_BATCHES = allow(READ, `${PREDICTIONS}/requests/*`);

describe('The role of the example function', () => {
  it('reads its pointer, models and batches, writes its log and what it hands over, and nothing else', () => {
    expect(statementsOfRole('forecast')).toEqual(
      expect.arrayContaining([
        LOG('FunctionsForecastLog'),
        TRACES,
        allow(
          ['appconfig:GetLatestConfiguration', 'appconfig:StartConfigurationSession'],
          `${APPLICATION}/environment/*/configuration/*`,
        ),
        ...MODELS,
        WRITE_LOG,
        READ_BATCHES,
        allow(['s3:PutObject'], `${PREDICTIONS}/handed-over/*`),
        allow(['lambda:InvokeFunction'], COMPLETE_LOG),
      ]),
    );
    expect(statementsOfRole('forecast')).toHaveLength(9);
  });
});

describe('The role of the function that completes the log', () => {
  it('reads models, batches and what was handed over, writes the log, and nothing else', () => {
    expect(statementsOfRole('complete-log')).toEqual(
      expect.arrayContaining([
        LOG('FunctionsCompleteLog'),
        TRACES,
        ...MODELS,
        WRITE_LOG,
        READ_BATCHES,
        allow(READ, `${PREDICTIONS}/handed-over/*`),
      ]),
    );
    expect(statementsOfRole('complete-log')).toHaveLength(7);
  });
});

describe('Versions that run elsewhere', () => {
  it('may be invoked where the settings name them, and of a function its published versions alone', () => {
    const lambda = 'arn:aws:lambda:eu-west-1:123456789012:function:demand';
    const endpoint = 'arn:aws:sagemaker:eu-west-1:123456789012:endpoint/demand';
    const elsewhere = synthesized({ predictorArns: [lambda, endpoint] });
    for (const name of ['forecast', 'complete-log']) {
      const invoking = roleStatements(elsewhere, `ModelRelease-${name}`).flatMap(({ Action, Resource = [] }) =>
        Action.some((action) => /invoke/i.test(action)) ? Resource.filter((one) => typeof one === 'string') : [],
      );
      expect(invoking).toEqual([`${lambda}:*`, endpoint]);
    }
  });
});

describe('Access of inference, as policies are evaluated', () => {
  const iam = createIam();
  const roles = ['forecast', 'complete-log'] as const;
  for (const name of roles) iam.attach(`ModelRelease-${name}`, { Statement: statementsOfRole(name) }, name);
  for (const [bucket, arn] of [
    ['Predictions', PREDICTIONS],
    ['Evidence', EVIDENCE],
  ] as const) {
    const policy = stack
      .ofType('AWS::S3::BucketPolicy')
      .find(({ logicalId }) => logicalId.startsWith(`Buckets${bucket}`));
    const denials = statementsOf(policy?.properties['PolicyDocument']).filter(({ Effect }) => Effect === 'Deny');
    const Statement = denials.map((one) => ({ ...one, Resource: one.Resource?.map(plain) }));
    iam.addResourcePolicy(arn, { Statement });
  }
  const may = (name: (typeof roles)[number], action: string, resource: string, context = {}) =>
    iam.refusal({
      principal: { kind: 'role', roleName: `ModelRelease-${name}`, session: 'test' },
      ...{ action, resource, context },
    }) === undefined;

  const LOGGED = `${PREDICTIONS}/predictions/model=demand/date=2026-03-01/arm=shadow/version=2.0.0/r-1.ndjson.gz`;
  const ONCE = { 's3:if-none-match': '*', 's3:objectcreationoperation': 'true' };
  const PART = { 's3:objectcreationoperation': 'false' };

  it.each([
    ['forecast', 'appconfig:GetLatestConfiguration', `${APPLICATION}/environment/e/configuration/c`],
    ['forecast', 's3:GetObject', `${EVIDENCE}/manifests/by-version/demand/2.0.0.dsse.json`],
    ['forecast', 's3:GetObjectVersion', `${EVIDENCE}/candidates/demand_2-0-0_1/artifact`],
    ['forecast', 's3:GetObjectVersion', `${PREDICTIONS}/requests/night.ndjson.gz`],
    ['forecast', 's3:PutObject', `${PREDICTIONS}/handed-over/a.json.gz`],
    ['forecast', 's3:AbortMultipartUpload', LOGGED],
    ['forecast', 'lambda:InvokeFunction', COMPLETE_LOG],
    ['complete-log', 's3:GetObjectVersion', `${PREDICTIONS}/handed-over/a.json.gz`],
    ['complete-log', 's3:GetObjectVersion', `${PREDICTIONS}/requests/night.ndjson.gz`],
  ] as const)('lets %s do %s', (name, action, resource) => {
    expect(may(name, action, resource)).toBe(true);
  });

  it.each(roles)('lets %s write a prediction once, whole or in parts, and not over another', (name) => {
    expect(may(name, 's3:PutObject', LOGGED, ONCE)).toBe(true);
    expect(may(name, 's3:PutObject', LOGGED, PART)).toBe(true);
    expect(may(name, 's3:PutObject', LOGGED, { 's3:objectcreationoperation': 'true' })).toBe(false);
  });

  const REFUSED = [
    ['s3:GetObject', LOGGED],
    ['s3:ListBucket', PREDICTIONS],
    ['s3:DeleteObject', LOGGED],
    ['s3:DeleteObjectVersion', LOGGED],
    ['s3:DeleteObject', `${PREDICTIONS}/handed-over/a.json.gz`],
    ['s3:GetObject', `${PREDICTIONS}/outcomes/date=2026-03-01/asof=1.csv.gz`],
    ['s3:PutObject', `${PREDICTIONS}/outcomes/date=2026-03-01/asof=1.csv.gz`],
    ['s3:PutObject', `${PREDICTIONS}/requests/night.ndjson.gz`],
    ['s3:PutObject', `${EVIDENCE}/evidence/demand_2-0-0_1/shadow/report.json`],
    ['s3:PutObject', `${EVIDENCE}/manifests/by-version/demand/2.0.0.dsse.json`],
    ['s3:GetObject', `${EVIDENCE}/incoming/model.json`],
    ['s3:GetObject', `${EVIDENCE}/candidates/demand_2-0-0_1/backtest`],
    ['s3:GetObject', `${EVIDENCE}/evidence/demand_2-0-0_1/shadow/report.json`],
    ['s3:PutObjectRetention', LOGGED],
    ['appconfig:StartDeployment', APPLICATION],
    ['appconfig:StopDeployment', `${APPLICATION}/environment/e`],
    ['appconfig:CreateHostedConfigurationVersion', APPLICATION],
    ['dynamodb:GetItem', 'TablesRegistry'],
    ['dynamodb:PutItem', 'TablesLedger'],
    ['dynamodb:Query', 'TablesApprovals'],
    ['states:StartExecution', 'arn:aws:states:eu-west-1:account:stateMachine:ModelRelease-rollback'],
    ['states:SendTaskSuccess', 'arn:aws:states:eu-west-1:account:stateMachine:ModelRelease-promotion'],
    ['kms:Sign', 'KeysSigning'],
    ['kms:Sign', 'KeysLedger'],
    ['lambda:InvokeFunction', 'arn:aws:lambda:eu-west-1:account:function:ModelRelease-roll-back'],
    ['sns:Publish', 'NotificationsTopic'],
    ['ses:SendEmail', '*'],
  ] as const;

  it.each(roles.flatMap((name) => REFUSED.map((refused) => [name, ...refused] as const)))(
    'refuses to let %s do %s on %s',
    (name, action, resource) => {
      expect(may(name, action, resource, ONCE)).toBe(false);
    },
  );

  it('keeps what is handed over from whoever hands it over, and the sending from whoever completes it', () => {
    expect(may('forecast', 's3:GetObject', `${PREDICTIONS}/handed-over/a.json.gz`)).toBe(false);
    expect(may('complete-log', 's3:PutObject', `${PREDICTIONS}/handed-over/a.json.gz`)).toBe(false);
    expect(may('complete-log', 'lambda:InvokeFunction', COMPLETE_LOG)).toBe(false);
    expect(
      may('complete-log', 'appconfig:GetLatestConfiguration', `${APPLICATION}/environment/e/configuration/c`),
    ).toBe(false);
  });
});
