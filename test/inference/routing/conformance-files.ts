import { createHash, createPublicKey } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import {
  attributesOf,
  type PointerDocument,
  signingBytes,
  type UnsignedDocument,
} from '../../../functions/pointer/document.ts';
import { type RouteCase, routeCases } from './conformance-cases.ts';
import { plainMurmur3, plainRoute } from './plain-router.ts';

export const CONFORMANCE_FOLDER = new URL('../../../functions/inference/conformance/', import.meta.url);

/** Test documents are signed by the one and not by the other. Anyone can sign by both: they protect nothing. */
const SIGNER = secretOf('model-release conformance');
const STRANGER = secretOf('model-release conformance, another key');
const MODEL = 'demand';

/** Name and text of every file, made from the plain reading of the contract: the same bytes each time. */
export function conformanceFiles(): ReadonlyMap<string, string> {
  const files = { 'murmur3.json': murmur3File(), 'routes.json': routesFile(), 'signature.json': signatureFile() };
  return new Map(Object.entries(files).map(([name, content]) => [name, `${laidOut(content, '')}\n`]));
}

function murmur3File() {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz';
  const texts = [
    ...Array.from({ length: 10 }, (_, length) => alphabet.slice(0, length)),
    alphabet,
    'test',
    'Hello, world!',
    'The quick brown fox jumps over the lazy dog',
    'demand_2-0-0_1|HOBBIES_1_001|CA_1',
    '|',
    '||',
    'a\u0000b',
    'Käse|Köln',
    'Кефир|Тверь',
    '寿司|東京店',
    '🍞|store-7',
    '👩‍🌾',
    'é',
    'e\u0301',
  ];
  const halves = ['a\ud800', '\udc00|b', '\ud83c\ud83c\udf5e'];
  return {
    algorithm: 'MurmurHash3_x86_32 of the UTF-8 bytes, seed 0, as an unsigned number',
    vectors: texts.map(vectorOf),
    halfPairs: {
      note: 'For languages whose texts are UTF-16: half a surrogate pair counts as U+FFFD. Elsewhere such texts do not exist.',
      vectors: halves.map(vectorOf),
    },
  };
}

function vectorOf(text: string) {
  const utf8 = new TextEncoder().encode(text);
  return { text, utf8: Buffer.from(utf8).toString('hex'), hash: plainMurmur3(utf8, 0) };
}

function routesFile() {
  return {
    model: MODEL,
    publicKeyPem: publicKeyPemOf(SIGNER),
    cases: routeCases().map(({ name, document, requests, instants }: RouteCase) => {
      const served = document === null ? null : servedOf(document);
      const expected = instants.map((at) => ({
        at,
        routes: requests.map((request) => plainRoute(served, request, at)),
      }));
      return { name, document: served, requests, expected };
    }),
  };
}

function signatureFile() {
  const [first] = routeCases().flatMap(({ document }) => document ?? []);
  if (first === undefined) throw new Error('No case has a document.');
  const document: UnsignedDocument = {
    ...first,
    ...{ canaryVersion: '2.0.0', canaryUntil: '2026-03-02T00:00:00.000Z', canaryRegions: ['north', 'Süd', '東京'] },
    // Written by RFC 8785 as a JavaScript number is: 1e-7.
    canaryPercentage: 0.0000001,
    reason: 'Line one\nline "two" \\ \u0001 € 🍞',
  };
  const good = servedOf(document);
  const bytes = signingBytes(MODEL, document);
  const { signature: _, ...unsigned } = good;
  const cases = [
    { name: 'as it was signed', model: MODEL, document: good, valid: true },
    { name: 'members in another order', model: MODEL, document: reversed(good), valid: true },
    { name: 'for another model', model: 'demand2', document: good, valid: false },
    { name: 'a percentage altered', model: MODEL, document: { ...good, canaryPercentage: 100 }, valid: false },
    { name: 'a list altered', model: MODEL, document: { ...good, canaryRegions: ['north'] }, valid: false },
    {
      name: 'a list in another order',
      model: MODEL,
      document: { ...good, canaryRegions: ['Süd', 'north', '東京'] },
      valid: false,
    },
    { name: 'a list added', model: MODEL, document: { ...good, canaryStores: ['harbour'] }, valid: false },
    {
      name: 'a bound moved',
      model: MODEL,
      document: { ...good, canaryUntil: '2026-03-03T00:00:00.000Z' },
      valid: false,
    },
    {
      name: 'signed by another key',
      model: MODEL,
      document: { ...good, signature: signed(STRANGER, bytes) },
      valid: false,
    },
    { name: 'without a signature', model: MODEL, document: { ...unsigned, signature: '' }, valid: false },
    {
      name: 'with what is no signature',
      model: MODEL,
      document: { ...unsigned, signature: 'c2lnbmF0dXJl' },
      valid: false,
    },
  ];
  return {
    algorithm: 'ECDSA P-256 over SHA-256 of the bytes, DER, base64',
    publicKeyPem: publicKeyPemOf(SIGNER),
    signingText: Buffer.from(bytes).toString('utf8'),
    signingBytesSha256: createHash('sha256').update(bytes).digest('hex'),
    cases,
  };
}

/** The attributes as AppConfig serves them, signed. */
function servedOf(document: UnsignedDocument) {
  const complete: PointerDocument = { ...document, signature: signed(SIGNER, signingBytes(MODEL, document)) };
  return { enabled: true, ...attributesOf(complete) } as { readonly enabled: true } & PointerDocument;
}

function reversed<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).toReversed()) as T;
}

function secretOf(name: string): Uint8Array {
  return createHash('sha256').update(name).digest();
}

/** By RFC 6979, so that the same bytes have the same signature each time. */
function signed(secret: Uint8Array, bytes: Uint8Array): string {
  const digest = createHash('sha256').update(bytes).digest();
  return Buffer.from(p256.sign(digest, secret, { prehash: false, format: 'der' })).toString('base64');
}

function publicKeyPemOf(secret: Uint8Array): string {
  const point = p256.getPublicKey(secret, false);
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => Buffer.from(half).toString('base64url'));
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' });
  return key.export({ format: 'pem', type: 'spki' }).toString();
}

/** JSON to be read: what fits a line is on one. */
function laidOut(value: unknown, indent: string): string {
  const line = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || indent.length + line.length <= 160) return line;
  const deeper = `${indent}  `;
  const members = Array.isArray(value)
    ? value.map((item) => laidOut(item, deeper))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${laidOut(item, deeper)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${members.map((member) => `${deeper}${member}`).join(',\n')}\n${indent}${close}`;
}
