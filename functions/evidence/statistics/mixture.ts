/**
 * Always-valid p value of a difference `tau` with cluster variance `variance`, one-sided against "not worse", from the
 * one-sided normal mixture with scale `kappa` (Robbins 1970; Johari et al. 2017; Howard et al. 2021):
 * e = (exp(x2 / 2) - 1) 2 / s, s = sqrt((V + k2) / V), x2 = k2 tau2 / (V (V + k2)); p = min(1, 1 / e).
 */
export function alwaysValidP(tau: number, variance: number, kappa: number): number {
  if (tau <= 0) return 1;
  if (variance === 0) return 0;
  const both = variance + kappa * kappa;
  const x2 = (kappa * kappa * tau * tau) / (variance * both);
  const evidence = (Math.expm1(x2 / 2) * 2) / Math.sqrt(both / variance);
  return Math.min(1, 1 / evidence);
}

/**
 * Half width of the confidence sequence that is dual to `alwaysValidP`: tau less it is the lower bound at level
 * 1 - alpha, at every look: sqrt(V (V + k2) / k2 · 2 ln(1 + s / (2 alpha))). 0 without variance, Infinity without scale.
 */
export function mixtureHalfWidth(variance: number, kappa: number, alpha: number): number {
  if (variance === 0) return 0;
  if (kappa === 0) return Number.POSITIVE_INFINITY;
  const both = variance + kappa * kappa;
  const boundary = 2 * Math.log1p(Math.sqrt(both / variance) / (2 * alpha));
  return Math.sqrt(((variance * both) / (kappa * kappa)) * boundary);
}
