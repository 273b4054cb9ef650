import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEvents, type Events } from '../../infra/local/events.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const Targets = [{ Id: 'T', Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:look' }];

describe('A bus of events on this machine', () => {
  const delivered: unknown[] = [];
  let events: Events;
  let served: Served;
  let client: EventBridgeClient;
  const put = (entry: object) =>
    client.send(
      new PutEventsCommand({
        Entries: [
          { Source: 's', DetailType: 'promoted', Detail: '{"model":"demand"}', EventBusName: 'mine', ...entry },
        ],
      }),
    );

  beforeAll(async () => {
    events = createEvents({
      now: () => new Date('2026-03-02T12:00:00Z'),
      deliver: async ({ event }) => void delivered.push(event),
      log: () => undefined,
    });
    events.addBus('mine');
    events.addRule('own', { EventBusName: 'mine', EventPattern: { 'detail-type': ['promoted'] }, Targets });
    events.addRule('default', { EventPattern: { 'detail-type': ['promoted'] }, Targets });
    served = await serveOne('events', events.service);
    client = new EventBridgeClient(served.client);
  });
  afterAll(async () => {
    client.destroy();
    events.stop();
    await served.stop();
  });

  it('takes events and hands them to the rules of that bus alone', async () => {
    delivered.length = 0;
    const { FailedEntryCount, Entries } = await put({ Time: new Date('2026-03-01T00:00:00Z') });
    expect([FailedEntryCount, Entries?.length]).toEqual([0, 1]);
    expect(delivered).toMatchObject([
      { source: 's', 'detail-type': 'promoted', time: '2026-03-01T00:00:00Z', detail: { model: 'demand' } },
    ]);
    await put({ DetailType: 'rejected' });
    expect(delivered).toHaveLength(1);
  });

  it('refuses a bus that does not exist, and a detail that is no JSON object', async () => {
    await expect(put({ EventBusName: 'other' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(put({ Detail: 'x' })).rejects.toMatchObject({ name: 'MalformedDetail' });
  });
});
