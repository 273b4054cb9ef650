import { describe, expect, it } from 'vitest';
import { parseTrailEvent, type TrailEvent } from '../../../functions/pointer/reconcile/trail/trail-event.ts';
import { changeOf, LOOKUPS, type Own } from '../../../functions/pointer/reconcile/trail/watched-events.ts';

const OWN: Own = {
  stackName: 'ModelRelease',
  names: ['app1234', 'strat12', 'assoc12', 'Registry-Table', 'evidence-bucket', 'key-1'],
  deployers: ['move-pointer', 'roll-back'],
  stoppers: ['roll-back'],
  places: [{ model: 'demand', environmentId: 'env1234', profileId: 'prof123' }],
};
const ANA = 'arn:aws:iam::111122223333:user/ana';
const DEPLOY = { applicationId: 'app1234', environmentId: 'env1234', configurationProfileId: 'prof123' };

function event(name: string, source: string, request: object, over: Partial<TrailEvent> = {}): TrailEvent {
  return {
    ...{ id: 'event-1', name, source: `${source}.amazonaws.com`, at: '2026-11-01T00:00:00.000Z' },
    ...{ principalArn: ANA, roleName: '', via: '', failed: false, request: { ...request }, response: {} },
    ...over,
  };
}

describe('An event of CloudTrail that changes something of ours', () => {
  it.each([
    ['StartDeployment', 'appconfig', DEPLOY, 'DEPLOYMENT_STARTED', 'demand'],
    ['StopDeployment', 'appconfig', DEPLOY, 'DEPLOYMENT_STOPPED', 'demand'],
    ['DeleteExtensionAssociation', 'appconfig', { extensionAssociationId: 'assoc12' }, 'EXTENSION_CHANGED', null],
    ['UpdateDeploymentStrategy', 'appconfig', { deploymentStrategyId: 'strat12' }, 'STRATEGY_CHANGED', null],
    ['DeleteHostedConfigurationVersion', 'appconfig', { ...DEPLOY, environmentId: '' }, 'PLACE_CHANGED', 'demand'],
    ['StartExperimentRun', 'appconfig', { applicationIdentifier: 'app1234' }, 'EXPERIMENT_STARTED', null],
    ['UpdateFunctionCode', 'lambda', { functionName: 'ModelRelease-vouch' }, 'GUARD_CHANGED', null],
    [
      'PutFunctionConcurrency',
      'lambda',
      { functionName: 'arn:aws:lambda:x:1:function:ModelRelease-vouch' },
      'GUARD_CHANGED',
      null,
    ],
    ['PutRolePolicy', 'iam', { roleName: 'ModelRelease-vouch', policyName: 'p' }, 'PERMISSIONS_CHANGED', null],
    ['UpdateAssumeRolePolicy', 'iam', { roleName: 'ModelRelease-roll-back' }, 'PERMISSIONS_CHANGED', null],
    ['PutBucketPolicy', 's3', { bucketName: 'evidence-bucket' }, 'PERMISSIONS_CHANGED', null],
    ['DeleteTable', 'dynamodb', { tableName: 'Registry-Table' }, 'STORAGE_CHANGED', null],
    [
      'PutResourcePolicy',
      'dynamodb',
      { resourceArn: 'arn:aws:dynamodb:x:1:table/Registry-Table' },
      'PERMISSIONS_CHANGED',
      null,
    ],
    [
      'UpdateStateMachine',
      'states',
      { stateMachineArn: 'arn:aws:states:x:1:stateMachine:ModelRelease-promotion' },
      'MACHINE_CHANGED',
      null,
    ],
    ['ScheduleKeyDeletion', 'kms', { keyId: 'arn:aws:kms:x:1:key/key-1' }, 'KEY_CHANGED', null],
    ['DisableRule', 'events', { name: 'ModelRelease-TriggersReconcile' }, 'SCHEDULE_CHANGED', null],
    ['DeleteStack', 'cloudformation', { stackName: 'ModelRelease' }, 'STACK_UPDATED', null],
  ])('%s rings', (name, source, request, code, model) => {
    expect(changeOf(event(name, source, request), OWN)).toMatchObject({ code, model, alarming: true });
    const looked = LOOKUPS.some(({ value }) => value === name || value === `${source}.amazonaws.com`);
    expect(looked || source === 'iam').toBe(true);
  });

  it('is visible and does not ring when a deploy did it', () => {
    const update = event('ExecuteChangeSet', 'cloudformation', {
      stackName: 'arn:aws:cloudformation:x:1:stack/ModelRelease/9',
    });
    expect(changeOf(update, OWN)).toMatchObject({ code: 'STACK_UPDATED', alarming: false });
    const code = event(
      'UpdateFunctionCode',
      'lambda',
      { functionName: 'ModelRelease-vouch' },
      { via: 'cloudformation.amazonaws.com' },
    );
    expect(changeOf(code, OWN)).toMatchObject({ code: 'GUARD_CHANGED', alarming: false });
  });

  it('is none of what the flow itself does, by its own roles alone', () => {
    const by = (roleName: string, name = 'StartDeployment') =>
      changeOf(event(name, 'appconfig', DEPLOY, { roleName }), OWN);
    expect(by('ModelRelease-move-pointer')).toBeNull();
    expect(by('ModelRelease-roll-back', 'StopDeployment')).toBeNull();
    expect(by('ModelRelease-move-pointer', 'StopDeployment')).not.toBeNull();
    expect(by('Other-move-pointer')).not.toBeNull();
    expect(by('ModelRelease-judge')).not.toBeNull();
  });

  it('is none of what others own, nor of what AWS refused', () => {
    expect(changeOf(event('DeleteTable', 'dynamodb', { tableName: 'Other' }), OWN)).toBeNull();
    expect(changeOf(event('UpdateFunctionCode', 'lambda', { functionName: 'ModelReleaseX' }), OWN)).toBeNull();
    expect(changeOf(event('StopDeployment', 'appconfig', DEPLOY, { failed: true }), OWN)).toBeNull();
    expect(changeOf(event('GetDeployment', 'appconfig', DEPLOY), OWN)).toBeNull();
    expect(changeOf(event('toString', 'appconfig', DEPLOY), OWN)).toBeNull();
  });
});

