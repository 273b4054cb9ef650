import { plusDuration } from '../platform/duration.ts';
import type { PromotionItem } from '../registry/items.ts';
import { clipText, type PointerDocument, type UnsignedDocument } from './document.ts';
import { notVouched } from './not-vouched.ts';
import { type Switch, switchOf, widened } from './switch.ts';

/** Who let a document out, and why. */
export interface Sanction {
  readonly promotionId: string;
  /** `Name <address>` of each approver. */
  readonly approvedBy: readonly string[];
  readonly approvedAt: string;
  readonly reason: string;
}

const NO_CANDIDATE = {
  shadowVersion: '',
  canaryVersion: '',
  shadowUntil: '',
  canaryUntil: '',
  canaryPercentage: 0,
  canaryRegions: [],
  canaryStores: [],
  canarySkus: [],
  canaryCategories: [],
  excludedSegments: [],
} as const;

function sanctioned(sanction: Sanction) {
  const { promotionId, approvedBy, approvedAt, reason } = sanction;
  return { promotionId, salt: promotionId, approvedBy, approvedAt, reason: clipText(reason) };
}

/** The document that onboarding deploys: no version yet, the safe forecast serves. */
export function firstDocument(revision: number, sanction: Sanction, safeForecast: string): UnsignedDocument {
  return {
    schema: 1,
    revision,
    productionVersion: '',
    previousVersion: '',
    ...NO_CANDIDATE,
    unit: 'sku-store',
    fallback: safeForecast,
    fallbackSegments: [],
    ...sanctioned(sanction),
    manifestSha256: '',
  };
}

/** What every further document is built on. */
export interface Ground {
  readonly deployed: PointerDocument;
  readonly revision: number;
  readonly sanction: Sanction;
  /** What goes back if production goes wrong; empty when there is none, or it was withdrawn. */
  readonly previousVersion: string;
  /**
   * The kill switch that stands, as the registry has it: a rollback to the safe forecast may have left a document that
   * carries none.
   */
  readonly standing?: Switch | null;
}

type Candidate = Pick<PromotionItem, 'version' | 'plan'>;

/** The deployed document with the candidate beside production: it forecasts every request, and nobody is served by it. */
export function shadowDocument(ground: Ground, { version, plan }: Candidate): UnsignedDocument {
  const shadowUntil = plusDuration(ground.sanction.approvedAt, plan.shadow.maxDuration);
  return { ...grown(ground), shadowVersion: version, shadowUntil };
}

/**
 * The deployed document with the candidate at a share of the units. All steps of a canary end at the same moment and,
 * by their salt, each holds the units of the step before.
 * @throws ReleaseError NOT_VOUCHED for a step that the approved plan does not have
 */
export function canaryDocument(ground: Ground, { version, plan }: Candidate, step: number): UnsignedDocument {
  const { unit, where, excludedSegments, steps, maxDuration } = plan.canary;
  const share = steps[step];
  if (share === undefined) {
    throw notVouched('NO_SUCH_STEP', 'The approved plan has no such step.', `${step}`, `0 to ${steps.length - 1}`);
  }
  return {
    ...grown(ground),
    canaryVersion: version,
    canaryPercentage: share.percentage,
    canaryUntil: plusDuration(ground.sanction.approvedAt, maxDuration),
    unit,
    canaryRegions: where.regions,
    canaryStores: where.stores,
    canarySkus: where.skus,
    canaryCategories: where.categories,
    excludedSegments,
  };
}

export interface NewProduction {
  readonly version: string;
  readonly manifestSha256: string;
  /** For how long the version before runs as shadow, as the comparator of the new one (ISO 8601). */
  readonly confirmation: string;
}

/**
 * The deployed document with another production version; the one before runs beside it until the new one is confirmed.
 * The fallback ends where it stood in for a version that did not exist; one that a kill switch set stays, since leaving
 * it is a decision of its own.
 */
export function productionDocument(ground: Ground, next: NewProduction): UnsignedDocument {
  const before = ground.previousVersion === next.version ? '' : ground.previousVersion;
  return {
    ...grown(ground),
    ...servedBy(ground, next),
    shadowVersion: before,
    shadowUntil: before === '' ? '' : plusDuration(ground.sanction.approvedAt, next.confirmation),
  };
}

/** The first document with a version that served the business before the model was onboarded. */
export function adoptedDocument(ground: Ground, next: Omit<NewProduction, 'confirmation'>): UnsignedDocument {
  return { ...grown(ground), ...servedBy(ground, next), previousVersion: '' };
}

function grown({ deployed, revision, sanction, previousVersion, standing = null }: Ground): UnsignedDocument {
  const carried = standing === null ? {} : widened(standing, switchOf(deployed));
  return { ...unsigned(deployed), ...NO_CANDIDATE, revision, previousVersion, ...carried, ...sanctioned(sanction) };
}

function servedBy(
  { deployed, standing = null }: Ground,
  { version, manifestSha256 }: Omit<NewProduction, 'confirmation'>,
) {
  const carried = widened(standing, switchOf(deployed)) ?? NO_SWITCH;
  return { productionVersion: version, manifestSha256, ...carried };
}

const NO_SWITCH: Switch = { fallback: '', fallbackSegments: [] };

/**
 * The deployed document as it serves once a kill switch is left: its own version everywhere; where there is none, the safe
 * forecast of the model's policy.
 */
export function restoredDocument(ground: Ground, safeForecast: string): UnsignedDocument {
  return { ...grown({ ...ground, standing: null }), ...unswitched(ground.deployed, safeForecast) };
}

function unswitched({ productionVersion }: PointerDocument, safeForecast: string): Switch {
  return productionVersion === '' ? { ...NO_SWITCH, fallback: safeForecast } : NO_SWITCH;
}

/** The document to go back to: what is deployed now, without a candidate; who approved it stays as it was. */
export function returnDocument(deployed: PointerDocument, revision: number): UnsignedDocument {
  return { ...unsigned(deployed), ...NO_CANDIDATE, revision, previousVersion: '', salt: '' };
}

/** A document to go back to while a kill switch stands: its version, but for what the switch covers. */
export function switchedReturn(
  base: PointerDocument,
  revision: number,
  { fallback, fallbackSegments, reason }: Switch & { readonly reason: string },
): UnsignedDocument {
  return { ...returnDocument(base, revision), fallback, fallbackSegments, reason: clipText(reason) };
}

/** A document to go back to once no kill switch stands any more. */
export function unswitchedReturn(
  base: PointerDocument,
  revision: number,
  { safeForecast, reason }: { readonly safeForecast: string; readonly reason: string },
): UnsignedDocument {
  return { ...returnDocument(base, revision), ...unswitched(base, safeForecast), reason: clipText(reason) };
}

function unsigned(document: PointerDocument): UnsignedDocument {
  const { signature: _, ...rest } = document;
  return rest;
}
