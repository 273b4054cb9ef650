import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GENESIS_HASH } from '../../functions/ledger/entry.ts';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import { systemActor } from '../../functions/platform/people.ts';
import type { TransactWrite } from '../../functions/platform/transaction.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const draft = (model: string, note: string) => ({
  model,
  type: 'gate-judged' as const,
  at: '2026-03-01T08:00:00.000Z',
  actor: systemActor('test'),
  data: { note },
});

async function chain(model: string): Promise<readonly ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const entry of tables.openLedger().entries(model)) entries.push(entry);
  return entries;
}

const put = (sk: string, members: object = {}): TransactWrite => ({
  Put: {
    TableName: tables.registry,
    Item: { pk: 'model#m', sk, ...members },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

const stored = async (sk: string) =>
  (await tables.client.send(new GetCommand({ TableName: tables.registry, Key: { pk: 'model#m', sk } }))).Item;

describe('appending to a ledger on the real engine', () => {
  it('makes one gapless chain out of the appends of eight writers at once', async () => {
    const writers = Array.from({ length: 8 }, (_, writer) => writer);
    await Promise.all(
      writers.map(async (writer) => {
        const ledger = tables.openLedger();
        for (let turn = 0; turn < 5; turn++) await ledger.append(draft('many', `${writer}/${turn}`));
      }),
    );
    const entries = await chain('many');
    expect(entries.map(({ row }) => row.seq)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(entries.map(({ body }) => body.prevHash)).toEqual([
      GENESIS_HASH,
      ...entries.slice(0, -1).map(({ row }) => row.entryHash),
    ]);
    expect(new Set(entries.map(({ body }) => body.data['note'])).size).toBe(40);
  });

  it('keeps each writer’s own appends in their order', async () => {
    const notes = (await chain('many')).map(({ body }) => String(body.data['note']));
    const ofFirst = notes.filter((note) => note.startsWith('0/'));
    expect(ofFirst).toEqual([...ofFirst].sort());
  });

  it('makes the entry and the writes durable together, and tells the writes their position', async () => {
    const appended = await tables
      .openLedger()
      .append(draft('together', 'a'), (seq) => [put('together-1', { seq }), put('together-2')]);
    expect(await stored('together-1')).toMatchObject({ seq: appended.seq });
    expect(await stored('together-2')).toBeDefined();
    expect((await tables.openLedger().read('together', appended.seq))?.row.entryHash).toBe(appended.entryHash);
  });

  it.each([0, 1, 2])('leaves nothing behind when the condition of write %i of three does not hold', async (failing) => {
    const model = `failing-${failing}`;
    const names = [0, 1, 2].map((index) => `${model}-${index}`);
    await tables.openLedger().append(draft('other', 'before'), [put(names[failing] ?? '', { owner: { name: 'Ada' } })]);
    const attempt = tables.openLedger().append(
      draft(model, 'never'),
      names.map((name) => put(name)),
    );
    await expect(attempt).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
      details: { index: failing, item: { sk: names[failing], owner: { name: 'Ada' } } },
    });
    expect(await chain(model)).toEqual([]);
    const others = names.filter((_, index) => index !== failing);
    expect(await Promise.all(others.map(stored))).toEqual([undefined, undefined]);
  });

  it('lets one of many racing appends with the same conditional write through', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) => tables.openLedger().append(draft('once', String(n)), [put('once')])),
    );
    const codes = attempts.map((attempt) => (attempt.status === 'fulfilled' ? 'done' : attempt.reason.code)).sort();
    expect(codes).toEqual([...Array(5).fill('CONDITION_FAILED'), 'done']);
    expect(await chain('once')).toHaveLength(1);
  });

  it('reads from a position on, and null where there is no entry', async () => {
    const ledger = tables.openLedger();
    const seqs: number[] = [];
    for await (const { row } of ledger.entries('many', { fromSeq: 38 })) seqs.push(row.seq);
    expect(seqs).toEqual([38, 39, 40]);
    expect(await ledger.read('many', 41)).toBeNull();
    expect(await ledger.head('nobody')).toBeNull();
  });
});
