/** A rule of a judge that was hit: the code of the contract, what was measured and what would have been accepted. */
export interface Finding {
  readonly code: string;
  readonly got: string;
  readonly allowed: string;
}

/** One finding, or none when the rule was not hit. */
export function finding(hit: boolean, code: string, measured: Omit<Finding, 'code'>): readonly Finding[] {
  return hit ? [{ code, ...measured }] : [];
}

/** Sorted by code unit, which is the same on every machine. */
export function byCode(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** A share as text, for example `12.3 %`. */
export function percent(share: number | null, digits = 1): string {
  return share === null ? 'undefined' : `${(share * 100).toFixed(digits)} %`;
}

/** As percent, with its sign. */
export function signed(share: number | null): string {
  return share === null ? 'undefined' : `${share > 0 ? '+' : ''}${percent(share)}`;
}

/** A relative change of the absolute error as text. */
export function change(relWape: number | 'inf' | null): string {
  const unbounded = relWape === 'inf' || relWape === Number.POSITIVE_INFINITY;
  return unbounded ? 'error where the baseline has none' : `${signed(relWape)} error`;
}
