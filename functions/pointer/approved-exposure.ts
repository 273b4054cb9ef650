import * as z from 'zod';
import { plusDuration } from '../platform/duration.ts';
import type { Reason } from '../platform/errors.ts';
import { canonicalJson } from '../platform/json.ts';
import type { PromotionItem } from '../registry/items.ts';
import { hasCandidate, type PointerDocument } from './document.ts';
import type { MoveKind } from './due-move.ts';
import { switchOf } from './switch.ts';

const names = z.array(z.string());

/**
 * What people let a promotion expose, as the entry of their decision has it (promotion/exposure.ts writes it). Nothing has
 * a default here: what an approval does not say was not approved.
 */
const approvedExposure = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('shadow'), shadowVersion: z.string(), maxDuration: z.string() }),
  z.object({
    kind: z.literal('canary'),
    canaryVersion: z.string(),
    unit: z.string(),
    where: z.strictObject({ regions: names, stores: names, skus: names, categories: names }),
    excludedSegments: names,
    steps: z.array(z.object({ percentage: z.number() })),
    maxDuration: z.string(),
  }),
  z.object({
    kind: z.literal('promote'),
    productionVersion: z.string(),
    shadowVersion: z.string(),
    confirmation: z.string(),
  }),
  z.object({ kind: z.literal('restore'), productionVersion: z.string() }),
]);
type ApprovedExposure = z.infer<typeof approvedExposure>;

export interface Exposing {
  readonly kind: MoveKind;
  readonly document: PointerDocument;
  /** `exposure` of the decision that completed the quorum, and when it was made (UTC). */
  readonly approved: { readonly exposure: unknown; readonly at: string };
  /** How far the promotion has come; null for a run that is none. */
  readonly run: Pick<PromotionItem, 'baseline' | 'canaryStep'> | null;
}

/** Why a document exposes more than people approved, longer or to others; null when it does not. */
export function faultOfExposure(exposing: Exposing): Reason | null {
  const { kind, document, approved, run } = exposing;
  if (kind === 'onboard' || kind === 'adopt') return faultOfNone(document);
  if (document.salt !== document.promotionId) {
    return wider('OTHER_SAMPLE', 'Its salt draws other units.', document.salt, document.promotionId);
  }
  const parsed = approvedExposure.safeParse(approved.exposure);
  const unproven = wider('EXPOSURE_NOT_PROVEN', 'The approval says no such exposure.', String(parsed.data?.kind), kind);
  if (!parsed.success || parsed.data.kind !== kind) return unproven;
  if (parsed.data.kind === 'restore') return faultOfRestoration(exposing, parsed.data);
  if (run === null) return unproven;
  switch (parsed.data.kind) {
    case 'shadow':
      return faultOfShadow(exposing, parsed.data, run);
    case 'canary':
      return faultOfCanary(exposing, parsed.data, run);
    case 'promote':
      return faultOfPromotion(exposing, parsed.data);
  }
}

type Of<K extends ApprovedExposure['kind']> = Extract<ApprovedExposure, { readonly kind: K }>;
type Progress = NonNullable<Exposing['run']>;

function faultOfNone(document: PointerDocument): Reason | null {
  const { shadowVersion, canaryVersion, canaryPercentage } = document;
  if (!hasCandidate(document) && canaryPercentage === 0) return null;
  const got = `shadow ${shadowVersion || '-'}, canary ${canaryVersion || '-'} ${canaryPercentage} %`;
  return wider('WIDER_THAN_APPROVED', 'It exposes more than was approved.', got, 'the production version alone');
}

function faultOfShadow({ document, approved }: Exposing, allowed: Of<'shadow'>, run: Progress): Reason | null {
  return (
    faultOfProduction(document, run.baseline) ??
    faultOfNone({ ...document, shadowVersion: '' }) ??
    faultOfVersion(document.shadowVersion, allowed.shadowVersion) ??
    faultOfEnd(document.shadowUntil, plusDuration(approved.at, allowed.maxDuration))
  );
}

