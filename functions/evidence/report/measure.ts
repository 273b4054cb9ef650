import type { Reason } from '../../platform/errors.ts';
import { signedPercentOf, UNDEFINED } from './numbers.ts';

/** `FAIL`: over its limit. `OPEN`: not shown, or too little data. `WARN`: said, but not held against it. `NONE`: without a limit. */
export type MeasureVerdict = 'OK' | 'FAIL' | 'OPEN' | 'WARN' | 'NONE';

/** One thing that a gate measured, as a line of a table. All numbers are texts with their units. */
export interface Measure {
  readonly name: string;
  readonly candidate: string;
  /** Production, the baseline, or the control units. */
  readonly comparator: string;
  /** The estimate that is judged: a change, a difference, or a ratio of both. */
  readonly estimate: string;
  /** How far the truth may lie from it. */
  readonly bounds: string;
  /** What is allowed. */
  readonly limit: string;
  readonly verdict: MeasureVerdict;
}

const NOTHING = {
  candidate: UNDEFINED,
  comparator: UNDEFINED,
  estimate: UNDEFINED,
  bounds: UNDEFINED,
  limit: UNDEFINED,
} as const;

/** A measure of which only some things are known. */
export function measure(
  name: string,
  verdict: MeasureVerdict,
  known: Partial<Omit<Measure, 'name' | 'verdict'>>,
): Measure {
  return { name, verdict, ...NOTHING, ...known };
}

export const VERDICT_WORDS: Readonly<Record<MeasureVerdict, string>> = {
  OK: 'within limit',
  FAIL: 'over limit',
  OPEN: 'not shown',
  WARN: 'warning',
  NONE: 'no limit',
};

export const VERDICT_TONES: Readonly<Record<MeasureVerdict, 'better' | 'worse' | undefined>> = {
  OK: 'better',
  FAIL: 'worse',
  OPEN: undefined,
  WARN: undefined,
  NONE: undefined,
};

/** The columns of a table of measures; the first names the rows. */
export function measureColumns(comparator: string): readonly string[] {
  return ['Measured', 'Verdict', 'Candidate', comparator, 'Difference', 'Allowed'];
}

interface Codes {
  readonly reasons: readonly Pick<Reason, 'code'>[];
  readonly pending: readonly Pick<Reason, 'code'>[];
  readonly warnings: readonly Pick<Reason, 'code'>[];
}

/** What the findings of a report say about one rule; `otherwise` when they name none of its codes. */
export function verdictOf(
  { reasons, pending, warnings }: Codes,
  codes: readonly string[],
  otherwise: MeasureVerdict = 'OK',
): MeasureVerdict {
  const names = (found: readonly Pick<Reason, 'code'>[]) => found.some(({ code }) => codes.includes(code));
  if (names(reasons)) return 'FAIL';
  if (names(pending)) return 'OPEN';
  return names(warnings) ? 'WARN' : otherwise;
}

/** A threshold of the policy that was applied; null when it has none of that name. */
export function threshold(
  { policy }: { readonly policy: { readonly config: Readonly<Record<string, unknown>> } },
  ...path: readonly string[]
): number | null {
  let found: unknown = policy.config;
  for (const name of path) {
    found = isObject(found) ? found[name] : undefined;
  }
  return typeof found === 'number' ? found : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** `low to high` with the unit that `write` gives both. */
export function between(low: string, high: string): string {
  return low === UNDEFINED && high === UNDEFINED ? UNDEFINED : `${low} to ${high}`;
}

/** An interval of a relative change. */
export function intervalText(interval: readonly [low: number, high: number] | null): string {
  return interval === null ? UNDEFINED : between(signedPercentOf(interval[0]), signedPercentOf(interval[1]));
}
