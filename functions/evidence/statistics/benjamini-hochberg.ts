/**
 * Which hypotheses are rejected at false discovery rate `q`, in the order given (Benjamini and Hochberg 1995, step-up).
 * For lists that people read, not for decisions: it bounds the share of false discoveries, not the chance of any.
 */
export function benjaminiHochberg(p: readonly number[], q: number): readonly boolean[] {
  const sorted = p.toSorted((a, b) => a - b);
  const last = sorted.findLastIndex((value, index) => value <= ((index + 1) / p.length) * q);
  const limit = sorted[last] ?? Number.NEGATIVE_INFINITY;
  return p.map((value) => value <= limit);
}
