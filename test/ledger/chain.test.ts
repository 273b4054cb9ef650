import { describe, expect, it } from 'vitest';
import { buildEntry, entryHash, parseRow } from '../../functions/ledger/chain.ts';
import { ENTRY_TYPES, GENESIS_HASH } from '../../functions/ledger/entry.ts';
import { canonicalJson } from '../../functions/platform/json.ts';
import { chainOfLength, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();

describe('building an entry', () => {
  it('starts a chain at position 1 after 64 zeros', () => {
    const { seq, body } = buildEntry(draftOf(), null);
    expect(seq).toBe(1);
    expect(JSON.parse(body)).toMatchObject({ schema: 1, seq: 1, prevHash: GENESIS_HASH });
  });

  it('continues from the head by position and digest', () => {
    const head = { seq: 41, entryHash: 'a'.repeat(64) };
    expect(JSON.parse(buildEntry(draftOf(), head).body)).toMatchObject({ seq: 42, prevHash: head.entryHash });
  });

  it('writes the canonical JSON of the eight members and hashes its bytes', () => {
    const { body, entryHash: hash } = buildEntry(
      draftOf({ data: { z: 1, a: { é: [1.5, null] }, gone: undefined } }),
      null,
    );
    expect(body).toBe(
      `{"actor":{"email":"ada@example.com","kind":"person","name":"Ada Lovelace"},"at":"2026-03-01T08:00:00.000Z","data":{"a":{"é":[1.5,null]},"z":1},"model":"demand","prevHash":"${GENESIS_HASH}","schema":1,"seq":1,"type":"gate-judged"}`,
    );
    expect(hash).toBe(entryHash(body));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(ENTRY_TYPES)('takes an entry of type %s', (type) => {
    expect(JSON.parse(buildEntry(draftOf({ type }), null).body)).toMatchObject({ type });
  });

  it.each([
    ['an actor without a name', { actor: { kind: 'person' as const, name: '', email: 'a@example.com' } }, 'actor'],
    [
      'a system that names no part of itself',
      { actor: { kind: 'system' as const, name: 'system:' as const } },
      'actor',
    ],
    ['a moment that is none', { at: 'yesterday' }, 'at'],
    ['a moment without its zone', { at: '2026-03-01T08:00:00' }, 'at'],
  ])('refuses %s', (_, members, path) => {
    expect(() => buildEntry(draftOf(members), null)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        reasons: expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining(path) })]),
      }),
    );
  });
});

describe('reading a row', () => {
  const [row] = chainOfLength(1, key);

  it('answers the row and its parsed body', () => {
    expect(parseRow({ ...row }).body).toMatchObject({ model: 'demand', seq: 1, type: 'gate-judged' });
  });

  it.each([
    ['a body that was changed', { body: row?.body.replace('Ada', 'Eve') }],
    ['a position that is not the body’s', { seq: 2 }],
    ['a model that is not the body’s', { model: 'other' }],
    ['a body that is not JSON', { body: '{', entryHash: entryHash('{') }],
    ['a body that is no entry', { body: '{}', entryHash: entryHash(canonicalJson({})) }],
    ['a row without signature', { signature: undefined }],
  ])('refuses %s', (_, change) => {
    expect(() => parseRow({ ...row, ...change })).toThrowError(expect.objectContaining({ code: 'CORRUPT_ITEM' }));
  });
});
