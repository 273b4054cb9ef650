import { canonicalJson } from '../../platform/json.ts';
import type { VersionItem } from '../../registry/items.ts';
import type { PointerDocument } from '../document.ts';
import type { RecordedDocument } from '../document-record.ts';

type Exposing = RecordedDocument | PointerDocument;

/**
 * Whether a document lets anything forecast that the accepted one does not: a version that was never promoted or is
 * withdrawn, a candidate, a wider canary, or a version that a kill switch holds back. What was promoted and is not withdrawn
 * is a way back.
 */
export function directionOf(
  live: PointerDocument,
  accepted: RecordedDocument | null,
  versions: readonly VersionItem[],
): 'forward' | 'backward' {
  const isForward =
    !mayServe(live.productionVersion, versions) ||
    exposesMore(live, accepted) ||
    (accepted !== null && leavesFallback(live, accepted));
  return isForward ? 'forward' : 'backward';
}

function mayServe(version: string, versions: readonly VersionItem[]): boolean {
  const status = versions.find((item) => item.version === version)?.status;
  return version === '' || status === 'production' || status === 'retained';
}

function exposesMore(live: PointerDocument, accepted: RecordedDocument | null): boolean {
  const { shadowVersion, canaryVersion, canaryPercentage } = live;
  const shadow =
    shadowVersion !== '' && (shadowVersion !== accepted?.shadowVersion || live.shadowUntil > accepted.shadowUntil);
  if (shadow) return true;
  if (canaryVersion === '') return false;
  if (accepted === null || canaryVersion !== accepted.canaryVersion || live.canaryUntil > accepted.canaryUntil)
    return true;
  return canaryPercentage > accepted.canaryPercentage || cohortOf(live) !== cohortOf(accepted);
}

/** Which units a canary draws from. */
function cohortOf({
  unit,
  salt,
  canaryRegions,
  canaryStores,
  canarySkus,
  canaryCategories,
  excludedSegments,
}: Exposing) {
  return canonicalJson([
    unit,
    salt,
    [canaryRegions, canaryStores, canarySkus, canaryCategories, excludedSegments].map(list),
  ]);
}

function list(names: readonly string[]): string[] {
  return [...names];
}

/** A kill switch stands where a fallback covers a version: what it covers is left by a decision alone. */
function leavesFallback(live: PointerDocument, accepted: RecordedDocument): boolean {
  if (accepted.fallback === '' || accepted.productionVersion === '') return false;
  if (live.productionVersion === '' || (live.fallback !== '' && live.fallbackSegments.length === 0)) return false;
  if (live.fallback === '' || accepted.fallbackSegments.length === 0) return true;
  return accepted.fallbackSegments.some((segment) => !live.fallbackSegments.includes(segment));
}
