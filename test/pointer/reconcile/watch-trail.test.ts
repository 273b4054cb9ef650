import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { TrailMarkStore } from '../../../functions/pointer/reconcile/trail/trail-mark-store.ts';
import { TrailStore } from '../../../functions/pointer/reconcile/trail/trail-store.ts';
import { type Noticed, type WatchPorts, watchTrail } from '../../../functions/pointer/reconcile/trail/watch-trail.ts';
import { type PrincipalPorts, recordPrincipal } from '../../../functions/promotion/record-principal.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { onFreshStage } from '../../fakes/fresh-stage.ts';
import { ANA } from '../../fakes/inputs.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';

const ARN = 'arn:aws:sts::111122223333:assumed-role/Deployer/ana';
const MINUTE_MS = 60_000;
let stage: ReleaseStage;
let tables: Tables;
onFreshStage(
  (next, on) => {
    stage = next;
    tables = on;
  },
  ['1.0.0'],
);

const mock = mockClient(CloudTrailClient);
/** What the account's history holds, by the attribute's value that it is found by. */
let history: Readonly<Record<string, readonly object[]>>;
let rung: Noticed[];
let ports: WatchPorts;
let principals: PrincipalPorts;
let events = 0;

beforeEach(() => {
  mock.reset();
  history = {};
  rung = [];
  mock.on(LookupEventsCommand).callsFake(async ({ LookupAttributes, NextToken }) => {
    const found = history[LookupAttributes[0].AttributeValue] ?? [];
    const start = Number(NextToken ?? 0);
    // Pages of one: whoever forgets the token sees the first alone.
    const next = start + 1 < found.length ? { NextToken: String(start + 1) } : {};
    return { Events: found.slice(start, start + 1).map((one) => ({ CloudTrailEvent: JSON.stringify(one) })), ...next };
  });
  const trail = new TrailStore(new CloudTrailClient({}));
  const marks = new TrailMarkStore(tables.client, tables.registry);
  const { registry, ledger } = stage;
  principals = { registry, ledger, marks, writes: new RegistryWrites(tables.registry), inputOf: async () => null };
  ports = {
    ...{ trail, globalTrail: trail, marks, registry, ledger },
    own: { stackName: 'ModelRelease', names: ['app1'], deployers: ['move-pointer'], stoppers: [] },
    recordPrincipal: (started, now) => recordPrincipal(principals, started, now),
    noticed: (change) => rung.push(change),
  };
});

function event(eventName: string, requestParameters: object, responseElements: object | null = null) {
  events += 1;
  const eventTime = stage.now();
  const userIdentity = { arn: ARN };
  const base = { eventID: `event-${stage.model}-${events}`, eventSource: 'appconfig.amazonaws.com', eventTime };
  return { ...base, eventName, userIdentity, requestParameters, responseElements };
}
const foreign = () =>
  event(
    'StartDeployment',
    { applicationId: 'app1', environmentId: 'env1', configurationProfileId: 'prof1' },
    { deploymentNumber: 9 },
  );
const look = () => watchTrail(ports, stage.now());
async function entries(chain: string, type: string) {
  const found: Readonly<Record<string, unknown>>[] = [];
  for await (const { body } of stage.ledger.entries(chain)) if (body.type === type) found.push(body.data);
  return found;
}

