/**
 * The routing of the public contract (DESIGN.md section 5), written to be read: nothing is prepared, and nothing is shared
 * with the product. The product's router and the conformance files are held against it.
 */

/** Attributes of the pointer as AppConfig serves them; an absent list is empty. */
export interface Attributes {
  readonly productionVersion: string;
  readonly shadowVersion: string;
  readonly canaryVersion: string;
  readonly shadowUntil: string;
  readonly canaryUntil: string;
  readonly canaryPercentage: number;
  readonly unit: string;
  readonly salt: string;
  readonly canaryRegions?: readonly string[];
  readonly canaryStores?: readonly string[];
  readonly canarySkus?: readonly string[];
  readonly canaryCategories?: readonly string[];
  readonly excludedSegments?: readonly string[];
  readonly fallback: string;
  readonly fallbackSegments?: readonly string[];
}

export interface Request {
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  readonly category: string;
  readonly segments: readonly string[];
}

export interface PlainRoute {
  readonly version: string;
  readonly arm: string;
  readonly shadows: readonly string[];
}

export function plainRoute(document: Attributes | null, request: Request, at: string): PlainRoute {
  if (document === null) return { version: 'seasonal-naive', arm: 'fallback', shadows: [] };
  const isBefore = (until: string) => until !== '' && new Date(at).getTime() < new Date(until).getTime();
  const canaryRuns = document.canaryVersion !== '' && document.canaryPercentage > 0 && isBefore(document.canaryUntil);
  const shadowRuns = document.shadowVersion !== '' && isBefore(document.shadowUntil);

  const standard =
    document.productionVersion === ''
      ? { version: document.fallback, arm: 'fallback' }
      : { version: document.productionVersion, arm: 'production' };

  let served = standard;
  if (canaryRuns && plainIsInCohort(document, request)) served = { version: document.canaryVersion, arm: 'canary' };
  if (isKilled(document, request)) served = { version: document.fallback, arm: 'fallback' };

  const forecasting: string[] = [];
  if (canaryRuns || shadowRuns) forecasting.push(standard.version);
  if (canaryRuns) forecasting.push(document.canaryVersion);
  if (shadowRuns) forecasting.push(document.shadowVersion);
  const shadows = forecasting.filter(
    (version, index) => version !== served.version && forecasting.indexOf(version) === index,
  );
  return { ...served, shadows };
}

function isKilled(document: Attributes, request: Request): boolean {
  if (document.fallback === '') return false;
  const segments = document.fallbackSegments ?? [];
  // Without a production version the fallback only stands in for it, so that a first canary can serve.
  if (segments.length === 0) return document.productionVersion !== '';
  return segments.some((segment) => segmentsOf(request).includes(segment));
}

export function plainIsInCohort(document: Attributes, request: Request): boolean {
  const { sku, store, region, category } = request;
  const matches = (list: readonly string[] | undefined, value: string) =>
    list === undefined || list.length === 0 || list.includes(value);
  if (!matches(document.canaryRegions, region)) return false;
  if (!matches(document.canaryStores, store)) return false;
  if (!matches(document.canarySkus, sku)) return false;
  if (!matches(document.canaryCategories, category)) return false;
  for (const excluded of document.excludedSegments ?? []) {
    if (segmentsOf(request).includes(excluded)) return false;
    if (!segmentsOf(request).map(kindOf).includes(kindOf(excluded))) return false;
  }
  const key = { 'sku-store': `${sku}|${store}`, store, sku }[document.unit];
  const hash = plainMurmur3(new TextEncoder().encode(`${document.salt}|${key}`), 0);
  return hash / 2 ** 32 < document.canaryPercentage / 100;
}

function segmentsOf({ sku, store, region, category, segments }: Request): readonly string[] {
  const own: string[] = [...segments];
  if (region !== '') own.push(`region:${region}`);
  if (category !== '') own.push(`category:${category}`);
  if (store !== '') own.push(`store:${store}`);
  if (sku !== '') own.push(`sku:${sku}`);
  return own;
}

function kindOf(segment: string): string {
  const colon = segment.indexOf(':');
  return colon === -1 ? segment : segment.slice(0, colon);
}

/** MurmurHash3_x86_32 in whole numbers without an end, each step cut to 32 bits. */
export function plainMurmur3(bytes: Uint8Array, seed: number): number {
  const cut = (value: bigint) => value & 0xffffffffn;
  const turned = (value: bigint, bits: bigint) => cut(value << bits) | (value >> (32n - bits));
  const scrambled = (block: bigint) => cut(turned(cut(block * 0xcc9e2d51n), 15n) * 0x1b873593n);
  /** Little-endian. */
  const numberOf = (part: Uint8Array) => part.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let hash = BigInt(seed);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash ^= scrambled(numberOf(bytes.subarray(at, at + 4)));
    hash = cut(turned(hash, 13n) * 5n + 0xe6546b64n);
  }
  if (at < bytes.length) hash ^= scrambled(numberOf(bytes.subarray(at)));
  hash ^= BigInt(bytes.length);
  hash = cut((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = cut((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}
