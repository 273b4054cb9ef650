import { chiSquareUpperTail } from './distributions.ts';

export interface SampleRatio {
  readonly canary: number;
  readonly control: number;
  readonly chi2: number | null;
  readonly p: number | null;
}

/** Below this many expected units in an arm the chi-square distribution does not describe the statistic. */
const LEAST_EXPECTED = 5;

/**
 * Chi-square test (Pearson 1900, 1 degree of freedom) of the units that returned data against the configured share of
 * the canary (Fabijan et al. 2019). Null with fewer than 5 expected units in an arm.
 */
export function sampleRatio(canary: number, control: number, expectedShare: number): SampleRatio {
  const n = canary + control;
  const [inCanary, inControl] = [n * expectedShare, n * (1 - expectedShare)];
  if (Math.min(inCanary, inControl) < LEAST_EXPECTED) return { canary, control, chi2: null, p: null };
  const chi2 = (canary - inCanary) ** 2 / inCanary + (control - inControl) ** 2 / inControl;
  return { canary, control, chi2, p: chiSquareUpperTail(chi2, 1) };
}
