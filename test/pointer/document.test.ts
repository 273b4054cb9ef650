import { describe, expect, it } from 'vitest';
import {
  clipText,
  documentSha256,
  isReturnDocument,
  MAX_TEXT,
  signingBytes,
  verifyDocument,
} from '../../functions/pointer/document.ts';
import { hostedContent, parseHosted, parseServed, servedContent } from '../../functions/pointer/flag.ts';
import { flagFaults, retrievalForm } from '../../infra/local/appconfig/feature-flags.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { RETURNING, signedDocument, unsignedDocument } from './fixtures.ts';

const key = createTestKey();

describe('A pointer document', () => {
  it('verifies for the model that it was signed for', async () => {
    expect(verifyDocument(key.publicKeyPem, 'demand', await signedDocument(key))).toBe(true);
  });

  it('does not verify for another model, nor under another key', async () => {
    const document = await signedDocument(key);
    expect(verifyDocument(key.publicKeyPem, 'demand-eu', document)).toBe(false);
    expect(verifyDocument(createTestKey().publicKeyPem, 'demand', document)).toBe(false);
  });

  it('is signed as the RFC 8785 text of the model and its attributes, empty lists and the signature left out', () => {
    const text = Buffer.from(signingBytes('demand', unsignedDocument())).toString('utf8');
    expect(text).toBe(
      '{"approvedAt":"2026-03-01T08:00:00.000Z","approvedBy":["Ana Approver <ana@shop.example>"],"canaryPercentage":0,' +
        '"canaryUntil":"","canaryVersion":"","fallback":"",' +
        `"manifestSha256":"${'ab'.repeat(32)}","model":"demand","previousVersion":"1.0.0","productionVersion":"1.1.0",` +
        '"promotionId":"demand_1-1-0_1","reason":"Weekday profiles halve the error on promotions.","revision":3,' +
        '"salt":"demand_1-1-0_1","schema":1,"shadowUntil":"","shadowVersion":"","unit":"sku-store"}',
    );
  });

  it('keeps its digest when it is signed anew', async () => {
    const [first, second] = [await signedDocument(key), await signedDocument(key)];
    expect(first.signature).not.toBe(second.signature);
    expect(documentSha256('demand', first)).toBe(documentSha256('demand', second));
  });

  it('goes back when it has no salt, no previous version and no candidate', async () => {
    expect(isReturnDocument(unsignedDocument(RETURNING))).toBe(true);
    expect(isReturnDocument(unsignedDocument())).toBe(false);
    for (const members of [
      { previousVersion: '1.0.0' },
      { salt: 'demand_1-1-0_1' },
      { shadowVersion: '2.0' },
      { canaryVersion: '2.0' },
      { canaryPercentage: 1 },
    ]) {
      expect(isReturnDocument(unsignedDocument({ ...RETURNING, ...members }))).toBe(false);
    }
  });

  it('has a reason that fits an attribute and is cut between characters', () => {
    expect(clipText('Short.')).toBe('Short.');
    const cut = clipText('🛒'.repeat(600));
    expect(cut.length).toBeLessThanOrEqual(MAX_TEXT);
    expect(cut.isWellFormed()).toBe(true);
    expect(cut.endsWith('🛒…')).toBe(true);
  });
});

describe('The flag in AppConfig', () => {
  it('is valid by the published rules of feature flags, and has at most 25 attributes', async () => {
    const document = await signedDocument(key, { excludedSegments: ['store:CA_1'], fallbackSegments: ['region:TX'] });
    const content = hostedContent(document);
    expect(flagFaults(content)).toEqual([]);
    expect(Object.keys(JSON.parse(content).flags.pointer.attributes).length).toBeLessThanOrEqual(25);
  });

  it('reads back the same from the hosted form and from what readers get', async () => {
    const document = await signedDocument(key, { canaryRegions: ['CA'], canaryVersion: '2.0', canaryPercentage: 12.5 });
    expect(parseHosted(hostedContent(document))).toEqual({ ok: true, value: document });
    expect(parseServed(servedContent(document))).toEqual({ ok: true, value: document });
    expect(parseServed(retrievalForm(hostedContent(document)))).toEqual({ ok: true, value: document });
  });

  it('holds no null and no empty list', async () => {
    const { pointer } = JSON.parse(hostedContent(await signedDocument(key))).values;
    expect(Object.values(pointer)).not.toContain(null);
    expect(Object.values(pointer).filter((value) => Array.isArray(value) && value.length === 0)).toEqual([]);
    expect(pointer.enabled).toBe(true);
  });

  it('takes an empty list for an absent one', async () => {
    const document = await signedDocument(key);
    const served = JSON.parse(servedContent(document));
    const parsed = parseServed(JSON.stringify({ pointer: { ...served.pointer, canaryRegions: [] } }));
    expect(parsed).toEqual({ ok: true, value: document });
  });

  it('is read past the stamps that AppConfig adds', async () => {
    const document = await signedDocument(key);
    const hosted = JSON.parse(hostedContent(document));
    hosted.values.pointer = { ...hosted.values.pointer, _createdAt: 'x', _updatedAt: 'y' };
    expect(parseHosted(JSON.stringify(hosted))).toEqual({ ok: true, value: document });
  });

  it.each([
    ['no JSON', 'nonsense', '$'],
    ['another flag', JSON.stringify({ other: { enabled: true } }), 'pointer'],
    ['a disabled flag', JSON.stringify({ pointer: { enabled: false } }), 'pointer.enabled'],
  ])('is refused as %s', (_what, content, path) => {
    const parsed = parseServed(content);
    expect(parsed.ok ? [] : parsed.reasons.map((reason) => reason.path)).toContain(path);
  });

  it.each([
    ['variants', { _variants: [] }, '$'],
    ['an unknown attribute', { extra: 1 }, '$'],
    ['a null', { reason: null }, 'reason'],
    ['a version that is none', { productionVersion: '1 0' }, 'productionVersion'],
    ['more than everything', { canaryVersion: '2.0', canaryPercentage: 101 }, 'canaryPercentage'],
    ['a share of no canary', { canaryPercentage: 5 }, 'canaryVersion'],
    ['nothing that serves', { productionVersion: '' }, 'fallback'],
    ['another schema', { schema: 2 }, 'schema'],
  ])('is refused with %s', async (_what, members, path) => {
    const { pointer } = JSON.parse(servedContent(await signedDocument(key)));
    const parsed = parseServed(JSON.stringify({ pointer: { ...pointer, ...members } }));
    expect(parsed.ok ? [] : parsed.reasons.map((reason) => reason.path)).toContain(path);
  });
});
