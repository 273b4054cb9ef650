import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { ConfigName } from '../../functions/platform/config.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { actionsOf, roleStatements, SIGN_IN, type Statement, synthesized } from './synthesized.ts';

const environmentSchema = z
  .object({ Variables: z.record(z.string(), z.unknown()).default({}) })
  .default({ Variables: {} });

const stack = synthesized({ incomingPrefixes: 's3://lake/models/', ...SIGN_IN });
const specs: readonly FunctionSpec[] = FUNCTIONS;
const roleOf = (name: string) => `ModelRelease-${name}`;

/** The statements by which a function may do `action`. */
const statementsFor = (name: string, action: string): readonly Statement[] =>
  roleStatements(stack, roleOf(name)).filter(({ Action }) => Action.includes(action));
const resourcesFor = (name: string, action: string): string =>
  JSON.stringify(statementsFor(name, action).flatMap(({ Resource }) => Resource));

/** Every function that may do `action`, sorted. */
const holdersOf = (action: string): readonly string[] =>
  specs
    .map(({ name }) => name)
    .filter((name) => statementsFor(name, action).length > 0)
    .toSorted();

/** Whoever brings a document out: forward by a decision, or back. */
const DEPLOYING = [
  'close-dead-promotion',
  'end-exposure',
  'kill-switch',
  'move-pointer',
  'reconcile',
  'rehearse',
  'roll-back',
];

const everywhere = ({ Resource }: Statement) => JSON.stringify(Resource ?? []).includes('["*"]');

const intrinsic = z.union([
  z.strictObject({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }).transform((one) => one['Fn::Join'][1]),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((one) => one['Fn::GetAtt'].slice(0, 1)),
  z.strictObject({ Ref: z.string() }).transform((one) => [one.Ref]),
]);
/** A resource as text: logical ids without their hash in the place of ARNs. */
const plain = (resource: unknown): string =>
  typeof resource === 'string' ? resource.replace(/[0-9A-F]{8}$/, '') : intrinsic.parse(resource).map(plain).join('');

