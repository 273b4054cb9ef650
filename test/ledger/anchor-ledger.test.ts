import { describe, expect, it } from 'vitest';
import { type Anchor, anchorOf, anchorSchema, anchorText } from '../../functions/ledger/anchor.ts';
import {
  type AnchorPorts,
  anchorEvent,
  anchorHeads,
  type Finding,
  followStream,
} from '../../functions/ledger/anchor-ledger.ts';
import { AnchorStore } from '../../functions/ledger/anchor-store.ts';
import { parseRow } from '../../functions/ledger/chain.ts';
import { ENTRY_TYPES, type EntryType, type LedgerRow } from '../../functions/ledger/entry.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import type { Retention } from '../../functions/platform/retention.ts';
import { chainOf, chainOfLength, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();

function portsOf(members: Partial<AnchorPorts> = {}) {
  const written: Anchor[] = [];
  const findings: Finding[] = [];
  const ports: AnchorPorts = {
    modelNames: async () => [],
    head: async () => null,
    write: async (anchor) => {
      written.push(anchor);
    },
    isSigned: () => true,
    tampered: (finding) => {
      findings.push(finding);
    },
    ...members,
  };
  return { ports, written, findings };
}

const imageOf = (row: LedgerRow) => ({
  model: { S: row.model },
  seq: { N: String(row.seq) },
  body: { S: row.body },
  entryHash: { S: row.entryHash },
  signature: { S: row.signature },
});

const recordOf = (row: LedgerRow, eventName = 'INSERT', image: object = imageOf(row)) => {
  const Keys = { model: { S: row.model }, seq: { N: String(row.seq) } };
  const removed = eventName === 'REMOVE';
  return { eventName, dynamodb: removed ? { Keys, OldImage: image } : { Keys, NewImage: image } };
};

const follow = (records: readonly object[], ports: AnchorPorts) =>
  followStream(anchorEvent.parse({ Records: records }).Records ?? [], ports);

describe('following the stream', () => {
  const anchored: readonly EntryType[] = [
    'approval-decided',
    'pointer-moved',
    'rollback-intended',
    'rolled-back',
    'exposure-ended',
    'kill-switch-thrown',
    'change-noticed',
    'change-undone',
    'model-onboarded',
    'model-changed',
  ];

  it('anchors decisions, moves of the pointer and what nobody decided at once, and nothing else', async () => {
    const rows = chainOf(
      ENTRY_TYPES.map((type) => draftOf({ type })),
      key,
    );
    const { ports, written, findings } = portsOf();
    await follow(
      rows.map((row) => recordOf(row)),
      ports,
    );
    const expected = rows.filter((row) => anchored.includes(parseRow(row).body.type));
    expect(written).toEqual(expected.map((row) => anchorOf(parseRow(row))));
    expect(findings).toEqual([]);
  });

  const [row] = chainOf([draftOf({ type: 'pointer-moved' })], key);
  if (row === undefined) throw new Error('The fixture has one row.');

  it('raises the alarm for changed and removed rows, naming their position only, and goes on', async () => {
    const { ports, written, findings } = portsOf();
    await follow([recordOf(row, 'MODIFY'), recordOf(row, 'REMOVE'), recordOf(row)], ports);
    expect(findings).toEqual([
      { model: 'demand', seq: 1, what: 'MODIFIED' },
      { model: 'demand', seq: 1, what: 'REMOVED' },
    ]);
    expect(written).toHaveLength(1);
  });

  it.each([
    ['is no row', {}],
    ['arrives without its content', undefined],
    ['was changed before it arrived', { ...imageOf(row), body: { S: '{}' } }],
    ['has a position that is none', { ...imageOf(row), seq: { N: 'x' } }],
  ])('raises the alarm for a new row that %s, and is not held up by it', async (_, image) => {
    const { ports, written, findings } = portsOf();
    await follow(
      [{ ...recordOf(row), dynamodb: { ...recordOf(row).dynamodb, NewImage: image } }, recordOf(row)],
      ports,
    );
    expect(findings).toEqual([{ model: 'demand', seq: 1, what: 'NOT_AN_ENTRY' }]);
    expect(written).toHaveLength(1);
  });

  it('raises the alarm for a new row that the ledger key did not sign, and does not anchor it', async () => {
    const { ports, written, findings } = portsOf({ isSigned: () => false });
    await follow([recordOf(row)], ports);
    expect(findings).toEqual([{ model: 'demand', seq: 1, what: 'NOT_SIGNED' }]);
    expect(written).toEqual([]);
  });

  it('raises the alarm when another anchor lies at the position', async () => {
    const write = async () => {
      throw new ReleaseError('CONDITION_FAILED', 'Something else is already stored.');
    };
    const { ports, findings } = portsOf({ write });
    await follow([recordOf(row)], ports);
    expect(findings).toEqual([{ model: 'demand', seq: 1, what: 'ANCHORED_OTHERWISE' }]);
  });

  it('fails when an anchor cannot be written, so that the stream sends the batch again', async () => {
    const write = async () => Promise.reject(new Error('S3 is away'));
    await expect(follow([recordOf(row)], portsOf({ write }).ports)).rejects.toThrow('S3 is away');
  });
});

describe('the hourly look', () => {
  const heads = new Map(['a', 'b'].map((model) => [model, chainOfLength(3, key, model).map(parseRow).at(-1) ?? null]));
  const models = {
    modelNames: async () => ['a', 'empty', 'b'],
    head: async (model: string) => heads.get(model) ?? null,
  };

  it('anchors the head of every model that has one', async () => {
    const { ports, written } = portsOf(models);
    await anchorHeads(ports);
    expect(written.map(({ model, seq }) => [model, seq])).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
  });

  it('tries every model and then fails with the first failure', async () => {
    const failing = async (model: string) =>
      model === 'a' ? Promise.reject(new Error('unreadable')) : (heads.get(model) ?? null);
    const { ports, written } = portsOf({ ...models, head: failing });
    await expect(anchorHeads(ports)).rejects.toThrow('unreadable');
    expect(written.map(({ model }) => model)).toEqual(['b']);
  });

  it('does not anchor a head that the ledger key did not sign', async () => {
    const { ports, written, findings } = portsOf({ ...models, isSigned: ({ model }) => model !== 'a' });
    await anchorHeads(ports);
    expect(findings).toEqual([{ model: 'a', seq: 3, what: 'NOT_SIGNED' }]);
    expect(written.map(({ model }) => model)).toEqual(['b']);
  });

  it('is what any event without records asks for', () => {
    expect(anchorEvent.parse({ 'detail-type': 'Scheduled Event' }).Records).toBeUndefined();
  });
});

describe('an anchor', () => {
  const [row] = chainOfLength(1, key);
  const anchor = anchorOf(parseRow(row));

  it('is the same bytes whenever it is written, and reads back as itself', () => {
    expect(anchorText(anchor)).toBe(anchorText(anchorOf(parseRow({ ...row }))));
    expect(anchorSchema.parse(JSON.parse(anchorText(anchor)))).toEqual(anchor);
  });

  it('lies under its model and position, kept from the time of writing on', async () => {
    const calls: unknown[][] = [];
    const retention: Retention = { days: 30, mode: 'GOVERNANCE' };
    const writeOnce = async (...args: unknown[]) => {
      calls.push(args);
      return { bucket: 'evidence', key: 'k', versionId: 'v', sha256: 'd' };
    };
    await new AnchorStore({ writeOnce }, retention).write(anchor, '2026-05-01T00:00:00.000Z');
    expect(calls).toEqual([
      [
        'anchors/demand/000000000001.json',
        anchorText(anchor),
        { contentType: 'application/json', retention, at: '2026-05-01T00:00:00.000Z' },
      ],
    ]);
  });
});
