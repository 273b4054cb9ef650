import { describe, expect, it } from 'vitest';
import { GENESIS_HASH, type LedgerRow } from '../../functions/ledger/entry.ts';
import type { FoundAnchor } from '../../functions/ledger/verifier/anchor-cursor.ts';
import type { Fault } from '../../functions/ledger/verifier/fault.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { anchorsAt, chainOf, chainOfLength, draftOf, foundAnchor } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();
const rows = chainOfLength(8, key);

const verify = (changed: readonly unknown[], anchors: readonly FoundAnchor[] = []) =>
  verifyChain({ model: 'demand', publicKeyPem: key.publicKeyPem, rows: changed, anchors });

const faultOf = async (changed: readonly unknown[], anchors?: readonly FoundAnchor[]) => {
  const { fault } = await verify(changed, anchors);
  return fault === undefined ? null : ([fault.kind, fault.position] satisfies [Fault['kind'], number]);
};

/** The chain with the row at `position` replaced. */
const withRow = (position: number, change: (row: LedgerRow) => object) =>
  rows.map((row) => (row.seq === position ? change(row) : row));

/** The same row with another body, hashed and signed anew by `signer`. */
const rewritten = (row: LedgerRow, body: string, signer = key): LedgerRow => ({
  ...row,
  body,
  entryHash: sha256Hex(body),
  signature: signer.signNow(Buffer.from(body)),
});

describe('verifying a whole chain', () => {
  it('answers entries, head and last anchor when everything holds', async () => {
    expect(await verify(rows, anchorsAt(rows, [3, 8]))).toEqual({
      model: 'demand',
      entries: 8,
      anchors: 2,
      head: { seq: 8, entryHash: rows[7]?.entryHash },
      lastAnchor: { seq: 8, at: '2026-03-01T08:00:00.000Z' },
    });
  });

  it('finds an empty chain without anchors sound and empty', async () => {
    expect(await verify([])).toMatchObject({ entries: 0, head: null, lastAnchor: null });
  });

  it('goes through chains longer than one batch and finds a fault behind it', async () => {
    const long = chainOfLength(1100, key);
    expect(await verify(long)).toMatchObject({ entries: 1100 });
    const cut = long.filter(({ seq }) => seq !== 1025);
    expect(await verify(cut)).toMatchObject({ entries: 1024, fault: { kind: 'dropped', position: 1025 } });
  });

  it('takes rows and anchors as streams', async () => {
    async function* stream<T>(items: readonly T[]) {
      yield* items;
    }
    const streams = { rows: stream(rows), anchors: stream(anchorsAt(rows, [2])) };
    expect(await verifyChain({ model: 'demand', publicKeyPem: key.publicKeyPem, ...streams })).toMatchObject({
      entries: 8,
      anchors: 1,
    });
  });
});

