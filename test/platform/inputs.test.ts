import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseEvent, parseInput, parseStored } from '../../functions/platform/boundary.ts';
import { durationSchema, durationSeconds, plusDuration } from '../../functions/platform/duration.ts';
import { ERRORS, isReleaseError, ReleaseError } from '../../functions/platform/errors.ts';
import { modelName, parsePromotionId, promotionIdOf, versionName } from '../../functions/platform/ids.ts';
import { normalEmail } from '../../functions/platform/people.ts';
import { retention } from '../../functions/platform/retention.ts';
import { publicKeyPem, verifySignature } from '../../functions/platform/signing.ts';
import { createTestKey } from '../fakes/test-key.ts';

describe('A duration', () => {
  it.each([
    ['P7D', 604_800],
    ['PT15M', 900],
    ['P1W', 604_800],
    ['P1DT2H3M4S', 93_784],
  ])('%s is %i seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
    expect(durationSchema().safeParse(text).success).toBe(true);
  });

  it.each(['7 days', 'P', 'P1M', 'P1Y', 'PT0S', '-P1D', '', 'P1.5Y'])(
    'is not %j: it needs a fixed, positive length',
    (text) => {
      expect(durationSchema().safeParse(text).success).toBe(false);
    },
  );

  it('is held to its bounds, and the message says them', () => {
    const bounded = durationSchema({ min: 'PT1M', max: 'P21D' });
    expect(bounded.safeParse('P22D').error?.issues[0]?.message).toContain('at most P21D');
    expect(bounded.safeParse('PT1S').success).toBe(false);
    expect(bounded.safeParse('P21D').success).toBe(true);
  });

  it('is added in seconds of the clock', () => {
    expect(plusDuration('2026-03-28T12:00:00.000Z', 'P1D')).toBe('2026-03-29T12:00:00.000Z');
  });
});

describe('Ids', () => {
  it.each(['', 'A', '1a', 'a_b', 'a.b', 'drill', 'stack', 'a'.repeat(33)])('a model is not named %j', (name) => {
    expect(modelName.safeParse(name).success).toBe(false);
  });

  it.each(['', '.1', '1_0', '1-0', 'v'.repeat(41), 'ü'])('a version is not named %j', (name) => {
    expect(versionName.safeParse(name).success).toBe(false);
  });

  it('a promotion id fits an execution name and gives its model back, at the longest names too', () => {
    const id = promotionIdOf('m'.repeat(32), 'v'.repeat(40), 12_345);
    expect(id.length).toBeLessThanOrEqual(80);
    expect(parsePromotionId(id)).toEqual({ model: 'm'.repeat(32), subject: 'v'.repeat(40), attempt: 12_345 });
    expect(promotionIdOf('demand', '1.2.3', 1)).toBe('demand_1-2-3_1');
  });
});

