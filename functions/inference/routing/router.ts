import type { UnsignedDocument } from '../../pointer/document.ts';
import type { Arm } from '../log/prediction.ts';
import { SAFE_FORECAST } from '../predictors/seasonal-naive.ts';
import { Cohort, type CohortRule } from './cohort.ts';
import { SegmentSet, type Unit } from './unit.ts';

export type ServedArm = Exclude<Arm, 'shadow'>;

/** Who serves. */
export interface Served {
  /** Where the arm is `fallback`, the safe forecast's name. */
  readonly version: string;
  readonly arm: ServedArm;
}

/** Which version forecasts a unit, by the pointer alone: what a version then answers may still lead elsewhere. */
export interface Route extends Served {
  /**
   * Further versions, or the safe forecast's name, that forecast too, for the log. One while a candidate is exposed; two
   * where a kill switch has the safe forecast serve during a canary, since candidate and production stay comparable.
   */
  readonly shadows: readonly string[];
}

/** What routing needs of a document. */
export type RoutingAttributes = Pick<
  UnsignedDocument,
  | 'productionVersion'
  | 'shadowVersion'
  | 'shadowUntil'
  | 'canaryVersion'
  | 'canaryUntil'
  | 'canaryPercentage'
  | 'unit'
  | 'salt'
  | 'canaryRegions'
  | 'canaryStores'
  | 'canarySkus'
  | 'canaryCategories'
  | 'excludedSegments'
  | 'fallback'
  | 'fallbackSegments'
>;

/** The routes of a document between two of its bounds. */
interface Phase {
  readonly killed: Route;
  /** Null while no canary serves. */
  readonly canary: Route | null;
  readonly standard: Route;
}

/**
 * Routes units by one document. Everything that does not depend on the unit is prepared here, once: a decision looks up a
 * few names, hashes a key where a canary serves, and returns a route that exists already.
 */
export class Router {
  /** Who serves where there is neither canary nor kill switch: the version in production, or the safe forecast. */
  readonly standard: Served;
  readonly #cohort: Cohort | null;
  /** Null: there is no kill switch; empty: it covers everything. */
  readonly #killed: SegmentSet | null;
  /** Milliseconds; NaN where nothing is exposed. */
  readonly #canaryUntil: number;
  readonly #shadowUntil: number;
  readonly #alone: Phase;
  readonly #withCanary: Phase;
  readonly #withShadow: Phase;
  readonly #withBoth: Phase;

  /** Without a document the safe forecast serves. */
  constructor(document: RoutingAttributes | null) {
    const safe = document?.fallback || SAFE_FORECAST;
    const production = document?.productionVersion ?? '';
    const canary = document !== null && document.canaryPercentage > 0 ? document.canaryVersion : '';
    const shadow = document?.shadowVersion ?? '';
    this.standard = Object.freeze(
      production === '' ? { version: safe, arm: 'fallback' } : { version: production, arm: 'production' },
    );
    this.#cohort = document === null || canary === '' ? null : new Cohort(cohortOf(document));
    this.#killed = document === null ? null : killSwitchOf(document);
    this.#canaryUntil = canary === '' ? Number.NaN : Date.parse(document?.canaryUntil ?? '');
    this.#shadowUntil = shadow === '' ? Number.NaN : Date.parse(document?.shadowUntil ?? '');
    const who = { safe, standard: this.standard };
    this.#alone = phaseOf(who, '', '');
    this.#withCanary = phaseOf(who, canary, '');
    this.#withShadow = phaseOf(who, '', shadow);
    this.#withBoth = phaseOf(who, canary, shadow);
  }

  /** A kill switch goes before everything, the canary before production. Past its bound a candidate is not exposed. */
  route(unit: Unit, nowMs: number): Route {
    return this.#routeIn(this.#phaseAt(nowMs), unit);
  }

  /** One route per unit, all of the same instant. */
  routeAll(units: readonly Unit[], nowMs: number): readonly Route[] {
    const phase = this.#phaseAt(nowMs);
    return units.map((unit) => this.#routeIn(phase, unit));
  }

  #routeIn(phase: Phase, unit: Unit): Route {
    if (this.#killed !== null && (this.#killed.isEmpty || this.#killed.touches(unit))) return phase.killed;
    if (phase.canary !== null && this.#cohort?.has(unit)) return phase.canary;
    return phase.standard;
  }

  /** An absent bound is a bound that has passed. */
  #phaseAt(nowMs: number): Phase {
    const shadows = nowMs < this.#shadowUntil;
    if (nowMs < this.#canaryUntil) return shadows ? this.#withBoth : this.#withCanary;
    return shadows ? this.#withShadow : this.#alone;
  }
}

/** The cohort of the canary that a document describes. */
export function cohortOf(document: RoutingAttributes): CohortRule {
  return {
    unit: document.unit,
    salt: document.salt,
    percentage: document.canaryPercentage,
    where: {
      regions: document.canaryRegions,
      stores: document.canaryStores,
      skus: document.canarySkus,
      categories: document.canaryCategories,
    },
    excludedSegments: document.excludedSegments,
  };
}

/**
 * A fallback without segments covers everything, unless it only stands in for a version that does not exist yet: then a
 * first canary may serve beside it.
 */
function killSwitchOf({ fallback, fallbackSegments, productionVersion }: RoutingAttributes): SegmentSet | null {
  if (fallback === '' || (fallbackSegments.length === 0 && productionVersion === '')) return null;
  return new SegmentSet(fallbackSegments);
}

/** Wherever a candidate is exposed, production forecasts too. Empty texts: no such candidate. */
function phaseOf(
  { safe, standard }: { readonly safe: string; readonly standard: Served },
  canary: string,
  shadow: string,
): Phase {
  const candidates = [canary, shadow].filter((version) => version !== '');
  const all = candidates.length === 0 ? [] : [...new Set([standard.version, ...candidates])];
  const by = ({ version, arm }: Served): Route =>
    Object.freeze({ version, arm, shadows: Object.freeze(all.filter((one) => one !== version)) });
  return {
    killed: by({ version: safe, arm: 'fallback' }),
    canary: canary === '' ? null : by({ version: canary, arm: 'canary' }),
    standard: by(standard),
  };
}
