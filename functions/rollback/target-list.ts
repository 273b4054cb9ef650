import type { WaysBack } from '../registry/registry-store.ts';
import { targetsThereAre } from './targets.ts';

/** A version that can be gone back to, as people choose it. Instants are UTC. */
export interface ListedTarget {
  /** Empty: the safe forecast. */
  readonly version: string;
  readonly promotedAt: string | null;
  /** When its document to go back to was last built or looked at, and its artifact checked. */
  readonly provenAt: string | null;
}

/** What can be gone back to from `from`, the newest promotion first; last the safe forecast, to which no version needs to be named. */
export function listTargets(
  { versions, returnDocuments }: Pick<WaysBack, 'versions' | 'returnDocuments'>,
  from: string,
): readonly ListedTarget[] {
  const there = targetsThereAre({ versions, returnDocuments }, from);
  const provenAt = (version: string) => returnDocuments.find((item) => item.version === version)?.preparedAt ?? null;
  const promoted = versions
    .filter(({ version }) => there.includes(version))
    .map(({ version, promotedAt }) => ({ version, promotedAt: promotedAt ?? null, provenAt: provenAt(version) }))
    .toSorted((a, b) => (b.promotedAt ?? '').localeCompare(a.promotedAt ?? ''));
  const safe = provenAt('');
  return safe === null ? promoted : [...promoted, { version: '', promotedAt: null, provenAt: safe }];
}