describe('The boundary', () => {
  const schema = z.strictObject({ name: z.string(), age: z.number().max(9), secret: z.string().optional() });

  it('lists every fault with path and what was got', () => {
    const parsed = parseInput(schema, { name: 7, age: 'x', more: 1 }, 'Mend it.');
    expect(parsed).toMatchObject({
      ok: false,
      reasons: [
        { code: 'INVALID_FIELD', path: 'name', got: '7', next: 'Mend it.' },
        { path: 'age', got: 'x' },
        { path: '$' },
      ],
    });
  });

  it('says what would have been accepted', () => {
    const bounds = z.object({
      ...{ low: z.number().min(1), above: z.number().gt(1), high: z.int().max(9), below: z.number().lt(9) },
      ...{ text: z.string().min(2), list: z.array(z.int()).max(1), word: z.enum(['a', 'b']) },
    });
    const given = { low: 0, above: 1, high: 10, below: 9, text: 'x', list: [1, 2], word: 'c' };
    const parsed = parseInput(bounds, given);
    expect(parsed.ok ? [] : parsed.reasons.map(({ path, allowed }) => [path, allowed])).toEqual([
      ...[['low', 'at least 1'] as const, ['above', 'more than 1'], ['high', 'at most 9'], ['below', 'less than 9']],
      ...[['text', 'at least 2 characters'] as const, ['list', 'at most 1 items'], ['word', 'a, b']],
    ]);
  });

  it('cuts what was got when it is long', () => {
    const parsed = parseInput(z.strictObject({ a: z.number() }), { a: 'x'.repeat(1000) });
    expect(parsed.ok ? '' : parsed.reasons[0]?.got).toHaveLength(201);
  });

  it('never quotes half a character, which the ledger could not record', () => {
    const parsed = parseInput(z.strictObject({ a: z.number() }), { a: `${'x'.repeat(199)}😀😀`, '\ud800': 1 });
    expect(JSON.stringify(parsed).isWellFormed()).toBe(true);
    expect(parsed.ok ? [] : parsed.reasons.map(({ got = '', message }) => (got + message).isWellFormed())).toEqual([
      true,
      true,
    ]);
  });

  it('refuses half a character wherever it stands, naming the place', () => {
    const texts = z.object({ list: z.array(z.object({ text: z.string() })), more: z.record(z.string(), z.number()) });
    const faultIn = (value: unknown) => {
      const parsed = parseInput(texts, value);
      return parsed.ok ? null : parsed.reasons.map(({ code, path }) => [code, path]);
    };
    expect(faultIn({ list: [{ text: 'whole 😀' }], more: { ü: 1 } })).toBeNull();
    expect(faultIn({ list: [{ text: 'a' }, { text: 'b\ud83d' }], more: {} })).toEqual([
      ['INVALID_FIELD', 'list.1.text'],
    ]);
    expect(faultIn({ list: [], more: { '\udc00': 1 } })).toEqual([['INVALID_FIELD', 'more']]);
  });

  it('lists so many faults as an answer can carry, and says how many more there are', () => {
    const many = Array.from({ length: 20_000 }, () => '');
    const extra = Object.fromEntries(many.map((_, index) => [`key${index}`, 1]));
    const parsed = parseInput(z.strictObject({ names: z.array(z.string().min(1)) }), { names: many, ...extra });
    const reasons = parsed.ok ? [] : parsed.reasons;
    expect(reasons).toHaveLength(51);
    expect(reasons.at(-1)).toMatchObject({ code: 'MORE_FAULTS', message: expect.stringContaining('19951') });
    expect(JSON.stringify(reasons).length).toBeLessThan(100_000);
  });

  it('names a stored item that is not as it was written, and an event that is none', () => {
    expect(() => parseStored(schema, { name: 'a' }, 'The item x')).toThrow(
      expect.objectContaining({ code: 'CORRUPT_ITEM' }),
    );
    expect(() => parseEvent(schema, null)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('An error', () => {
  it.each(Object.keys(ERRORS) as (keyof typeof ERRORS)[])('%s has the name that the state machines match', (code) => {
    const error = new ReleaseError(code, 'message', { cause: 'cause' });
    expect(error).toMatchObject({ name: code, code, reasons: [], details: {}, cause: 'cause' });
    expect(isReleaseError(error, code)).toBe(true);
    expect(isReleaseError(new Error(code))).toBe(false);
  });
});

describe('Settings and signatures', () => {
  it('write no evidence without retention', () => {
    expect(retention('30', 'GOVERNANCE')).toEqual({ days: 30, mode: 'GOVERNANCE' });
    for (const [days, mode] of [
      ['0', 'GOVERNANCE'],
      ['', 'COMPLIANCE'],
      ['30', 'NONE'],
      ['1.5', 'GOVERNANCE'],
    ] as const) {
      expect(() => retention(days, mode)).toThrow(expect.objectContaining({ code: 'CONFIG_MISSING' }));
    }
  });

  it('compare addresses without regard to case, blanks and width', () => {
    expect(normalEmail('  ANA@Shop.Example ')).toBe('ana@shop.example');
    expect(normalEmail('ana@ｓhop.example')).toBe('ana@shop.example');
  });

  it('take a signature by another key, over other bytes, or by no key at all for none', async () => {
    const key = createTestKey();
    const bytes = Buffer.from('what was signed');
    const signature = await key.sign(bytes);
    expect(verifySignature(key.publicKeyPem, bytes, signature)).toBe(true);
    expect(verifySignature(createTestKey().publicKeyPem, bytes, signature)).toBe(false);
    expect(verifySignature(key.publicKeyPem, Buffer.from('other'), signature)).toBe(false);
    expect(verifySignature(key.publicKeyPem, bytes, 'garbage')).toBe(false);
    expect(verifySignature('no key', bytes, signature)).toBe(false);
    expect(() => publicKeyPem(Buffer.from('no key'))).toThrow();
  });
});
