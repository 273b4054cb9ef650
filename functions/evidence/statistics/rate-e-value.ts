/** Events and calls of one window: those of the canary, then those of the control. */
export type RateWindow = readonly [canaryEvents: number, canaryN: number, controlEvents: number, controlN: number];

/** Rate ratios under which the evidence is averaged. */
const RATIOS = [1.1, 1.25, 1.5, 2, 3, 5, 10];

/**
 * Log e value for "the canary's event rate is higher": per window, given its events, each is one of the canary with
 * probability rho = n_T / (n_T + n_C) under equal rates; log mean over ratios l of exp(sum x ln(l / d) - y ln d) with
 * d = l rho + 1 - rho. Valid at any look under Poisson arrival (after Lindon and Malek 2022).
 */
export function rateLogE(windows: readonly RateWindow[]): number {
  const logs = RATIOS.map((ratio) => windows.reduce((sum, window) => sum + logLikelihoodRatio(window, ratio), 0));
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / RATIOS.length);
}

function logLikelihoodRatio([events, n, controlEvents, controlN]: RateWindow, ratio: number): number {
  if (n + controlN === 0) return 0;
  const rho = n / (n + controlN);
  const d = ratio * rho + 1 - rho;
  return events * Math.log(ratio / d) - controlEvents * Math.log(d);
}