describe('The record of an event', () => {
  const record = {
    ...{ eventID: 'e1', eventName: 'UpdateFunctionCode20150331v2', eventSource: 'lambda.amazonaws.com' },
    eventTime: '2026-11-01T00:00:00Z',
    userIdentity: { arn: ANA, sessionContext: { sessionIssuer: { userName: 'Admin' } } },
    requestParameters: { FunctionName: 'f', nested: { A: 1 } },
    responseElements: null,
  };

  it('is read whichever way the service writes its names', () => {
    expect(parseTrailEvent(JSON.stringify(record))).toEqual({
      ...{ id: 'e1', name: 'UpdateFunctionCode', source: 'lambda.amazonaws.com', at: '2026-11-01T00:00:00.000Z' },
      ...{ principalArn: ANA, roleName: 'Admin', via: '', failed: false },
      ...{ request: { functionName: 'f', nested: { A: 1 } }, response: {} },
    });
  });

  it('names the service where a service did it for itself or for somebody', () => {
    const by = (userIdentity: object) => parseTrailEvent(JSON.stringify({ ...record, userIdentity }));
    expect(by({ invokedBy: 'cloudformation.amazonaws.com' })).toMatchObject({
      principalArn: 'cloudformation.amazonaws.com',
      via: '',
    });
    expect(by({ arn: ANA, invokedBy: 'cloudformation.amazonaws.com' })).toMatchObject({
      via: 'cloudformation.amazonaws.com',
    });
    expect(by({})).toBeNull();
  });

  it.each(['', 'null', '[]', '{"eventID":1}', '{'])('is nothing where there is none: %s', (text) => {
    expect(parseTrailEvent(text)).toBeNull();
  });
});
