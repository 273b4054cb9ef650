import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildEntry } from '../../functions/ledger/chain.ts';
import { ENTRY_TYPES, type LedgerRow } from '../../functions/ledger/entry.ts';
import { canonicalText } from '../../functions/ledger/verifier/canonical-text.ts';
import { verifyChain } from '../../functions/ledger/verifier/verify-chain.ts';
import { canonicalJson, sha256Hex } from '../../functions/platform/json.ts';
import { anchorsAt, chainOf, chainOfLength, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();
const rows = chainOfLength(12, key);
const anchors = anchorsAt(rows, [4, 9]);
const runs = { numRuns: 200 };

const faultOf = async (changed: readonly unknown[], model = 'demand') =>
  (await verifyChain({ model, publicKeyPem: key.publicKeyPem, rows: changed, anchors })).fault;

const position = fc.integer({ min: 1, max: rows.length });
const textField = fc.constantFrom<'body' | 'entryHash' | 'signature' | 'model'>(
  ...(['body', 'entryHash', 'signature', 'model'] as const),
);

const replaceAt = (at: number, change: (row: LedgerRow) => object) =>
  rows.map((row) => (row.seq === at ? change(row) : row));

describe('the verifier, for any chain', () => {
  it('accepts what the writer made of any JSON, types and actors', async () => {
    const draft = fc.record({
      type: fc.constantFrom(...ENTRY_TYPES),
      data: fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
      at: fc
        .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(draft, { minLength: 1, maxLength: 6 }), async (drafts) => {
        const chain = chainOf(
          drafts.map(({ data, ...members }) => draftOf({ ...members, data: JSON.parse(JSON.stringify(data)) })),
          key,
        );
        const verified = await verifyChain({
          model: 'demand',
          publicKeyPem: key.publicKeyPem,
          rows: chain,
          anchors: anchorsAt(chain, [1]),
        });
        expect(verified).toMatchObject({ entries: drafts.length, anchors: 1 });
        expect(verified.fault).toBeUndefined();
      }),
      runs,
    );
  });

  it('finds any single changed character of any field at its position', async () => {
    await fc.assert(
      fc.asyncProperty(
        position,
        textField,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (at, field, n, with_) => {
          const changed = replaceAt(at, (row) => {
            const text = row[field];
            const index = n % text.length;
            fc.pre(text[index] !== with_);
            return { ...row, [field]: `${text.slice(0, index)}${with_}${text.slice(index + 1)}` };
          });
          expect(await faultOf(changed)).toMatchObject({ position: at });
        },
      ),
      runs,
    );
  });

  it('finds any single flipped bit of a body or signature at its position', async () => {
    await fc.assert(
      fc.asyncProperty(
        position,
        fc.constantFrom('body', 'signature'),
        fc.nat(),
        fc.nat({ max: 7 }),
        async (at, field, n, bit) => {
          const changed = replaceAt(at, (row) => {
            const encoding = field === 'body' ? 'utf8' : 'base64';
            const bytes = Buffer.from(field === 'body' ? row.body : row.signature, encoding);
            const index = n % bytes.length;
            bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
            return { ...row, [field]: bytes.toString(encoding) };
          });
          expect(await faultOf(changed)).toMatchObject({ position: at });
        },
      ),
      runs,
    );
  });

  it('finds any dropped run of rows at its first position', async () => {
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 1, max: 4 }), async (at, count) => {
        const changed = rows.filter(({ seq }) => seq < at || seq >= at + count);
        const tail = at + count > rows.length;
        // Nothing outside the table has seen what lies above the last anchor.
        fc.pre(!tail || at <= 9);
        expect(await faultOf(changed)).toMatchObject({ position: at, kind: tail ? 'truncated' : 'dropped' });
      }),
      runs,
    );
  });

  it('finds any cut below the last anchor right behind the last row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 8 }), async (length) => {
        expect(await faultOf(rows.slice(0, length))).toMatchObject({ kind: 'truncated', position: length + 1 });
      }),
    );
  });

  it('finds any two rows that changed places at the first of them', async () => {
    await fc.assert(
      fc.asyncProperty(position, position, async (one, other) => {
        fc.pre(one !== other);
        const content = (seq: number) => rows[(seq === one ? other : seq === other ? one : seq) - 1];
        const changed = rows.map((row) => ({ ...content(row.seq), seq: row.seq }));
        expect(await faultOf(changed)).toMatchObject({ kind: 'reordered', position: Math.min(one, other) });
      }),
      runs,
    );
  });

  it('finds any rewritten body that was hashed again and signed with another key at its position', async () => {
    const forger = createTestKey();
    await fc.assert(
      fc.asyncProperty(position, fc.jsonValue(), async (at, value) => {
        const changed = replaceAt(at, (row) => {
          const body = canonicalJson({ ...JSON.parse(row.body), data: { value: JSON.parse(JSON.stringify(value)) } });
          return { ...row, body, entryHash: sha256Hex(body), signature: forger.signNow(Buffer.from(body)) };
        });
        expect(await faultOf(changed)).toMatchObject({ kind: 'forged-signature', position: at });
      }),
      runs,
    );
  });

  it('finds any rewriting of the past with the real key, from any position on, at an anchor', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (from) => {
        const rewritten: LedgerRow[] = rows.slice(0, from - 1);
        while (rewritten.length < rows.length) {
          const unsigned = buildEntry(draftOf({ data: { invented: rewritten.length } }), rewritten.at(-1) ?? null);
          rewritten.push({ ...unsigned, signature: key.signNow(Buffer.from(unsigned.body)) });
        }
        expect(await faultOf(rewritten)).toMatchObject({ kind: 'anchor-mismatch', position: from <= 4 ? 4 : 9 });
      }),
    );
  });

  it('writes the same canonical text as the writer, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = JSON.parse(JSON.stringify(value));
        expect(canonicalText(json)).toBe(canonicalJson(json));
      }),
      { numRuns: 500 },
    );
  });
});
