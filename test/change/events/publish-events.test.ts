import { describe, expect, it } from 'vitest';
import {
  type PublishEventsPorts,
  publishAgain,
  publishRecords,
} from '../../../functions/change/events/publish-events.ts';
import type { ReleaseEvent } from '../../../functions/change/events/release-event.ts';
import { anchorEvent } from '../../../functions/ledger/anchor-ledger.ts';
import { parseRow } from '../../../functions/ledger/chain.ts';
import type { LedgerRow } from '../../../functions/ledger/entry.ts';
import { verifySignature } from '../../../functions/platform/signing.ts';
import { chainOf, draftOf } from '../../fakes/chains.ts';
import { aPromotion } from '../../fakes/runs.ts';
import { createTestKey } from '../../fakes/test-key.ts';

const key = createTestKey();
const promotionId = 'demand_1-0-0_1';
const rows = chainOf(
  [
    draftOf({ type: 'candidate-registered', data: { promotionId, version: '1.0' } }),
    draftOf({ type: 'manifest-signed', data: { promotionId } }),
    draftOf({ type: 'rolled-back', data: { from: 7 } }),
    draftOf({ type: 'promotion-ended', data: { promotionId, end: 'expired', reasons: [] } }),
  ],
  key,
);

function record({ model, seq, ...row }: LedgerRow, eventName = 'INSERT') {
  const Keys = { model: { S: model }, seq: { N: String(seq) } };
  const texts = Object.fromEntries(Object.entries(row).map(([name, text]) => [name, { S: text }]));
  return { eventName, dynamodb: { Keys, NewImage: { ...Keys, ...texts } } };
}

const records = (list: readonly object[]) => anchorEvent.parse({ Records: list }).Records ?? [];

function portsOf(over: Partial<PublishEventsPorts> = {}) {
  const published: ReleaseEvent[] = [];
  const unreadable: number[] = [];
  const ports: PublishEventsPorts = {
    registry: { run: async () => aPromotion({ change: { ...aPromotion().change, critical: true } }) },
    ledger: {
      entries: async function* (_, { fromSeq = 1 } = {}) {
        for (const row of rows.slice(fromSeq - 1)) yield parseRow(row);
      },
    },
    isSigned: ({ body, signature }) => verifySignature(key.publicKeyPem, Buffer.from(body), signature),
    publish: async (event) => {
      published.push(event);
    },
    unreadable: ({ seq }) => unreadable.push(seq),
    ...over,
  };
  return { ports, published, unreadable };
}

describe('Telling other systems of the ledger', () => {
  it('tells each entry that concerns them, in order, under the position that it has', async () => {
    const { ports, published } = portsOf();
    await publishRecords(ports, records(rows.map((row) => record(row))));
    expect(published.map(({ id, event }) => [id, event])).toEqual([
      ['demand/1', 'stage-entered'],
      ['demand/4', 'expired'],
    ]);
    expect(published[0]).toMatchObject({ severity: 'critical', version: '1.0', promotionId });
  });

  it('rings for an entry that it cannot read, and tells those behind it', async () => {
    const { ports, unreadable, published } = portsOf();
    expect(await publishRecords(ports, records(rows.map((row) => record(row))))).toBe(2);
    expect(unreadable).toEqual([3]);
    expect(published).toHaveLength(2);
  });

  it('tells nobody of a row that was changed, removed, or written by somebody else', async () => {
    const { ports, published } = portsOf();
    const [row] = rows;
    if (row === undefined) throw new Error('There is a row.');
    const forged = { ...row, signature: createTestKey().signNow(Buffer.from(row.body)) };
    const tampered = { ...row, body: row.body.replace('1.0', '6.6') };
    await publishRecords(ports, records([record(row, 'MODIFY'), record(forged), record(tampered)]));
    expect(published).toEqual([]);
  });

  it('fails when it is not taken, so that the stream sends it again', async () => {
    const { ports } = portsOf({ publish: () => Promise.reject(new Error('SNS is down.')) });
    await expect(publishRecords(ports, records(rows.map((row) => record(row))))).rejects.toThrow('SNS is down.');
  });

  it('tells a part of a ledger again, under the same ids', async () => {
    const { ports, published } = portsOf();
    expect(await publishAgain(ports, { model: 'demand', fromSeq: 2, toSeq: 4 })).toBe(1);
    expect(published.map(({ id }) => id)).toEqual(['demand/4']);
    expect(await publishAgain(ports, { model: 'demand', fromSeq: 1, toSeq: 1 })).toBe(1);
    expect(published.map(({ id }) => id)).toEqual(['demand/4', 'demand/1']);
  });
});
