import type { PointerDocument } from '../pointer/document.ts';
import type { VersionItem } from '../registry/items.ts';

/** A version that the model may have to go back to; empty: the safe forecast. */
export interface NeededTarget {
  readonly version: string;
  /** Nothing can take its place: it has to be there. Others are looked at where they are there. */
  readonly required: boolean;
}

type Version = Pick<VersionItem, 'version' | 'status' | 'predecessor'>;

/**
 * What a rollback may have to go back to from a document, each once: the version that serves, while a candidate runs
 * beside it; the version before that one, past withdrawn ones; and the safe forecast, which is always the last.
 */
export function targetsNeeded(live: PointerDocument, versions: readonly Version[]): readonly NeededTarget[] {
  const { productionVersion, previousVersion, canaryVersion, shadowVersion } = live;
  const candidate = canaryVersion !== '' || isCandidate(versions, shadowVersion);
  const before = nearestFit(versions, previousVersion || predecessorOf(versions, productionVersion));
  const required = [candidate ? productionVersion : before, before, ''];
  return [...new Set([productionVersion, ...required])].map((version) => ({
    version,
    required: required.includes(version),
  }));
}

/** The version before runs as shadow for a while after a promotion, and is no candidate. */
function isCandidate(versions: readonly Version[], version: string): boolean {
  return version !== '' && versions.find((item) => item.version === version)?.status === 'candidate';
}

function nearestFit(versions: readonly Version[], first: string): string {
  const seen = new Set<string>();
  for (let version = first; version !== '' && !seen.has(version); version = predecessorOf(versions, version)) {
    seen.add(version);
    const status = versions.find((item) => item.version === version)?.status;
    if (status === 'retained' || status === 'production') return version;
  }
  return '';
}

function predecessorOf(versions: readonly Version[], version: string): string {
  return versions.find((item) => item.version === version)?.predecessor ?? '';
}
