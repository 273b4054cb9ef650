import * as z from 'zod';
import { sha256, versionName } from '../platform/ids.ts';
import { canonicalJson, type JsonValue, sha256Hex } from '../platform/json.ts';
import { type Sign, verifySignature } from '../platform/signing.ts';

/** AppConfig's limit for a string attribute; the full text of a reason is in the ledger. */
export const MAX_TEXT = 1024;
export const UNITS = ['sku-store', 'store', 'sku'] as const;

const optionalVersion = z.union([z.literal(''), versionName], 'Expected a version, or an empty string for none.');
const optionalInstant = z.union(
  [z.literal(''), z.iso.datetime()],
  'Expected a UTC instant, or an empty string for none.',
);
/** An empty list is left out of the stored form, because AppConfig's schema cannot tell its type; absent is empty. */
const list = z.array(z.string().max(MAX_TEXT)).readonly().default([]);
const text = z.string().max(MAX_TEXT);

/** What runs for one model: the attributes of the flag `pointer`. */
export const pointerDocument = z
  .strictObject({
    schema: z.literal(1),
    /** Number of the hosted version that holds this document. */
    revision: z.int().min(1),
    /** Empty: no version serves, `fallback` does. */
    productionVersion: optionalVersion,
    previousVersion: optionalVersion,
    shadowVersion: optionalVersion,
    canaryVersion: optionalVersion,
    /** UTC; past it production alone serves. */
    shadowUntil: optionalInstant,
    canaryUntil: optionalInstant,
    /** Share of the cohort's units, 0 to 100. */
    canaryPercentage: z.number().min(0).max(100),
    unit: z.enum(UNITS),
    /** The promotion's id, so that each canary draws another sample; empty in a document to go back to. */
    salt: text,
    canaryRegions: list,
    canaryStores: list,
    canarySkus: list,
    canaryCategories: list,
    excludedSegments: list,
    /** Name of the safe forecast that serves instead (all, or `fallbackSegments`); empty: none does. */
    fallback: text,
    fallbackSegments: list,
    /** The run that put the production version, or this exposure, where it is. */
    promotionId: text.min(1),
    /** `Name <address>` of each person who approved it. */
    approvedBy: list,
    approvedAt: z.iso.datetime(),
    reason: text,
    /** Digest of the signed manifest of the production version; empty when no version serves. */
    manifestSha256: z.union([z.literal(''), sha256]),
    /** ECDSA P-256 over `signingBytes`, DER, base64. */
    signature: text.min(1),
  })
  .readonly()
  .superRefine((document, context) => {
    const serves = document.productionVersion !== '' || document.fallback !== '';
    if (!serves) context.addIssue({ code: 'custom', path: ['fallback'], message: 'Nothing would serve.' });
    if (document.canaryPercentage > 0 && document.canaryVersion === '') {
      context.addIssue({ code: 'custom', path: ['canaryVersion'], message: 'A canary share needs a canary version.' });
    }
  });
export type PointerDocument = z.infer<typeof pointerDocument>;
export type UnsignedDocument = Omit<PointerDocument, 'signature'>;

/** The attributes as stored: empty lists left out. */
export function attributesOf(document: UnsignedDocument | PointerDocument): { readonly [name: string]: JsonValue } {
  return Object.fromEntries(
    Object.entries(document).filter(([, value]) => !(Array.isArray(value) && value.length === 0)),
  );
}

/** What a signature covers: all attributes but the signature, and the model, so that no document is valid for another. */
export function signingBytes(model: string, document: UnsignedDocument | PointerDocument): Uint8Array {
  const { signature: _, ...signed } = attributesOf(document);
  return Buffer.from(canonicalJson({ model, ...signed }), 'utf8');
}

/** The document's identity in registry and ledger; the signature is not part of it. */
export function documentSha256(model: string, document: UnsignedDocument | PointerDocument): string {
  return sha256Hex(signingBytes(model, document));
}

export async function signDocument(sign: Sign, model: string, document: UnsignedDocument): Promise<PointerDocument> {
  return { ...document, signature: await sign(signingBytes(model, document)) };
}

/** True when the document was signed for this model by the holder of the key. */
export function verifyDocument(publicKeyPem: string, model: string, document: PointerDocument): boolean {
  return verifySignature(publicKeyPem, signingBytes(model, document), document.signature);
}

/**
 * True for a document to go back to: no candidate in any form, and no salt, which every document that goes forward has.
 * Its signature was made only for that, so it needs no other proof.
 */
export function isReturnDocument(document: UnsignedDocument): boolean {
  const { salt, previousVersion, shadowVersion, canaryVersion, canaryPercentage } = document;
  return (
    salt === '' && previousVersion === '' && shadowVersion === '' && canaryVersion === '' && canaryPercentage === 0
  );
}

/** True when a document lets a version run beside the production version, or instead of it for some units. */
export function hasCandidate({ shadowVersion, canaryVersion }: UnsignedDocument): boolean {
  return shadowVersion !== '' || canaryVersion !== '';
}

/** True when two documents serve the same, their candidates left aside; who approved them, when and why may differ. */
export function servesTheSame(a: UnsignedDocument, b: UnsignedDocument): boolean {
  return (
    a.productionVersion === b.productionVersion &&
    a.manifestSha256 === b.manifestSha256 &&
    a.fallback === b.fallback &&
    canonicalJson(a.fallbackSegments) === canonicalJson(b.fallbackSegments)
  );
}

/** Text that fits an attribute, cut between characters, ending in an ellipsis where it was cut. */
export function clipText(full: string): string {
  const whole = full.toWellFormed();
  if (whole.length <= MAX_TEXT) return whole;
  return `${whole.slice(0, MAX_TEXT - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
