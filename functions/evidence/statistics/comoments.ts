/** Count, means, sums of squared deviations and of their products for pairs (x, y). All 0 without a pair. */
export interface Comoments {
  readonly n: number;
  readonly mean_x: number;
  readonly mean_y: number;
  readonly m2_x: number;
  readonly m2_y: number;
  readonly c_xy: number;
}

const NONE: Comoments = { n: 0, mean_x: 0, mean_y: 0, m2_x: 0, m2_y: 0, c_xy: 0 };

/** Of pairs seen one by one (Welford 1962). */
export function comomentsOf(pairs: readonly (readonly [x: number, y: number])[]): Comoments {
  return mergeComoments(pairs.map(([x, y]) => ({ ...NONE, n: 1, mean_x: x, mean_y: y })));
}

/** Of all pairs of the parts together, without the cancellation of sums of squares (Chan, Golub and LeVeque 1983). */
export function mergeComoments(parts: readonly Comoments[]): Comoments {
  return parts.reduce(merge, NONE);
}

function merge(a: Comoments, b: Comoments): Comoments {
  if (a.n === 0) return b;
  if (b.n === 0) return a;
  const n = a.n + b.n;
  const [dx, dy] = [b.mean_x - a.mean_x, b.mean_y - a.mean_y];
  const weight = (a.n * b.n) / n;
  return {
    n,
    mean_x: a.mean_x + (dx * b.n) / n,
    mean_y: a.mean_y + (dy * b.n) / n,
    m2_x: a.m2_x + b.m2_x + dx * dx * weight,
    m2_y: a.m2_y + b.m2_y + dy * dy * weight,
    c_xy: a.c_xy + b.c_xy + dx * dy * weight,
  };
}