describe('A look at the event history', () => {
  it('records each change once, in the ledger of its model or of the stack, however often it is seen', async () => {
    const eventId = `event-${stage.model}-${events + 1}`;
    history = { StartDeployment: [foreign()], UpdateTable: [event('UpdateTable', { tableName: 'ModelRelease-x' })] };
    const before = (await entries('stack', 'change-noticed')).length;
    expect(await look()).toHaveLength(2);
    expect(await look()).toEqual([]);
    // Models of other tests lie in the same place here: the first of them is named.
    const all = await Promise.all((await stage.registry.modelNames()).map((model) => entries(model, 'change-noticed')));
    expect(all.flat().filter((data) => data['eventId'] === eventId)).toMatchObject([
      { code: 'DEPLOYMENT_STARTED', principalArn: ARN, eventDeployment: 9, alarming: true },
    ]);
    expect((await entries('stack', 'change-noticed')).length).toBe(before + 1);
    expect(rung.map(({ code }) => code).toSorted()).toEqual(['DEPLOYMENT_STARTED', 'STORAGE_CHANGED']);
    expect(JSON.stringify(all)).not.toContain('sourceIPAddress');
  });

  it('reads every page, and as far back as an event may be late', async () => {
    history = {
      UpdateTable: ['a', 'b', 'c'].map((name) => event('UpdateTable', { tableName: `ModelRelease-${name}` })),
    };
    expect(await look()).toHaveLength(3);
    mock.resetHistory();
    await look();
    const { StartTime, EndTime } = mock.commandCalls(LookupEventsCommand)[0]?.args[0].input ?? {};
    expect((EndTime?.getTime() ?? 0) - (StartTime?.getTime() ?? 0)).toBeGreaterThanOrEqual(20 * MINUTE_MS);
  });

  it('keeps its window until everything in it was recorded', async () => {
    history = { UpdateTable: [event('UpdateTable', { tableName: 'ModelRelease-a' })] };
    await look();
    const cursor = await ports.marks.cursor();
    history = { UpdateTable: [event('UpdateTable', { tableName: 'ModelRelease-b' })] };
    const down = { ...ports, ledger: { append: async () => Promise.reject(new Error('down')) } };
    await expect(watchTrail(down, stage.now())).rejects.toThrow('down');
    expect(await ports.marks.cursor()).toBe(cursor);
    expect(await look()).toHaveLength(1);
  });

  it('writes nothing when nothing happened', async () => {
    await look();
    const cursor = await ports.marks.cursor();
    stage.seconds += 300;
    await look();
    expect(await ports.marks.cursor()).toBe(cursor);
  });
});

describe('Who started an execution', () => {
  const executionArn = (name: string, machine = 'promotion') =>
    `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-${machine}:${name}`;
  const started = (arn: string) => event('StartExecution', {}, { executionArn: arn });

  it('is recorded once, on the run as well, with the person whose principal it is', async () => {
    const promotionId = await stage.candidate('2.0.0');
    const item = await stage.registry.model(stage.model);
    const approvers = [{ ...ANA, principals: [ARN] }];
    principals = { ...principals, registry: withModel(item === null ? null : { ...item, approvers }) };
    history = { StartExecution: [started(executionArn(promotionId))] };
    await look();
    await look();
    const person = { name: ANA.name, email: ANA.email, id: ANA.id };
    expect(await entries(stage.model, 'principal-recorded')).toMatchObject([
      { promotionId, principalArn: ARN, person },
    ]);
    expect((await stage.registry.run(stage.model, promotionId))?.startedBy).toEqual({ principalArn: ARN, person });
  });

  it('waits for a run that is not registered yet, for ten minutes', async () => {
    history = { StartExecution: [started(executionArn(`${stage.model}_9-9-9_1`))] };
    const cursor = await ports.marks.cursor();
    await look();
    expect(await entries(stage.model, 'principal-recorded')).toEqual([]);
    expect(await ports.marks.cursor()).toBe(cursor);
    stage.seconds += 11 * 60;
    await look();
    expect(await entries(stage.model, 'principal-recorded')).toMatchObject([{ principalArn: ARN }]);
  });

  it('is recorded of a rollback in the ledger of the model that it was started for, else of the stack', async () => {
    principals = { ...principals, inputOf: async (arn) => (arn.endsWith('known') ? { model: stage.model } : null) };
    history = {
      StartExecution: [
        started(executionArn(`${stage.model}-known`, 'rollback')),
        started(executionArn(`${stage.model}-lost`, 'rollback')),
      ],
    };
    await look();
    expect(await entries(stage.model, 'principal-recorded')).toMatchObject([{ promotionId: `${stage.model}-known` }]);
    const lost = (await entries('stack', 'principal-recorded')).filter(
      ({ promotionId }) => promotionId === `${stage.model}-lost`,
    );
    expect(lost).toHaveLength(1);
  });

  it('is recorded of a run that has ended without touching it', async () => {
    const promotionId = await stage.candidate('2.0.0');
    await stage.close(promotionId, 'withdrawn');
    const before = await stage.registry.run(stage.model, promotionId);
    history = { StartExecution: [started(executionArn(promotionId))] };
    await look();
    expect(await entries(stage.model, 'principal-recorded')).toHaveLength(1);
    expect(await stage.registry.run(stage.model, promotionId)).toEqual(before);
  });

  function withModel(item: Awaited<ReturnType<ReleaseStage['registry']['model']>>): PrincipalPorts['registry'] {
    const { registry } = stage;
    return {
      model: async () => item,
      run: (model, promotionId) => registry.run(model, promotionId),
      refusal: (model, promotionId) => registry.refusal(model, promotionId),
    };
  }
});
