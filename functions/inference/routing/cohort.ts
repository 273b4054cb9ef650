import { PrefixedHash } from './murmur3.ts';
import { type Names, namesOf, SegmentSet, type Unit, type UnitKind } from './unit.ts';

/** A canary plan with the salt and the percentage of one of its steps. */
export interface CohortRule {
  /** What is assigned as a whole. */
  readonly unit: UnitKind;
  /** The promotion's id, so that each canary draws another sample. */
  readonly salt: string;
  /** Share of the eligible units, 0 to 100. */
  readonly percentage: number;
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

/** Hashes are below this. */
const HASHES = 2 ** 32;

/**
 * The units that a canary serves, prepared once per rule: a unit is then looked up without an allocation. Raising the
 * percentage only adds units; the same unit is answered the same by everyone who computes this.
 */
export class Cohort {
  readonly #unit: UnitKind;
  readonly #hash: PrefixedHash;
  /** Hashes below it are drawn. */
  readonly #drawnBelow: number;
  readonly #regions: Names;
  readonly #stores: Names;
  readonly #skus: Names;
  readonly #categories: Names;
  readonly #excluded: SegmentSet | null;

  constructor({ unit, salt, percentage, where, excludedSegments }: CohortRule) {
    this.#unit = unit;
    this.#hash = new PrefixedHash(`${salt}|`);
    this.#drawnBelow = (percentage / 100) * HASHES;
    this.#regions = namesOf(where.regions);
    this.#stores = namesOf(where.stores);
    this.#skus = namesOf(where.skus);
    this.#categories = namesOf(where.categories);
    this.#excluded = excludedSegments.length === 0 ? null : new SegmentSet(excludedSegments);
  }

  /** True for a unit that the canary serves: eligible, and drawn. */
  has(unit: Unit): boolean {
    return this.isEligible(unit) && this.draws(unit);
  }

  /**
   * True for a unit that the canary may touch: it matches every list, and no segment of it is excluded. Who does not say
   * of which kind it is where a segment of that kind is excluded is out, since it may be the excluded one.
   */
  isEligible(unit: Unit): boolean {
    return (
      (this.#regions === null || this.#regions.has(unit.region)) &&
      (this.#stores === null || this.#stores.has(unit.store)) &&
      (this.#skus === null || this.#skus.has(unit.sku)) &&
      (this.#categories === null || this.#categories.has(unit.category)) &&
      (this.#excluded === null || (!this.#excluded.touches(unit) && this.#excluded.isToldBy(unit)))
    );
  }

  /** True for a unit that the hash of salt and key picks, eligible or not. */
  draws({ sku, store }: Pick<Unit, 'sku' | 'store'>): boolean {
    return this.#hashOf(sku, store) < this.#drawnBelow;
  }

  /** As `unitKey` has it. */
  #hashOf(sku: string, store: string): number {
    if (this.#unit === 'sku-store') return this.#hash.of(sku, store);
    return this.#hash.of(this.#unit === 'store' ? store : sku);
  }
}
