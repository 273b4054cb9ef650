import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloudTrail } from '../../infra/local/cloudtrail.ts';
import type { AnsweredCall } from '../../infra/local/gateway/gateway.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const START = Date.parse('2026-11-01T00:00:00Z');
let seconds = 0;
const trail = createCloudTrail({ now: () => new Date(START + seconds * 1000) });
let served: Served;
let client: CloudTrailClient;

function called(over: Partial<AnsweredCall>): void {
  trail.record({
    ...{ caller: 'ana', service: 'appconfig', operation: 'StartDeployment', principal: { kind: 'administrator' } },
    ...{ path: '/', resources: [], requestBody: Buffer.from(''), responseBody: undefined },
    ...over,
  });
  seconds += 60;
}

beforeAll(async () => {
  served = await serveOne('cloudtrail', trail.service);
  client = new CloudTrailClient(served.client);
  called({
    path: '/applications/app1/environments/env1/deployments',
    resources: ['arn:aws:appconfig:eu-west-1:000000000000:application/app1'],
    requestBody: Buffer.from('{"ConfigurationVersion":"3"}'),
    responseBody: '{"DeploymentNumber":7}',
  });
  const role = { kind: 'role', roleName: 'ModelRelease-guard', session: 'guard' } as const;
  called({ caller: 'guard', service: 'states', operation: 'StartExecution', principal: role });
  called({
    service: 'lambda',
    operation: 'UpdateFunctionConfiguration',
    path: '/2015-03-31/functions/vouch/configuration',
  });
  called({ operation: 'StopDeployment', errorCode: 'AccessDeniedException' });
  // Reads and data events are no part of the history.
  called({ operation: 'GetDeployment' });
  called({ service: 'lambda', operation: 'InvokeFunction' });
  called({ service: 'dynamodb', operation: 'PutItem' });
});
afterAll(() => served.stop());

const lookUp = async (input: ConstructorParameters<typeof LookupEventsCommand>[0] = {}) =>
  (await client.send(new LookupEventsCommand(input))).Events ?? [];
const by = (
  AttributeKey: 'EventName' | 'EventSource' | 'ResourceName' | 'Username' | 'EventId',
  AttributeValue: string,
) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});

describe('The event history of the account', () => {
  it('has what changes something, newest first, in the shapes of CloudTrail', async () => {
    const events = await lookUp();
    expect(events.map(({ EventName }) => EventName)).toEqual([
      'StopDeployment',
      'UpdateFunctionConfiguration20150331v2',
      'StartExecution',
      'StartDeployment',
    ]);
    const first = events.at(-1);
    expect(first).toMatchObject({ EventSource: 'appconfig.amazonaws.com', Username: 'ana', ReadOnly: 'false' });
    expect(first?.EventTime).toEqual(new Date(START));
    expect(JSON.parse(first?.CloudTrailEvent ?? '')).toMatchObject({
      userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::000000000000:user/ana' },
      requestParameters: { ApplicationId: 'app1', EnvironmentId: 'env1', ConfigurationVersion: '3' },
      responseElements: { DeploymentNumber: 7 },
    });
  });

  it('names a role by its session, and says why a call failed', async () => {
    const [started] = await lookUp(by('EventSource', 'states.amazonaws.com'));
    expect(JSON.parse(started?.CloudTrailEvent ?? '').userIdentity).toMatchObject({
      arn: 'arn:aws:sts::000000000000:assumed-role/ModelRelease-guard/guard',
      sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::000000000000:role/ModelRelease-guard' } },
    });
    const [stopped] = await lookUp(by('EventName', 'StopDeployment'));
    expect(JSON.parse(stopped?.CloudTrailEvent ?? '').errorCode).toBe('AccessDeniedException');
  });

  it('is looked up by one attribute, within a time, in pages', async () => {
    const within = { StartTime: new Date(START + 30_000), EndTime: new Date(START + 130_000) };
    expect((await lookUp(within)).map(({ EventName }) => EventName)).toEqual([
      'UpdateFunctionConfiguration20150331v2',
      'StartExecution',
    ]);
    const page = await client.send(new LookupEventsCommand({ MaxResults: 3 }));
    expect(page.Events).toHaveLength(3);
    expect(await lookUp({ MaxResults: 3, NextToken: page.NextToken })).toHaveLength(1);
    expect(await lookUp(by('Username', 'nobody'))).toEqual([]);
  });

  it('refuses what CloudTrail refuses, by its names', async () => {
    const two = [...by('EventName', 'a').LookupAttributes, ...by('EventName', 'b').LookupAttributes];
    await expect(lookUp({ LookupAttributes: two })).rejects.toMatchObject({ name: 'InvalidLookupAttributesException' });
    await expect(lookUp({ MaxResults: 51 })).rejects.toMatchObject({ name: 'InvalidMaxResultsException' });
    await expect(lookUp({ StartTime: new Date(2), EndTime: new Date(1) })).rejects.toMatchObject({
      name: 'InvalidTimeRangeException',
    });
  });
});
