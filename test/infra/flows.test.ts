import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { LIVE, pascalCase, STATE_MACHINES } from '../../infra/constructs/names.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { roleStatements, synthesized } from './synthesized.ts';

const stack = synthesized();

/** The functions that a definition file names. */
function namedIn(machine: string): readonly string[] {
  const definition = readFileSync(`${import.meta.dirname}/../../state-machines/${machine}.asl.json`, 'utf8');
  return FUNCTIONS.map(({ name }) => name).filter((name) => definition.includes(`\${${pascalCase(name)}Arn}`));
}

describe.each(STATE_MACHINES)('state machine %s', (machine) => {
  it('stands in the template as its file says, with a name, traces, and logs without execution data', () => {
    const file = readFileSync(`${import.meta.dirname}/../../state-machines/${machine}.asl.json`, 'utf8');
    stack.template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: `ModelRelease-${machine}`,
      StateMachineType: 'STANDARD',
      DefinitionString: file,
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
  });

  it('may invoke exactly the functions that its definition names', () => {
    const invoking = roleStatements(stack, `ModelRelease-${machine}-flow`).filter(({ Action }) =>
      Action.some((action) => action.startsWith('lambda:')),
    );
    expect(invoking.flatMap(({ Action }) => Action)).toEqual(['lambda:InvokeFunction']);
    const named = namedIn(machine).map((name) => ({
      'Fn::GetAtt': [expect.stringMatching(new RegExp(`^Functions${pascalCase(name)}Function`)), 'Arn'],
    }));
    expect(named.length).toBeGreaterThan(0);
    expect(invoking.flatMap(({ Resource }) => Resource)).toEqual(named);
  });

  it('may do nothing else but write its log and its traces', () => {
    const actions = roleStatements(stack, `ModelRelease-${machine}-flow`).flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/^(lambda:InvokeFunction|logs:|xray:)/.test(action))).toEqual([]);
  });

  it('can be taken by Step Functions of this account alone', () => {
    stack.template.hasResourceProperties('AWS::IAM::Role', {
      RoleName: `ModelRelease-${machine}-flow`,
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'states.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
  });

  it('publishes a version for each revision, keeps the old ones, and points the alias at the newest', () => {
    const prefix = pascalCase(machine);
    stack.template.hasResource('AWS::StepFunctions::StateMachineVersion', {
      Properties: {
        StateMachineArn: { Ref: Match.stringLikeRegexp(`^${prefix}Machine`) },
        StateMachineRevisionId: {
          'Fn::GetAtt': [Match.stringLikeRegexp(`^${prefix}Machine`), 'StateMachineRevisionId'],
        },
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    stack.template.hasResourceProperties('AWS::StepFunctions::StateMachineAlias', {
      Name: LIVE,
      DeploymentPreference: {
        Type: 'ALL_AT_ONCE',
        StateMachineVersionArn: { Ref: Match.stringLikeRegexp(`^${prefix}Version`) },
      },
    });
  });
});

describe('triggers', () => {
  it.each([
    ['rate(1 minute)', 'RepeatCallbacks'],
    ['rate(1 hour)', 'AnchorLedger'],
    ['rate(5 minutes)', 'CloseDeadPromotion'],
    ['rate(5 minutes)', 'Guard'],
    ['rate(1 hour)', 'CheckReadiness'],
    ['rate(1 day)', 'StartDrills'],
  ])('run at %s: %s', (rate, target) => {
    stack.template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: rate,
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^Functions${target}Function`), 'Arn'] } }],
    });
  });

  it('close what a dead execution of a promotion or change left', () => {
    const machine = (name: string) => ({ 'Fn::Join': ['', Match.arrayWith([`:stateMachine:ModelRelease-${name}`])] });
    stack.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [machine('onboarding'), machine('promotion')],
        },
      },
      Targets: [{ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^FunctionsCloseDeadPromotionFunction'), 'Arn'] } }],
    });
  });

  it('may be invoked by their own rule only', () => {
    const permissions = stack
      .ofType('AWS::Lambda::Permission')
      .filter(({ properties }) => properties['Principal'] === 'events.amazonaws.com');
    expect(permissions).toHaveLength(stack.ofType('AWS::Events::Rule').length);
    for (const { properties } of permissions) {
      expect(properties['SourceArn']).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Triggers/), 'Arn'] });
    }
  });

  it('hand the changes of the ledger to the anchoring function, and to people when it cannot take them', () => {
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^TablesLedger'), 'StreamArn'] },
      FunctionName: { Ref: Match.stringLikeRegexp('^FunctionsAnchorLedgerFunction') },
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 43_200,
      DestinationConfig: { OnFailure: { Destination: { Ref: Match.stringLikeRegexp('^NotificationsTopic') } } },
    });
    const reading = roleStatements(stack, 'ModelRelease-anchor-ledger').find(({ Action }) =>
      Action.includes('dynamodb:GetRecords'),
    );
    expect(reading?.Resource).toEqual([{ 'Fn::GetAtt': [expect.stringMatching(/^TablesLedger/), 'StreamArn'] }]);
  });
});
