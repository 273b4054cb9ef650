import type { ArmMoments } from '../../../functions/evidence/statistics/ratio-effect.ts';

/** One unit of assignment: numerator and denominator now and before, in units. */
export interface Cluster {
  readonly n: number;
  readonly d: number;
  readonly n0: number;
  readonly d0: number;
}

/** The moments that the statements compute, here by the plain meaning of the words. */
export function momentsOf(clusters: readonly Cluster[]): ArmMoments {
  const micro = (units: number) => BigInt(Math.round(units * 1e6));
  const whole = clusters.map(({ n, d, n0, d0 }) => ({ n: micro(n), d: micro(d), n0: micro(n0), d0: micro(d0) }));
  type Name = keyof Cluster;
  const sum = (a: Name, b?: Name) => whole.reduce((total, one) => total + one[a] * (b === undefined ? 1n : one[b]), 0n);
  return {
    clusters: clusters.length,
    ...{ n: sum('n'), d: sum('d'), n0: sum('n0'), d0: sum('d0') },
    ...{ nn: sum('n', 'n'), nd: sum('n', 'd'), dd: sum('d', 'd') },
    ...{ n0n0: sum('n0', 'n0'), n0d0: sum('n0', 'd0'), d0d0: sum('d0', 'd0') },
    ...{ nn0: sum('n', 'n0'), nd0: sum('n', 'd0'), dn0: sum('d', 'n0'), dd0: sum('d', 'd0') },
  };
}
