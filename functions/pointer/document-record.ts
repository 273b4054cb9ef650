import * as z from 'zod';
import { canonicalJson, type JsonObject, type JsonValue, sha256Hex } from '../platform/json.ts';
import { attributesOf, type PointerDocument, UNITS, type UnsignedDocument } from './document.ts';

/** What is known of a document when it has gone out. */
export interface WentOut {
  readonly document: UnsignedDocument | PointerDocument;
  /** By the clock of AppConfig, UTC; the entry is written a little later. */
  readonly deployedAt: string;
}

/**
 * Room for a document in an entry of the ledger, as UTF-8: an item of DynamoDB holds 400 KB, and the rest of an entry is
 * small. Plans come in through inputs of 256 KiB, so that their lists fit.
 */
export const MAX_DOCUMENT_BYTES = 300_000;

export function documentBytes(document: UnsignedDocument): number {
  return Buffer.byteLength(canonicalJson(unsigned(document)));
}

/**
 * What every entry by which a document went out says of it: all attributes but the signature, so that years later it can be
 * told from the ledger alone who was served by what, and be checked against the entry's `documentSha256`. A document that
 * is too large for an entry is left out, since what has gone out must be recorded.
 */
export function wentOutData({ document, deployedAt }: WentOut, maxBytes = MAX_DOCUMENT_BYTES): JsonObject {
  return { ...documentData(document, maxBytes), deployedAt };
}

export function documentData(document: UnsignedDocument | PointerDocument, maxBytes = MAX_DOCUMENT_BYTES): JsonObject {
  return documentBytes(document) > maxBytes ? {} : { document: unsigned(document) };
}

/**
 * The document that another took the place of. Whoever let it out may have died before that was recorded; its intent holds
 * the document by the same digest.
 */
export interface Replaced {
  readonly documentSha256: string;
  readonly revision: number;
  /** By the clock of AppConfig, UTC. */
  readonly deployedAt: string;
}

export const replacedDocument = z.object({
  documentSha256: z.string(),
  revision: z.int(),
  deployedAt: z.iso.datetime(),
});

function unsigned(document: UnsignedDocument | PointerDocument): JsonObject {
  const { signature: _, ...attributes } = attributesOf(document);
  return attributes;
}

const list = z.array(z.string()).default([]);

/** As much of a recorded document as says how it served; attributes that it had besides do not matter for that. */
const servingAttributes = z.looseObject({
  ...{ productionVersion: z.string(), shadowVersion: z.string(), canaryVersion: z.string() },
  ...{ shadowUntil: z.string(), canaryUntil: z.string(), canaryPercentage: z.number() },
  ...{ unit: z.enum(UNITS), salt: z.string(), fallback: z.string(), fallbackSegments: list },
  ...{ canaryRegions: list, canaryStores: list, canarySkus: list, canaryCategories: list, excludedSegments: list },
  ...{ promotionId: z.string(), reason: z.string() },
});
export type RecordedDocument = Readonly<z.infer<typeof servingAttributes>>;

/** A document in the data of an entry; null where the entry has none, or one that its digest does not fit. */
export function recordedDocument(
  model: string,
  data: { readonly [name: string]: JsonValue | undefined },
): RecordedDocument | null {
  const { document, documentSha256 } = data;
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return null;
  if (sha256Hex(canonicalJson({ model, ...document })) !== documentSha256) return null;
  return servingAttributes.safeParse(document).data ?? null;
}
