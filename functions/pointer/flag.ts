import * as z from 'zod';
import { type Parsed, parseInput } from '../platform/boundary.ts';
import type { JsonValue } from '../platform/json.ts';
import { attributesOf, type PointerDocument, pointerDocument, UNITS } from './document.ts';

/** The one flag of every profile. It is always enabled, since AppConfig drops the attributes of a disabled one. */
const FLAG = 'pointer';
export const FLAG_CONTENT_TYPE = 'application/json';

const string = { constraints: { type: 'string', required: true } };
const strings = { constraints: { type: 'array', elements: { type: 'string' } } };

/** Constraints by which AppConfig itself refuses a malformed document, before anything of ours is asked. */
const ATTRIBUTES: Readonly<Record<keyof PointerDocument, JsonValue>> = {
  schema: { constraints: { type: 'number', required: true, minimum: 1, maximum: 1 } },
  revision: { constraints: { type: 'number', required: true, minimum: 1 } },
  productionVersion: string,
  previousVersion: string,
  shadowVersion: string,
  canaryVersion: string,
  shadowUntil: string,
  canaryUntil: string,
  canaryPercentage: { constraints: { type: 'number', required: true, minimum: 0, maximum: 100 } },
  unit: { constraints: { type: 'string', required: true, enum: [...UNITS] } },
  salt: string,
  canaryRegions: strings,
  canaryStores: strings,
  canarySkus: strings,
  canaryCategories: strings,
  excludedSegments: strings,
  fallback: string,
  fallbackSegments: strings,
  promotionId: string,
  approvedBy: strings,
  approvedAt: string,
  reason: string,
  manifestSha256: string,
  signature: string,
};

/** The document as AppConfig stores it (type AWS.AppConfig.FeatureFlags), as JSON text. */
export function hostedContent(document: PointerDocument): string {
  return JSON.stringify({
    version: '1',
    flags: { [FLAG]: { name: FLAG, attributes: ATTRIBUTES } },
    values: { [FLAG]: { enabled: true, ...attributesOf(document) } },
  });
}

/** The document as a reader of the data plane gets it, as JSON text. */
export function servedContent(document: PointerDocument): string {
  return JSON.stringify({ [FLAG]: { enabled: true, ...attributesOf(document) } });
}

/** What AppConfig adds by itself; everything else that is not ours is refused. */
const added = { _createdAt: z.string().optional(), _updatedAt: z.string().optional() };
const enabled = z.looseObject({ enabled: z.literal(true, 'The flag is disabled, so it has no attributes.'), ...added });
const served = z.strictObject({ [FLAG]: enabled });
const hosted = z.strictObject({
  version: z.literal('1'),
  flags: z.strictObject({ [FLAG]: z.looseObject({}) }),
  values: served,
});

/** A hosted version's content as a document; a rejection lists every fault. The signature is not checked here. */
export function parseHosted(content: Uint8Array | string): Parsed<PointerDocument> {
  const outer = parseInput(hosted, jsonOf(content));
  return outer.ok ? attributes(outer.value.values) : outer;
}

/** The data plane's answer as a document. The signature is not checked here. */
export function parseServed(content: Uint8Array | string): Parsed<PointerDocument> {
  const outer = parseInput(served, jsonOf(content));
  return outer.ok ? attributes(outer.value) : outer;
}

function attributes(values: z.infer<typeof served>): Parsed<PointerDocument> {
  const { enabled: _, _createdAt, _updatedAt, ...rest } = values[FLAG];
  return parseInput(pointerDocument, rest);
}

function jsonOf(content: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof content === 'string' ? content : Buffer.from(content).toString('utf8'));
  } catch {
    // The schema then says that an object was expected, which is what the caller has to know.
    return undefined;
  }
}
