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

/** What is assigned as a whole. */
export type UnitKind = (typeof UNITS)[number];

/** What a unit is assigned by: all requests with one key go the same way. */
export function unitKey(kind: UnitKind, { sku, store }: Pick<Unit, 'sku' | 'store'>): string {
  if (kind === 'sku-store') return `${sku}|${store}`;
  return kind === 'store' ? store : sku;
}

/** Names to be looked up; null stands for none, which costs nothing to look up. */
export type Names = ReadonlySet<string> | null;

export function namesOf(list: readonly string[]): Names {
  return list.length === 0 ? null : new Set(list);
}

/** Segments that a document lists, each `kind:value`, prepared so that a unit is compared with them without an allocation. */
export class SegmentSet {
  readonly #listed: Names;
  /** Values of the kinds that a unit has by what it is. */
  readonly #regions: Names;
  readonly #categories: Names;
  readonly #stores: Names;
  readonly #skus: Names;
  readonly #kinds: readonly string[];

  constructor(segments: readonly string[]) {
    this.#listed = namesOf(segments);
    this.#regions = valuesOf('region', segments);
    this.#categories = valuesOf('category', segments);
    this.#stores = valuesOf('store', segments);
    this.#skus = valuesOf('sku', segments);
    this.#kinds = [...new Set(segments.map(kindOf))];
  }

  get isEmpty(): boolean {
    return this.#listed === null;
  }

  /** True when one of the unit's segments is listed: those derived from what it is, or those that the request named. */
  touches(unit: Unit): boolean {
    if (this.#listed === null) return false;
    if (this.#regions?.has(unit.region) || this.#categories?.has(unit.category)) return true;
    if (this.#stores?.has(unit.store) || this.#skus?.has(unit.sku)) return true;
    for (const segment of unit.segments) if (this.#listed.has(segment)) return true;
    return false;
  }

  /** True when the unit says of every listed kind which one it is. */
  isToldBy(unit: Unit): boolean {
    for (const kind of this.#kinds) if (!says(unit, kind)) return false;
    return true;
  }

  /** Listed kinds of which the unit does not say which one it is. */
  untoldBy(unit: Unit): readonly string[] {
    return this.#kinds.filter((kind) => !says(unit, kind));
  }
}

/** Values of one kind. Without a value there is no derived segment, so an empty one matches no unit. */
function valuesOf(kind: string, segments: readonly string[]): Names {
  const values = segments.filter((segment) => segment.startsWith(`${kind}:`)).map((one) => one.slice(kind.length + 1));
  return namesOf(values.filter((value) => value !== ''));
}

function says(unit: Unit, kind: string): boolean {
  if (kind === 'region' && unit.region !== '') return true;
  if (kind === 'category' && unit.category !== '') return true;
  if (kind === 'store' && unit.store !== '') return true;
  if (kind === 'sku' && unit.sku !== '') return true;
  for (const segment of unit.segments) if (isOfKind(segment, kind)) return true;
  return false;
}

function kindOf(segment: string): string {
  return segment.split(':', 1)[0] ?? '';
}

/** `kindOf(segment) === kind`, without making a text. */
function isOfKind(segment: string, kind: string): boolean {
  return segment.startsWith(kind) && (segment.length === kind.length || segment[kind.length] === ':');
}
