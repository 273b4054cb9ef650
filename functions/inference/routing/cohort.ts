import type { UNITS } from '../../pointer/document.ts';

/** What a forecast is asked for, as far as routing needs it. An empty text is a segment that the request does not have. */
export interface Unit {
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  readonly category: string;
  /** Each `kind:value`, besides those derived from the four members above. */
  readonly segments: readonly string[];
}

export interface EligibilityRule {
  /** Lists that do not restrict are empty. */
  readonly where: {
    readonly regions: readonly string[];
    readonly stores: readonly string[];
    readonly skus: readonly string[];
    readonly categories: readonly string[];
  };
  /** Each `kind:value`. */
  readonly excludedSegments: readonly string[];
}

/** A canary plan with the salt and the percentage of one of its steps. */
export interface CohortRule extends EligibilityRule {
  /** What is assigned as a whole. */
  readonly unit: (typeof UNITS)[number];
  /** The promotion's id, so that each canary draws another sample. */
  readonly salt: string;
  /** Share of the eligible units, 0 to 100. */
  readonly percentage: number;
}

/** What a unit is assigned by: all requests with one key go the same way. */
export function unitKey(kind: CohortRule['unit'], { sku, store }: Pick<Unit, 'sku' | 'store'>): string {
  if (kind === 'sku-store') return `${sku}|${store}`;
  return kind === 'store' ? store : sku;
}

/** All segments of a unit: those derived from what it is, then those that the request named. */
export function segmentsOf({ sku, store, region, category, segments }: Unit): readonly string[] {
  const derived = { region, category, store, sku };
  const named = Object.entries(derived).filter(([, value]) => value !== '');
  return [...named.map(([kind, value]) => `${kind}:${value}`), ...segments];
}

/**
 * True for a unit that the canary may touch: it matches every list, and no segment of it is excluded. Who does not say
 * of which `kind` it is where a segment of that kind is excluded is out, since it may be the excluded one.
 */
export function isEligible(rule: EligibilityRule, unit: Unit): boolean {
  const { regions, stores, skus, categories } = rule.where;
  const listed =
    allows(regions, unit.region) &&
    allows(stores, unit.store) &&
    allows(skus, unit.sku) &&
    allows(categories, unit.category);
  if (!listed) return false;
  if (rule.excludedSegments.length === 0) return true;
  const own = segmentsOf(unit);
  return rule.excludedSegments.every(
    (excluded) => !own.includes(excluded) && own.some((segment) => kindOf(segment) === kindOf(excluded)),
  );
}

/**
 * True for a unit that the canary serves: eligible, and drawn by the hash of salt and key. Raising the percentage only
 * adds units; the same unit is answered the same by everyone who computes this.
 */
export function isInCohort(rule: CohortRule, unit: Unit): boolean {
  if (rule.percentage <= 0 || !isEligible(rule, unit)) return false;
  const hash = murmur3(encoder.encode(`${rule.salt}|${unitKey(rule.unit, unit)}`), 0);
  return hash / 2 ** 32 < rule.percentage / 100;
}

const encoder = new TextEncoder();

function allows(list: readonly string[], value: string): boolean {
  return list.length === 0 || list.includes(value);
}

function kindOf(segment: string): string {
  return segment.split(':', 1)[0] ?? '';
}

/** MurmurHash3_x86_32 of Austin Appleby's reference implementation (SMHasher, public domain), as an unsigned number. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const blocksEnd = bytes.length - (bytes.length % 4);
  const byte = (index: number) => bytes[index] ?? 0;
  let hash = seed | 0;
  for (let at = 0; at < blocksEnd; at += 4) {
    hash ^= scrambled(byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
    hash = (Math.imul(rotated(hash, 13), 5) + 0xe6546b64) | 0;
  }
  // Bytes past the end count as zeros, and the scrambled zero of an absent tail changes nothing.
  hash ^= scrambled(byte(blocksEnd) | (byte(blocksEnd + 1) << 8) | (byte(blocksEnd + 2) << 16));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scrambled(block: number): number {
  return Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
