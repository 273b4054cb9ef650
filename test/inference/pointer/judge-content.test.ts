import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeOfServed, judgeOfShipped } from '../../../functions/inference/pointer/judge-content.ts';
import { hostedContent, servedContent } from '../../../functions/pointer/flag.ts';
import { signedDocument } from '../../pointer/fixtures.ts';
import { documentOf, key } from './data-plane.ts';

const whose = { model: 'demand', publicKeyPem: key.publicKeyPem };
const served = judgeOfServed(whose);
const shipped = judgeOfShipped(whose);
const document = await documentOf({ excludedSegments: ['category:fresh'], approvedBy: ['Ana <ana@shop.example>'] });
const bytes = (text: string) => Buffer.from(text);
const codeOf = (verdict: ReturnType<typeof served>) => (verdict.ok ? 'ok' : verdict.fault.code);

describe('The judge of what AppConfig serves', () => {
  it('takes a document that was signed for the model, as AppConfig gives it back', () => {
    const verdict = served(bytes(servedContent(document)));
    expect(verdict).toMatchObject({ ok: true, pointer: { document } });
    const stamped = servedContent(document).replace('"enabled":true', '"enabled":true,"_createdAt":"2026-03-01"');
    expect(served(bytes(stamped)).ok).toBe(true);
    expect(served(bytes(`\n ${servedContent(document)}\n`)).ok).toBe(true);
  });

  it('takes the stored form from what was shipped alone', () => {
    expect(codeOf(served(bytes(hostedContent(document))))).toBe('NOT_A_POINTER');
    expect(shipped(bytes(hostedContent(document)))).toMatchObject({ ok: true, pointer: { document } });
    expect(shipped(bytes(servedContent(document))).ok).toBe(true);
  });

  it('says what is wrong, in words that fit a line of the log', async () => {
    const foreign = served(bytes(servedContent(await signedDocument(key, {}, 'other'))));
    expect(foreign).toMatchObject({ fault: { message: 'Revision 3 is not signed for demand with the known key.' } });
    const broken = served(bytes(servedContent(document).replace('"revision":3', '"revision":"x"')));
    expect(broken).toMatchObject({ fault: { code: 'NOT_A_POINTER', message: expect.stringContaining('revision') } });
    const long = served(bytes('x'.repeat(100_000)));
    expect(JSON.stringify(long).length).toBeLessThan(500);
  });

  it('takes nothing under a key that is none', () => {
    const keyless = judgeOfServed({ model: 'demand', publicKeyPem: 'no key' });
    expect(codeOf(keyless(bytes(servedContent(document))))).toBe('SIGNATURE_INVALID');
  });

  it('throws at no bytes and at no JSON, and takes none', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map(bytes),
      fc.jsonValue().map((pointer) => bytes(JSON.stringify({ pointer }))),
      fc.jsonValue().map((values) => bytes(JSON.stringify({ version: '1', flags: { pointer: {} }, values }))),
    );
    fc.assert(
      fc.property(anything, (content) => {
        expect([served(content).ok, shipped(content).ok]).toEqual([false, false]);
      }),
    );
  });

  it('takes no document of which one attribute was changed, left out, or added', () => {
    const attributes = Object.keys(document).filter((name) => name !== 'signature');
    const change = fc.record({ name: fc.constantFrom(...attributes, 'more'), value: fc.jsonValue() });
    fc.assert(
      fc.property(change, ({ name, value }) => {
        const changed = { ...document, [name]: value };
        const isSame = JSON.stringify(changed) === JSON.stringify(document);
        const content = bytes(JSON.stringify({ pointer: { enabled: true, ...changed } }));
        // An empty list is as good as none: it is left out of what was signed.
        const isEmptyList = Array.isArray(value) && value.length === 0;
        fc.pre(!isSame && !isEmptyList);
        expect(served(content).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
    for (const name of ['reason', 'excludedSegments', 'productionVersion']) {
      const { [name]: _, ...rest } = { ...document } as Record<string, unknown>;
      expect(served(bytes(JSON.stringify({ pointer: { enabled: true, ...rest } }))).ok).toBe(false);
    }
  });

  it('refuses any piece of a document: a torn copy is no copy', () => {
    const whole = bytes(servedContent(document));
    for (let length = 0; length < whole.length; length += 7)
      expect(codeOf(served(whole.subarray(0, length)))).toBe('NOT_JSON');
  });
});