describe('access of functions', () => {
  it('comes from a role of its own for each, that Lambda alone can take', () => {
    const roles = stack.ofType('AWS::IAM::Role').map(({ properties }) => properties['RoleName']);
    expect(roles).toEqual(expect.arrayContaining(specs.map(({ name }) => roleOf(name))));
    const used = stack.ofType('AWS::Lambda::Function').map(({ properties }) => JSON.stringify(properties['Role']));
    expect(new Set(used).size).toBe(specs.length);
  });

  it('never gives StartDeployment and SendTaskSuccess to one function', () => {
    const both = holdersOf('appconfig:StartDeployment').filter((name) =>
      holdersOf('states:SendTaskSuccess').includes(name),
    );
    expect(both).toEqual([]);
    expect(holdersOf('appconfig:StartDeployment')).toEqual(DEPLOYING);
    expect(holdersOf('states:SendTaskSuccess')).toEqual(['decide-approval', 'repeat-callbacks']);
  });

  it('gives StopDeployment to the rollback alone', () => {
    expect(holdersOf('appconfig:StopDeployment')).toEqual(['roll-back']);
  });

  it('lets only those make a document who sign it: going back takes what is there', () => {
    expect(holdersOf('appconfig:CreateHostedConfigurationVersion')).toEqual([
      'kill-switch',
      'move-pointer',
      'prepare-return',
      'reconcile',
    ]);
  });

  it('gives signing with the key of the pointer to those alone, and to who signs manifests', () => {
    const signers = specs
      .map(({ name }) => name)
      .filter((name) => resourcesFor(name, 'kms:Sign').includes('KeysSigning'));
    expect(signers.toSorted()).toEqual(['kill-switch', 'move-pointer', 'prepare-return', 'reconcile', 'sign-manifest']);
  });

  it('signs digests only', () => {
    const signing = specs.flatMap(({ name }) => statementsFor(name, 'kms:Sign'));
    expect(signing.length).toBeGreaterThan(0);
    for (const { Condition } of signing) {
      expect(Condition).toEqual({
        StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
      });
    }
  });

  it('lets nobody change or remove a row of the ledger', () => {
    for (const action of ['dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem']) {
      for (const { name } of specs) expect(resourcesFor(name, action)).not.toContain('TablesLedger');
    }
  });

  it('lets only the functions that append put a row into the ledger', () => {
    const appending = specs.filter(({ access }) => access.includes('ledger:append')).map(({ name }) => name);
    const putting = specs
      .map(({ name }) => name)
      .filter((name) => resourcesFor(name, 'dynamodb:PutItem').includes('TablesLedger'));
    expect(putting).toEqual(appending);
  });

  it('lets nobody delete an object, or evade or shorten its retention', () => {
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention']) {
      expect(holdersOf(action)).toEqual([]);
    }
  });

  it('lets nobody manage the vouching, the strategy, hosted versions or experiments', () => {
    const managing = specs.flatMap(({ name }) =>
      actionsOf(stack, roleOf(name)).filter((action) =>
        /appconfig:(Delete|Update|Create.*(Extension|Strategy)|.*Experiment)/.test(action),
      ),
    );
    expect(managing).toEqual([]);
  });

  it('deploys with the instant strategy alone', () => {
    for (const name of DEPLOYING) {
      const resources = resourcesFor(name, 'appconfig:StartDeployment');
      expect(resources).toContain('deploymentstrategy/",{"Ref":"PointerInstant');
      expect(resources).not.toContain('deploymentstrategy/*');
    }
  });

  it('reads candidates from incoming/ and the configured prefixes, in registration alone', () => {
    const registering = ['register-change', 'register-candidate'];
    for (const { name } of specs) {
      const resources = resourcesFor(name, 's3:GetObject');
      expect(resources.includes('/incoming/*'), name).toBe(registering.includes(name));
      expect(resources.includes(':s3:::lake/models/*'), name).toBe(registering.includes(name));
    }
  });

  it('lets the judge read predictions and outcomes, and write neither', () => {
    const read = statementsFor('judge', 's3:GetObject').flatMap(({ Resource = [] }) => Resource.map(plain));
    expect(read).toEqual(expect.arrayContaining(['BucketsPredictions/predictions/*', 'BucketsPredictions/outcomes/*']));
    expect(resourcesFor('judge', 's3:ListBucket')).toContain('BucketsPredictions');
    const writers = specs.filter(({ name }) => resourcesFor(name, 's3:PutObject').includes('BucketsPredictions'));
    // The list of recalled forecasts lies beside them, under a prefix of its own.
    expect(writers.map(({ name }) => name).toSorted()).toEqual(['complete-log', 'forecast', 'recall']);
    const puts = statementsFor('recall', 's3:PutObject').flatMap(({ Resource = [] }) => Resource.map(plain));
    expect(puts).toEqual(['BucketsPredictions/recalls/*']);
    for (const { name } of specs) expect(resourcesFor(name, 's3:PutObject')).not.toContain('outcomes/');
  });

  it('writes anchors in the anchoring function alone, and evidence nowhere there', () => {
    const anchoring = specs
      .map(({ name }) => name)
      .filter((name) => resourcesFor(name, 's3:PutObject').includes('anchors/'));
    expect(anchoring).toEqual(['anchor-ledger']);
    expect(resourcesFor('anchor-ledger', 's3:PutObject')).not.toContain('evidence/');
  });

  it('keeps task tokens from every function that has nothing to do with approvals', () => {
    const readers = specs
      .map(({ name }) => name)
      .filter((name) => resourcesFor(name, 'dynamodb:GetItem').includes('TablesApprovals'));
    const named = specs.filter(({ access }) => access.includes('approvals:read')).map(({ name }) => name);
    expect(readers).toEqual(named);
    expect(readers).not.toContain('vouch');
    expect(readers).not.toContain('judge');
  });

  it('lets whoever tells of events mark letters in the registry, and write nothing else there', () => {
    const writing = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
    const found = writing.flatMap((action) => statementsFor('send-notice', action));
    expect(found.map(({ Action, Condition }) => [Action, Condition])).toEqual(
      ['PutItem', 'UpdateItem'].map(() => [
        ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
        {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['letter#*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      ]),
    );
  });

  it('lets the sign-in put sessions into the approvals table, and do nothing else there', () => {
    const [put, ...others] = roleStatements(stack, roleOf('sign-in')).filter(({ Resource }) =>
      JSON.stringify(Resource).includes('TablesApprovals'),
    );
    expect(others).toEqual([]);
    expect(put?.Action).toEqual(['dynamodb:PutItem']);
    expect(put?.Condition).toEqual({
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['session#*'] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
    expect(actionsOf(stack, roleOf('sign-in')).filter((action) => !/^(dynamodb|kms|logs|xray):/.test(action))).toEqual(
      [],
    );
  });

  it('names no action by a pattern, and every resource by name but for traces', () => {
    for (const { name } of specs) {
      const statements = roleStatements(stack, roleOf(name));
      expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
      expect(statements.filter(everywhere).flatMap(({ Action }) => Action)).toEqual([
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        // The actions take no resource.
        ...(name === 'reconcile' ? ['appconfig:ListExtensionAssociations'] : []),
        ...(name === 'watch-trail' ? ['cloudtrail:LookupEvents'] : []),
        ...(name === 'answer-alarm' ? ['cloudwatch:GetMetricData'] : []),
      ]);
    }
  });

  it('writes to the log group of the function and to no other', () => {
    for (const { name } of specs) {
      const [statement, ...others] = statementsFor(name, 'logs:PutLogEvents');
      expect(others).toEqual([]);
      expect(statement?.Resource).toEqual([{ 'Fn::GetAtt': [expect.stringMatching(/Log[0-9A-F]{8}$/), 'Arn'] }]);
    }
  });

  it('adds nothing to what an entry names but its log and its traces', () => {
    expect(actionsOf(stack, roleOf('public-key'))).toEqual([
      'kms:GetPublicKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });
});

describe('functions', () => {
  const functions = stack.ofType('AWS::Lambda::Function');
  const variablesOf = (name: string): Readonly<Record<string, unknown>> => {
    const found = functions.find(({ properties }) => properties['FunctionName'] === `ModelRelease-${name}`);
    return environmentSchema.parse(found?.properties['Environment']).Variables;
  };

  it('are those of the list, on Node 24, traced, with logs as JSON', () => {
    expect(functions).toHaveLength(specs.length);
    for (const { properties } of functions) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON' },
        Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
      });
    }
  });

  it('give the judge room to inflate what it reads', () => {
    const judge = functions.find(({ properties }) => properties['FunctionName'] === 'ModelRelease-judge');
    expect(judge?.properties['EphemeralStorage']).toEqual({ Size: 10_240 });
  });

  it('have a log group each, that does not keep for ever', () => {
    const groups = stack.ofType('AWS::Logs::LogGroup');
    expect(groups.filter(({ properties }) => properties['RetentionInDays'] === undefined)).toEqual([]);
  });

  it.each(specs.map((spec) => [spec.name, spec] as const))(
    '%s gets exactly the settings that it names',
    (name, spec) => {
      const set: readonly string[] = Object.keys(variablesOf(name));
      expect(set.filter((variable) => !variable.startsWith('AWS_')).toSorted()).toEqual([...spec.config].toSorted());
    },
  );

  it('verify with public keys that the deployment reads from KMS', () => {
    for (const [variable, key] of [
      ['POINTER_PUBLIC_KEY', 'PublicKeysPointer'],
      ['LEDGER_PUBLIC_KEY', 'PublicKeysLedger'],
    ] as const satisfies readonly (readonly [ConfigName, string])[]) {
      expect(variablesOf('vouch')[variable]).toEqual({
        'Fn::GetAtt': [expect.stringContaining(key), 'PublicKey'],
      });
    }
    stack.template.resourceCountIs('Custom::PublicKey', 2);
  });

  it('know state machines by name, so that nothing goes in circles', () => {
    const arn = JSON.stringify(variablesOf('close-dead-promotion')['ROLLBACK_STATE_MACHINE_ARN']);
    expect(arn).toContain('stateMachine:ModelRelease-rollback:live');
  });

  it('take candidates from the incoming area and from the configured prefixes', () => {
    expect(JSON.stringify(variablesOf('register-candidate')['INCOMING_PREFIXES'])).toContain(
      '/incoming/,s3://lake/models/',
    );
  });
});