describe('naming the first bad position', () => {
  it('calls a changed body altered', async () => {
    const changed = withRow(4, (row) => ({ ...row, body: row.body.replace('Ada', 'Eve') }));
    expect(await verify(changed)).toMatchObject({
      entries: 3,
      fault: { kind: 'altered', position: 4, expected: rows[3]?.entryHash },
    });
  });

  it('calls a changed digest altered', async () => {
    expect(await faultOf(withRow(4, (row) => ({ ...row, entryHash: 'f'.repeat(64) })))).toEqual(['altered', 4]);
  });

  it('calls a row with an attribute more or less altered', async () => {
    expect(await faultOf(withRow(2, (row) => ({ ...row, note: 'x' })))).toEqual(['altered', 2]);
    expect(await faultOf(withRow(2, ({ signature: _, ...row }) => row))).toEqual(['altered', 2]);
    expect(await faultOf([...rows.slice(0, 2), 'nothing'])).toEqual(['altered', 3]);
  });

  it('calls a changed body with a digest that fits a forged signature', async () => {
    const eve = createTestKey();
    const forged = withRow(5, (row) => rewritten(row, row.body.replace('Ada', 'Eve'), eve));
    expect(await faultOf(forged)).toEqual(['forged-signature', 5]);
  });

  it('calls a signature in another spelling of base64 forged', async () => {
    expect(await faultOf(withRow(5, (row) => ({ ...row, signature: `${row.signature}\n` })))).toEqual([
      'forged-signature',
      5,
    ]);
  });

  it('calls a signed body that is not canonical JSON, or no entry, altered', async () => {
    const spaced = withRow(3, (row) => rewritten(row, row.body.replace(':', ': ')));
    expect(await faultOf(spaced)).toEqual(['altered', 3]);
    expect(await faultOf(withRow(3, (row) => rewritten(row, '{"a":1,"a":1}')))).toEqual(['altered', 3]);
    expect(await faultOf(withRow(3, (row) => rewritten(row, '{}')))).toEqual(['altered', 3]);
    expect(await faultOf(withRow(3, (row) => rewritten(row, 'no')))).toEqual(['altered', 3]);
  });

  it('calls a missing row dropped, at its own position', async () => {
    expect(await faultOf(rows.filter(({ seq }) => seq !== 6))).toEqual(['dropped', 6]);
    const { fault } = await verify(rows.filter(({ seq }) => seq < 3 || seq > 6));
    expect(fault).toMatchObject({ position: 3, message: 'Positions 3 to 6 are missing; the next row stored is 7.' });
  });

  it('calls a missing beginning dropped at 1', async () => {
    expect(await faultOf(rows.slice(2))).toEqual(['dropped', 1]);
  });

  it('calls rows that changed places reordered', async () => {
    const at = (seq: number) => ({ ...rows[seq - 1], seq: seq === 4 ? 5 : 4 });
    expect(await faultOf([...rows.slice(0, 3), at(5), at(4), ...rows.slice(5)])).toEqual(['reordered', 4]);
  });

  it('calls rows that were closed up over a dropped one reordered, where it was', async () => {
    const closed = rows.filter(({ seq }) => seq !== 4).map((row, index) => ({ ...row, seq: index + 1 }));
    expect(await faultOf(closed)).toEqual(['reordered', 4]);
  });

  it('calls a position that comes twice reordered', async () => {
    expect(await faultOf([...rows.slice(0, 3), ...rows.slice(2)])).toEqual(['reordered', 4]);
  });

  it('calls a genuine entry of another model foreign', async () => {
    const others = chainOfLength(8, key, 'other');
    expect(await faultOf(withRow(3, () => ({ ...others[2], model: 'demand' })))).toEqual(['foreign-model', 3]);
    expect(await faultOf(others)).toEqual(['foreign-model', 1]);
  });

  it('calls a genuine entry of another history a broken link', async () => {
    const forked = chainOf([draftOf(), draftOf({ data: { other: true } }), draftOf({ data: { third: true } })], key);
    expect(await faultOf([rows[0], rows[1], forked[2]])).toEqual(['broken-link', 3]);
  });

  it('finds a first entry that continues from somewhere', async () => {
    const first = withRow(1, (row) => rewritten(row, row.body.replace(GENESIS_HASH, 'a'.repeat(64))));
    expect(await faultOf(first)).toEqual(['broken-link', 1]);
  });

  it('takes no signature of another key', async () => {
    const { publicKeyPem } = createTestKey();
    const { fault } = await verifyChain({ model: 'demand', publicKeyPem, rows, anchors: [] });
    expect(fault).toMatchObject({ kind: 'forged-signature', position: 1 });
  });
});

describe('comparing with anchors', () => {
  it('finds a chain that was cut below its last anchor, and names how far it reached', async () => {
    const { fault } = await verify(rows.slice(0, 5), anchorsAt(rows, [2, 6, 8]));
    expect(fault).toMatchObject({ kind: 'truncated', position: 6, got: '5', expected: 'at least 8' });
  });

  it('finds a chain of which nothing is left', async () => {
    expect(await faultOf([], anchorsAt(rows, [2]))).toEqual(['truncated', 1]);
  });

  it('cannot know of entries that were cut above the last anchor', async () => {
    expect(await faultOf(rows.slice(0, 5), anchorsAt(rows, [2, 5]))).toBeNull();
  });

  it('finds another history, written with the real key, at the first anchor that saw the old one', async () => {
    const second = chainOf(
      [...Array(8)].map((_, step) => draftOf({ data: { rewritten: step } })),
      key,
    );
    expect(await faultOf(second, anchorsAt(rows, [3, 8]))).toEqual(['anchor-mismatch', 3]);
  });

  it('reports a fault of the chain before the mismatch of a later anchor', async () => {
    const changed = withRow(4, (row) => ({ ...row, entryHash: 'f'.repeat(64) }));
    expect(await faultOf(changed, anchorsAt(rows, [6]))).toEqual(['altered', 4]);
  });

  it('compares every anchor of a position', async () => {
    const [anchor] = anchorsAt(rows, [3]);
    const [other] = anchorsAt(chainOfLength(3, createTestKey()), [3]);
    const twice = [anchor, other].filter((found) => found !== undefined);
    expect(await faultOf(rows, twice)).toEqual(['anchor-mismatch', 3]);
  });

  it('takes no anchor that is unreadable, of another position or model, or signed by another key', async () => {
    const [found] = anchorsAt(rows, [3]);
    const anchor = found?.anchor;
    if (!found || !anchor) throw new Error('The fixture has an anchor at 3.');
    const signature = createTestKey().signNow(Buffer.from('x'));
    const bad = [
      { ...found, anchor: null },
      { ...found, anchor: { ...anchor, seq: 4 } },
      { ...foundAnchor({ ...anchor, model: 'other' }) },
      { ...found, anchor: { ...anchor, signature } },
    ];
    expect(await Promise.all(bad.map((one) => faultOf(rows, [one])))).toEqual(Array(4).fill(['anchor-mismatch', 3]));
  });
});
