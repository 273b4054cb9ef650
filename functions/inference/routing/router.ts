import type { PointerDocument } from '../../pointer/document.ts';
import type { Arm } from '../log/prediction.ts';
import { SAFE_FORECAST } from '../predictors/seasonal-naive.ts';
import { type CohortRule, isInCohort, segmentsOf, type Unit } from './cohort.ts';

export type ServedArm = Exclude<Arm, 'shadow'>;

/** Which version forecasts a unit, by the pointer alone: what a version then answers may still lead elsewhere. */
export interface Route {
  /** `version` is the safe forecast's name where the arm is `fallback`. */
  readonly served: { readonly arm: ServedArm; readonly version: string };
  /**
   * Further versions, or the safe forecast's name, that forecast too, for the log. One while a candidate is exposed; two
   * where a kill switch has the safe forecast serve during a canary, since candidate and production stay comparable.
   */
  readonly beside: readonly string[];
  /** Of the document; 0: there is none. */
  readonly revision: number;
  /** Of the document; empty: there is none. */
  readonly promotionId: string;
}

/**
 * Routes one unit at an instant. Without a document the safe forecast serves. A kill switch goes before everything, the
 * canary before production, and a model without a version in production is served by the safe forecast.
 */
export function route(document: PointerDocument | null, unit: Unit, now: Date): Route {
  if (document === null) {
    return { served: { arm: 'fallback', version: SAFE_FORECAST }, beside: [], revision: 0, promotionId: '' };
  }
  const standard = standardOf(document);
  const candidates = candidatesOf(document, now);
  const served = servedBy(document, unit, candidates.canary);
  const both = candidates.all.length === 0 ? [] : [standard.version, ...candidates.all];
  const beside = [...new Set(both)].filter((version) => version !== served.version);
  return { served, beside, revision: document.revision, promotionId: document.promotionId };
}

/** Who serves where there is neither canary nor kill switch: the version in production, or the safe forecast. */
export function standardOf(document: PointerDocument | null): Route['served'] {
  if (document !== null && document.productionVersion !== '') {
    return { arm: 'production', version: document.productionVersion };
  }
  return { arm: 'fallback', version: SAFE_FORECAST };
}

/** The candidates that a document exposes at an instant: past their bounds there are none, whatever the document names. */
export function candidatesOf(
  document: PointerDocument,
  now: Date,
): { readonly canary: string; readonly all: readonly string[] } {
  const shadow = isBefore(now, document.shadowUntil) ? document.shadowVersion : '';
  const exposed = document.canaryPercentage > 0 && isBefore(now, document.canaryUntil);
  const canary = exposed ? document.canaryVersion : '';
  return { canary, all: [canary, shadow].filter((version) => version !== '') };
}

/** The cohort of the canary that a document describes. */
export function cohortOf(document: PointerDocument): CohortRule {
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

function servedBy(document: PointerDocument, unit: Unit, canary: string): Route['served'] {
  if (isKilled(document, unit)) return { arm: 'fallback', version: SAFE_FORECAST };
  if (canary !== '' && isInCohort(cohortOf(document), unit)) return { arm: 'canary', version: canary };
  return standardOf(document);
}

/**
 * A fallback without segments covers everything, unless it only stands in for a version that does not exist yet: then a
 * first canary may serve beside it.
 */
function isKilled({ fallback, fallbackSegments, productionVersion }: PointerDocument, unit: Unit): boolean {
  if (fallback === '') return false;
  if (fallbackSegments.length === 0) return productionVersion !== '';
  const own = segmentsOf(unit);
  return fallbackSegments.some((segment) => own.includes(segment));
}

/** An absent bound is a bound that has passed. */
function isBefore(now: Date, until: string): boolean {
  return now.getTime() < Date.parse(until);
}
