import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { murmur3, PrefixedHash } from '../../../functions/inference/routing/murmur3.ts';
import { Router } from '../../../functions/inference/routing/router.ts';
import { type PointerDocument, signingBytes, verifyDocument } from '../../../functions/pointer/document.ts';
import { parseServed } from '../../../functions/pointer/flag.ts';
import { CONFORMANCE_FOLDER, conformanceFiles } from './conformance-files.ts';

const vector = z.strictObject({ text: z.string(), utf8: z.string(), hash: z.int() });
const murmur3File = z.object({ vectors: z.array(vector), halfPairs: z.object({ vectors: z.array(vector) }) });
const request = z.strictObject({
  ...{ sku: z.string(), store: z.string(), region: z.string(), category: z.string() },
  segments: z.array(z.string()),
});
const route = z.strictObject({ version: z.string(), arm: z.string(), shadows: z.array(z.string()) });
const routesFile = z.object({
  ...{ model: z.string(), publicKeyPem: z.string() },
  cases: z.array(
    z.strictObject({
      name: z.string(),
      document: z.looseObject({}).nullable(),
      requests: z.array(request),
      expected: z.array(z.strictObject({ at: z.iso.datetime(), routes: z.array(route) })),
    }),
  ),
});
const signatureFile = z.object({
  ...{ publicKeyPem: z.string(), signingText: z.string() },
  cases: z.array(
    z.strictObject({ name: z.string(), model: z.string(), document: z.looseObject({}), valid: z.boolean() }),
  ),
});

function stored(name: string): string {
  return readFileSync(new URL(name, CONFORMANCE_FOLDER), 'utf8');
}

function documentOf(attributes: object): PointerDocument | null {
  const parsed = parseServed(JSON.stringify({ pointer: attributes }));
  return parsed.ok ? parsed.value : null;
}

describe('The conformance files', () => {
  it.each([...conformanceFiles()])('%s is what the plain reading of the contract gives', (name, text) => {
    // When the contract changes: node test/inference/routing/write-conformance.ts
    expect(stored(name)).toBe(text);
  });

  it('route as the router of the product does, from the bytes that AppConfig serves', () => {
    const { cases, model, publicKeyPem } = routesFile.parse(JSON.parse(stored('routes.json')));
    for (const { name, document: attributes, requests, expected } of cases) {
      const document = attributes === null ? null : documentOf(attributes);
      expect([name, document === null]).toEqual([name, attributes === null]);
      if (document !== null) expect([name, verifyDocument(publicKeyPem, model, document)]).toEqual([name, true]);
      const router = new Router(document);
      for (const { at, routes } of expected) {
        expect([name, at, router.routeAll(requests, Date.parse(at))]).toEqual([name, at, routes]);
      }
    }
  });

  it('route every way that there is', () => {
    const { cases } = routesFile.parse(JSON.parse(stored('routes.json')));
    const all = cases.flatMap(({ expected }) => expected.flatMap(({ routes }) => routes));
    const ways = new Set(all.map(({ arm, shadows }) => `${arm} ${shadows.length}`));
    expect([...ways].toSorted()).toEqual([
      ...[
        'canary 1',
        'canary 2',
        'fallback 0',
        'fallback 1',
        'fallback 2',
        'production 0',
        'production 1',
        'production 2',
      ],
    ]);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('hash as the product does', () => {
    const { vectors, halfPairs } = murmur3File.parse(JSON.parse(stored('murmur3.json')));
    for (const { text, utf8, hash } of [...vectors, ...halfPairs.vectors]) {
      expect([text, murmur3(Buffer.from(utf8, 'hex'), 0)]).toEqual([text, hash]);
      expect([text, new PrefixedHash('').of(text)]).toEqual([text, hash]);
    }
  });

  it('verify and refuse as the reader of the product does', () => {
    const { publicKeyPem, signingText, cases } = signatureFile.parse(JSON.parse(stored('signature.json')));
    for (const { name, model, document: attributes, valid } of cases) {
      const document = documentOf(attributes);
      const verified = document !== null && verifyDocument(publicKeyPem, model, document);
      expect([name, verified]).toEqual([name, valid]);
      if (document !== null && valid) {
        expect(Buffer.from(signingBytes(model, document)).toString('utf8')).toBe(signingText);
      }
    }
  });
});
