import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clipText,
  documentSha256,
  MAX_TEXT,
  type PointerDocument,
  pointerDocument,
  signDocument,
  verifyDocument,
} from '../../functions/pointer/document.ts';
import { hostedContent, parseHosted, parseServed, servedContent } from '../../functions/pointer/flag.ts';
import { decideTarget } from '../../functions/rollback/target.ts';
import { flagFaults } from '../../infra/local/appconfig/feature-flags.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { AT, unsignedDocument } from '../pointer/fixtures.ts';

const key = createTestKey();
const version = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.]{0,39}$/);
const maybeVersion = fc.oneof(fc.constant(''), version);
const instant = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const list = fc.array(text, { maxLength: 5 });
const model = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);

/** Any document that the type allows. */
const documents: fc.Arbitrary<PointerDocument> = fc
  .record({
    schema: fc.constant(1 as const),
    revision: fc.integer({ min: 1, max: 1_000_000 }),
    productionVersion: maybeVersion,
    previousVersion: maybeVersion,
    shadowVersion: maybeVersion,
    canaryVersion: version,
    shadowUntil: fc.oneof(fc.constant(''), instant),
    canaryUntil: fc.oneof(fc.constant(''), instant),
    canaryPercentage: fc.double({ min: 0, max: 100, noNaN: true }),
    unit: fc.constantFrom('sku-store' as const, 'store' as const, 'sku' as const),
    salt: text,
    canaryRegions: list,
    canaryStores: list,
    canarySkus: list,
    canaryCategories: list,
    excludedSegments: list,
    fallback: text.filter((name) => name !== ''),
    fallbackSegments: list,
    promotionId: text.filter((id) => id !== ''),
    approvedBy: list,
    approvedAt: instant,
    reason: text,
    manifestSha256: fc.oneof(fc.constant(''), fc.stringMatching(/^[0-9a-f]{64}$/)),
    signature: fc.constant('x'),
  })
  .map((document) => ({ ...document, canaryPercentage: document.canaryPercentage || 0 }));

describe('Any pointer document', () => {
  it('reads back the same from the hosted form and from what readers get', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(parseHosted(hostedContent(document))).toEqual({ ok: true, value: document });
        expect(parseServed(Buffer.from(servedContent(document)))).toEqual({ ok: true, value: document });
      }),
    );
  });

  it('is valid by the published rules of feature flags', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(flagFaults(hostedContent(document))).toEqual([]);
      }),
    );
  });

  it('verifies as it was signed, and not once any attribute or the model is another', async () => {
    await fc.assert(
      fc.asyncProperty(documents, documents, model, model, async (document, other, name, otherName) => {
        const signed = await signDocument(key.sign, name, document);
        expect(verifyDocument(key.publicKeyPem, name, signed)).toBe(true);
        expect(verifyDocument(key.publicKeyPem, otherName, signed)).toBe(otherName === name);
        for (const attribute of Object.keys(document).filter((one) => one !== 'signature')) {
          const changed = pointerDocument.parse({ ...signed, [attribute]: Reflect.get(other, attribute) });
          const same = JSON.stringify(changed) === JSON.stringify(signed);
          expect(verifyDocument(key.publicKeyPem, name, changed)).toBe(same);
          expect(documentSha256(name, changed) === documentSha256(name, signed)).toBe(same);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has a reason that fits, cut from any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (full) => {
        const clipped = clipText(full);
        expect(clipped.length).toBeLessThanOrEqual(MAX_TEXT);
        expect(clipped.isWellFormed()).toBe(true);
        if (full.isWellFormed() && full.length <= MAX_TEXT) expect(clipped).toBe(full);
      }),
    );
  });
});

describe('Any rollback', () => {
  const NAMES = ['1.0', '2.0', '3.0', '4.0', '5.0'];
  const name = fc.constantFrom(...NAMES);
  const versions = fc.uniqueArray(
    fc.record({
      version: name,
      status: fc.constantFrom('candidate' as const, 'production' as const, 'retained' as const, 'withdrawn' as const),
      predecessor: fc.constantFrom('', ...NAMES),
    }),
    { selector: (item) => item.version },
  );
  const returnDocuments = fc
    .uniqueArray(fc.constantFrom('', ...NAMES))
    .map((all) => all.map((one, index) => ({ version: one, hostedVersion: index + 1, documentSha256: one })));
  const live = fc.option(
    fc
      .record({
        productionVersion: fc.constantFrom('', ...NAMES),
        previousVersion: fc.constantFrom('', ...NAMES),
        canaryVersion: fc.constantFrom('', ...NAMES),
      })
      .map(
        (members): PointerDocument => ({
          ...unsignedDocument({ ...members, fallback: 'seasonal-naive' }),
          signature: 'x',
        }),
      ),
  );
  const input = fc.record({ withdrawVersion: name, targetVersion: name }, { requiredKeys: [] });
  const questions = fc.record({
    input,
    live,
    justRolledBack: fc.boolean(),
    byPerson: fc.boolean(),
    at: fc.constant(AT),
    known: fc.record({ versions, returnDocuments }),
  });

  it('goes back to a promoted version that is not withdrawn and has its document, or to the safe forecast', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const answer = decideTarget(question);
        if (answer.outcome !== 'go') return;
        const { version: to } = answer.to;
        const status = question.known.versions.find((item) => item.version === to)?.status;
        expect(question.known.returnDocuments).toContainEqual(answer.to);
        expect(to === '' || status === 'retained' || status === 'production').toBe(true);
        expect(to === '' || to !== answer.from).toBe(true);
        expect(to).not.toBe(question.input.withdrawVersion);
      }),
      { numRuns: 1000 },
    );
  });

  it('says why whenever it goes nowhere', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const answer = decideTarget(question);
        if (answer.outcome !== 'go') expect(answer.reasons.length).toBeGreaterThan(0);
      }),
    );
  });
});