function faultOfCanary({ document, approved }: Exposing, allowed: Of<'canary'>, run: Progress): Reason | null {
  return (
    faultOfProduction(document, run.baseline) ??
    faultOfNone({ ...document, canaryVersion: '', canaryPercentage: 0 }) ??
    faultOfVersion(document.canaryVersion, allowed.canaryVersion) ??
    faultOfShare(document.canaryPercentage, allowed, run) ??
    faultOfCohort(document, allowed) ??
    faultOfEnd(document.canaryUntil, plusDuration(approved.at, allowed.maxDuration))
  );
}

/** The version before may run beside the new one for a while; it is not required to. */
function faultOfPromotion({ document, approved }: Exposing, allowed: Of<'promote'>): Reason | null {
  const alone = faultOfNone({ ...document, shadowVersion: '' }) ?? promoted(document, allowed.productionVersion);
  if (alone !== null || document.shadowVersion === '') return alone;
  return (
    faultOfVersion(document.shadowVersion, allowed.shadowVersion) ??
    faultOfEnd(document.shadowUntil, plusDuration(approved.at, allowed.confirmation))
  );
}

/** It lets the version serve that people were asked about, everywhere and alone. */
function faultOfRestoration({ document }: Exposing, { productionVersion }: Of<'restore'>): Reason | null {
  if (document.productionVersion !== productionVersion) return faultOfProduction(document, productionVersion);
  const switched = switchOf(document);
  if (switched === null) return faultOfNone(document);
  const got = `${switched.fallback} in ${switched.fallbackSegments.join(', ') || 'everything'}`;
  return wider('STILL_SWITCHED', 'It goes on with a kill switch.', got, 'none');
}

function promoted({ productionVersion }: PointerDocument, allowed: string): Reason | null {
  if (productionVersion === allowed) return null;
  return wider('OTHER_VERSION', 'It promotes another version than was approved.', productionVersion, allowed);
}

/** Beside a candidate, production stays what the candidate was judged against. */
function faultOfProduction({ productionVersion }: PointerDocument, baseline: string): Reason | null {
  if (productionVersion === baseline) return null;
  const message = 'It changes the production version, which the approval does not.';
  return wider('PRODUCTION_CHANGED', message, productionVersion, baseline);
}

function faultOfVersion(exposed: string, allowed: string): Reason | null {
  return exposed === allowed && exposed !== ''
    ? null
    : wider('OTHER_VERSION', 'It exposes another version than was approved.', exposed, allowed);
}

function faultOfShare(percentage: number, { steps }: Of<'canary'>, { canaryStep }: Progress): Reason | null {
  const step = steps.findIndex((one) => one.percentage === percentage);
  if (step >= 0 && step <= canaryStep) return null;
  const reached = steps.slice(0, canaryStep + 1).map((one) => `${one.percentage} %`);
  return step < 0
    ? wider('WIDER_THAN_APPROVED', 'Its share is no step of the approved plan.', `${percentage} %`, reached.join(', '))
    : wider('STEP_NOT_REACHED', 'The step before has not been held yet.', `${percentage} %`, reached.join(', '));
}

function faultOfCohort(document: PointerDocument, allowed: Of<'canary'>): Reason | null {
  const { unit, canaryRegions, canaryStores, canarySkus, canaryCategories, excludedSegments } = document;
  const got = canonicalJson({
    unit,
    where: { regions: canaryRegions, stores: canaryStores, skus: canarySkus, categories: canaryCategories },
    excludedSegments,
  });
  const { regions, stores, skus, categories } = allowed.where;
  const where = { regions, stores, skus, categories };
  const wanted = canonicalJson({ unit: allowed.unit, where, excludedSegments: allowed.excludedSegments });
  if (got === wanted) return null;
  return wider('WIDER_THAN_APPROVED', 'Its cohort is not drawn from what was approved.', got, wanted);
}

function faultOfEnd(until: string, latest: string): Reason | null {
  // Without an end it would outlive whoever could take it out.
  if (until !== '' && Date.parse(until) <= Date.parse(latest)) return null;
  return wider('LONGER_THAN_APPROVED', 'It ends later than was approved.', until || 'never', `at the latest ${latest}`);
}

function wider(code: string, message: string, got: string, allowed: string): Reason {
  return { code, message, got, allowed };
}
