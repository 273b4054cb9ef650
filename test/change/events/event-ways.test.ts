import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { busPublisher } from '../../../functions/change/events/event-bus-store.ts';
import { publisherTo } from '../../../functions/change/events/event-message.ts';
import { eventNotice, noticeOfEntry } from '../../../functions/change/events/event-notice.ts';
import { topicPublisher } from '../../../functions/change/events/event-topic-store.ts';
import type { ReleaseEvent } from '../../../functions/change/events/release-event.ts';
import { noticeHtml } from '../../../functions/change/notice-html.ts';
import { parseRow } from '../../../functions/ledger/chain.ts';
import { chainOf, draftOf } from '../../fakes/chains.ts';
import { OWNER, REPLENISHMENT } from '../../fakes/inputs.ts';
import { aModel, aPromotion } from '../../fakes/runs.ts';
import { createTestKey } from '../../fakes/test-key.ts';

const sns = mockClient(SNSClient);
const bridge = mockClient(EventBridgeClient);
beforeEach(() => {
  sns.reset();
  bridge.reset();
});

const head = {
  schema: 1 as const,
  id: 'demand/7',
  severity: 'info' as const,
  model: 'demand',
  at: '2026-03-03T00:00:00.000Z',
};
const canary = (percentage: number): ReleaseEvent => ({
  ...{ ...head, event: 'stage-entered', summary: 'Version 1.0 of demand serves 5 %.', actor: 'system:move-pointer' },
  ...{ ledgerPosition: 7, promotionId: 'demand_1-0_1', version: '1.0' },
  detail: { stage: 'canary', percentage, until: '2026-04-01T00:00:00Z' },
});

describe('The topic of events', () => {
  it('gets the event as JSON, in words for readers of mail, and with attributes to filter by', async () => {
    await topicPublisher(new SNSClient({}), 'arn:topic')(canary(5));
    const input = sns.commandCalls(PublishCommand)[0]?.args[0].input;
    const { default: json, email } = JSON.parse(input?.Message ?? '');
    expect(JSON.parse(json)).toEqual(canary(5));
    expect(email).toContain('Version 1.0 of demand serves 5 %.');
    expect(input).toMatchObject({
      ...{ TopicArn: 'arn:topic', Subject: '[info] demand: stage entered', MessageStructure: 'json' },
      MessageAttributes: {
        model: { DataType: 'String', StringValue: 'demand' },
        event: { DataType: 'String', StringValue: 'stage-entered' },
        severity: { DataType: 'String', StringValue: 'info' },
        schema: { DataType: 'Number', StringValue: '1' },
      },
    });
  });
});

describe('The bus of events', () => {
  it('gets the event as detail, under its name', async () => {
    bridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [{ EventId: 'x' }] });
    await busPublisher(new EventBridgeClient({}), 'bus')(canary(5));
    const [entry] = bridge.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
    expect(entry).toMatchObject({ EventBusName: 'bus', Source: 'model-release', DetailType: 'stage-entered' });
    expect(JSON.parse(entry?.Detail ?? '')).toEqual(canary(5));
  });

  it('fails when the bus answers that it did not take it', async () => {
    bridge.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] });
    await expect(busPublisher(new EventBridgeClient({}), 'bus')(canary(5))).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

describe('Both ways', () => {
  it('are tried whichever fails, and a failure is thrown', async () => {
    const told: string[] = [];
    const down = () => Promise.reject(new Error('down'));
    const up = async ({ id }: ReleaseEvent) => void told.push(id);
    await expect(publisherTo(down, up)(canary(5))).rejects.toThrow('down');
    await expect(publisherTo(up, down)(canary(5))).rejects.toThrow('down');
    expect(told).toEqual(['demand/7', 'demand/7']);
  });
});

describe('The email to the teams downstream', () => {
  const model = aModel();

  it('tells owner and teams when a canary begins and when it is widened', () => {
    const notice = eventNotice(canary(5), model);
    expect(notice).toMatchObject({
      subject: 'Canary begins: demand version 1.0',
      recipients: [OWNER.email, REPLENISHMENT.email],
    });
    expect(notice?.text).toContain(`If forecasts look wrong to you, tell ${OWNER.name} <${OWNER.email}>`);
    const step = {
      ...head,
      event: 'canary-step' as const,
      summary: 'x',
      actor: 'y',
      detail: { step: 1, percentage: 20, until: '' },
    };
    expect(eventNotice(step, model)?.subject).toBe('Canary widened: demand');
  });

  it('tells nobody of what changes nothing that they are handed', () => {
    const shadow: ReleaseEvent = {
      ...head,
      event: 'stage-entered',
      summary: 'x',
      actor: 'y',
      detail: { stage: 'shadow', percentage: 0, until: '' },
    };
    const role: ReleaseEvent = {
      ...head,
      event: 'change-noticed',
      summary: 'x',
      actor: 'y',
      detail: { code: 'C', message: 'm', got: '', allowed: '', serving: false },
    };
    expect([shadow, role].map((event) => eventNotice(event, model))).toEqual([null, null]);
  });

  it('tells of what serves and nobody decided, and shows what was written as text', () => {
    const summary = '<script>alert(1)</script>\u202E';
    const detail = { code: 'C', message: 'm', got: '', allowed: '', serving: true };
    const notice = eventNotice({ ...head, event: 'change-noticed', summary, actor: 'y', detail }, model);
    expect(notice?.subject).toBe('Changed by nobody: demand');
    expect(notice === null ? '' : noticeHtml(notice)).toContain('&lt;script&gt;');
    expect(notice?.text).not.toContain('\u202E');
  });

  it('is made from the ledger, whatever an event of the bus says', async () => {
    const data = {
      ...{ promotionId: 'demand_1-0_1', kind: 'canary', step: 0, productionVersion: '0.9', canaryVersion: '1.0' },
      ...{ canaryPercentage: 5, canaryUntil: '2026-04-01T00:00:00Z' },
    };
    const rows = chainOf(
      [draftOf({ type: 'pointer-moved', data }), draftOf({ type: 'manifest-signed' })],
      createTestKey(),
    );
    const ports = {
      registry: { run: async () => aPromotion(), model: async (name: string) => (name === 'demand' ? model : null) },
      ledger: {
        read: async (_: string, seq: number) => (rows[seq - 1] === undefined ? null : parseRow(rows[seq - 1])),
      },
    };
    const forged = { ...canary(100), summary: 'Click here.', ledgerPosition: 1 };
    const notice = await noticeOfEntry(ports, forged);
    expect(notice?.text).toContain('Version 1.0 of demand serves 5 % of the units');
    expect(notice?.text).not.toContain('Click here.');
    expect(await noticeOfEntry(ports, { model: 'demand', ledgerPosition: 2 })).toBeNull();
    expect(await noticeOfEntry(ports, { model: 'demand', ledgerPosition: 3 })).toBeNull();
    expect(await noticeOfEntry(ports, { model: 'other', ledgerPosition: 1 })).toBeNull();
  });
});
