import type { Finding } from './finding.ts';
import type { KeptFinding } from './reconcile-store.ts';

export interface Standing {
  readonly finding: Finding;
  readonly kept: KeptFinding;
}

/** What a look makes of what the looks before left. */
export interface Looked {
  /** Seen for the first time: kept, and not acted on. */
  readonly fresh: readonly KeptFinding[];
  /** Seen again, and not recorded yet. */
  readonly confirmed: readonly Standing[];
  /** Recorded before, and still so. */
  readonly standing: readonly Standing[];
  /** Recorded before, and not so any more. */
  readonly over: readonly KeptFinding[];
  /** Seen once and never again: nothing came of it. */
  readonly passed: readonly KeptFinding[];
}

/** Nothing is acted on at the first look: what is being done, or recorded, may only be seen in between. */
export function lookAgain(before: readonly KeptFinding[], findings: readonly Finding[], now: string): Looked {
  const known = new Map(before.map((kept) => [kept.id, kept]));
  const seen = new Set(findings.map(({ id }) => id));
  const again = findings.flatMap((finding) => {
    const kept = known.get(finding.id);
    return kept === undefined ? [] : [{ finding, kept }];
  });
  const gone = before.filter(({ id }) => !seen.has(id));
  return {
    fresh: findings.filter(({ id }) => !known.has(id)).map(({ id, code }) => ({ id, code, firstSeenAt: now })),
    confirmed: again.filter(({ kept }) => kept.ledgerSeq === undefined),
    standing: again.filter(({ kept }) => kept.ledgerSeq !== undefined),
    over: gone.filter(({ ledgerSeq }) => ledgerSeq !== undefined),
    passed: gone.filter(({ ledgerSeq }) => ledgerSeq === undefined),
  };
}
