import { FIRST_LOOK, judgeCanary } from '../../functions/evidence/canary/canary.ts';
import type { CanaryConfig, CanaryMetric } from '../../functions/evidence/canary/canary-config.ts';
import type { CanaryState } from '../../functions/evidence/canary/canary-result.ts';
import {
  type CanarySums,
  type MetricSums,
  NO_MOMENTS,
  NO_SUMS,
  type OpsCounts,
  type OpsWindow,
} from '../../functions/evidence/canary/canary-sums.ts';
import type { ArmMoments } from '../../functions/evidence/statistics/ratio-effect.ts';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import { type Random, seededRandom } from '../../infra/demo/retailer-demand.ts';
import type { Shelves } from './aa-replay-shelves.ts';

export const PRE_DAYS = 28;
export const POST_DAYS = 28;
/** Integer units of the sums: small enough that sums of squares over all clusters are exact as numbers. */
const UNIT = 100;

/** What a canary does to its own units; 1: nothing. */
export interface Harm {
  readonly error: number;
  readonly stock: number;
}
export const NO_HARM: Harm = { error: 1, stock: 1 };

/** Numerator and denominator of each cluster after each day since the start, and before it. */
interface Table {
  /** `look * clusters + cluster`; look 0 is after the first day. */
  readonly n: Float64Array;
  readonly d: Float64Array;
  readonly n0: Float64Array;
  readonly d0: Float64Array;
  /** Rows so far: a cluster without one says nothing yet. */
  readonly seen: Float64Array;
}

/** Everything about one stretch of days that does not depend on who is in the canary. */
export interface Stretch {
  readonly shelves: Shelves;
  readonly tables: Readonly<Record<CanaryMetric, Table>>;
}

/** The stretch whose canary starts `start` days into the shelves. */
export function stretchAt(shelves: Shelves, start: number): Stretch {
  const table = (metric: CanaryMetric) => tableOf(shelves, start, (cell) => cellOf(shelves, metric, cell));
  const [wape, paired_wape] = [table('wape'), table('paired_wape')];
  return { shelves, tables: { wape, paired_wape, stockout: table('stockout'), overstock: table('overstock') } };
}

type Cell = readonly [n: number, d: number] | null;

function cellOf(shelves: Shelves, metric: CanaryMetric, cell: number): Cell {
  const out = (shelves.stockout[cell] ?? 0) === 1;
  const sold = (shelves.sold[cell] ?? 0) * UNIT;
  const error = (forecasts: Float64Array) => Math.abs(Math.round((forecasts[cell] ?? 0) * UNIT) - sold);
  switch (metric) {
    case 'wape':
      return out ? null : [error(shelves.served), sold];
    case 'paired_wape':
      return out ? null : [error(shelves.served), error(shelves.other)];
    case 'stockout':
      return [out ? UNIT : 0, UNIT];
    case 'overstock':
      return [Math.round((shelves.overstock[cell] ?? 0) * UNIT), sold];
  }
}

function tableOf(shelves: Shelves, start: number, of: (cell: number) => Cell): Table {
  const clusters = shelves.units.length;
  const table = {
    ...{ n: new Float64Array(clusters * POST_DAYS), d: new Float64Array(clusters * POST_DAYS) },
    ...{ n0: new Float64Array(clusters), d0: new Float64Array(clusters), seen: new Float64Array(clusters * POST_DAYS) },
  };
  const sum = (cluster: number, from: number, to: number) => {
    let [n, d, seen] = [0, 0, 0];
    for (let day = from; day < to; day += 1) {
      const cell = of(cluster * shelves.days + day);
      if (cell === null) continue;
      [n, d, seen] = [n + cell[0], d + cell[1], seen + 1];
    }
    return [n, d, seen] as const;
  };
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    [table.n0[cluster] = 0, table.d0[cluster] = 0] = sum(cluster, start - PRE_DAYS, start);
    let [n, d, seen] = [0, 0, 0];
    for (let look = 0; look < POST_DAYS; look += 1) {
      const [more, of_, rows] = sum(cluster, start + look, start + look + 1);
      [n, d, seen] = [n + more, d + of_, seen + rows];
      const at = look * clusters + cluster;
      [table.n[at], table.d[at], table.seen[at]] = [n, d, seen];
    }
  }
  return table;
}

interface Members {
  readonly look: number;
  readonly members: readonly number[];
  /** What the numerators are multiplied by. */
  readonly inflate: number;
  /** Clusters whose numerator and denominator change places. */
  readonly swapped?: Uint8Array;
}

/** Moments of the clusters of one arm at one look, as the statements of the product make them. */
function momentsAt(table: Table, { look, members, inflate, swapped }: Members): ArmMoments {
  const offset = look * table.n0.length;
  let [clusters, sn, sd, sn0, sd0, nn, nd, dd] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [n0n0, n0d0, d0d0, nn0, nd0, dn0, dd0] = [0, 0, 0, 0, 0, 0, 0];
  for (const cluster of members) {
    if (table.seen[offset + cluster] === 0) continue;
    const [above, below] = swapped?.[cluster] === 1 ? [table.d, table.n] : [table.n, table.d];
    const n = Math.round((above[offset + cluster] ?? 0) * inflate);
    const d = below[offset + cluster] ?? 0;
    const n0 = table.n0[cluster] ?? 0;
    const d0 = table.d0[cluster] ?? 0;
    clusters += 1;
    sn += n;
    sd += d;
    sn0 += n0;
    sd0 += d0;
    nn += n * n;
    nd += n * d;
    dd += d * d;
    n0n0 += n0 * n0;
    n0d0 += n0 * d0;
    d0d0 += d0 * d0;
    nn0 += n * n0;
    nd0 += n * d0;
    dn0 += d * n0;
    dd0 += d * d0;
  }
  return {
    clusters,
    ...{ n: exactly(sn), d: exactly(sd), n0: exactly(sn0), d0: exactly(sd0) },
    ...{ nn: exactly(nn), nd: exactly(nd), dd: exactly(dd) },
    ...{ n0n0: exactly(n0n0), n0d0: exactly(n0d0), d0d0: exactly(d0d0) },
    ...{ nn0: exactly(nn0), nd0: exactly(nd0), dn0: exactly(dn0), dd0: exactly(dd0) },
  };
}

function exactly(sum: number): bigint {
  if (Math.abs(sum) > Number.MAX_SAFE_INTEGER) throw new Error('The sums of this replay are too large to be exact.');
  return BigInt(sum);
}

/** Sums of each look of one canary. */
function looksOf({ shelves, tables }: Stretch, seed: number, harm: Harm): readonly CanarySums[] {
  const cohort = new Cohort({
    unit: 'sku-store',
    salt: `replay_${seed}`,
    percentage: 50,
    where: EVERYWHERE,
    excludedSegments: [],
  });
  const canary: number[] = [];
  const control: number[] = [];
  for (const [cluster, unit] of shelves.units.entries()) (cohort.has(unit) ? canary : control).push(cluster);
  // Which of two models of nearly the same accuracy is the candidate: a coin for each unit, so that neither is better.
  const coin = seededRandom(seed + 1_000_000);
  const swapped = Uint8Array.from(shelves.units, () => (coin() < 0.5 ? 1 : 0));
  const days = Array.from({ length: POST_DAYS }, (_, day) => `day ${String(day + 1).padStart(2, '0')}`);
  return days.map((_, look) => {
    const between = (metric: Exclude<CanaryMetric, 'paired_wape'>, inflate: number) =>
      metricSums(
        momentsAt(tables[metric], { look, members: canary, inflate }),
        momentsAt(tables[metric], { look, members: control, inflate: 1 }),
      );
    const paired = momentsAt(tables.paired_wape, { look, members: canary, inflate: harm.error, swapped });
    return {
      ...{ quality: NO_SUMS.quality, days: days.slice(0, look + 1) },
      clusters: { canary: canary.length, control: control.length },
      metrics: {
        wape: between('wape', harm.error),
        paired_wape: metricSums(paired, NO_MOMENTS),
        stockout: between('stockout', harm.stock),
        overstock: between('overstock', harm.stock),
      },
    };
  });
}

function metricSums(canary: ArmMoments, control: ArmMoments): MetricSums {
  return { canary, control, before: { n: canary.n0 + control.n0, d: canary.d0 + control.d0 } };
}

const EVERYWHERE = { regions: [], stores: [], skus: [], categories: [] };

/** Invocations of each arm and day, of which these shares fail or are slow, in both arms alike. */
const REQUESTS = 300;
const SHARES = { errors: 0.004, slow: 0.02 };

function windowsOf(random: Random): readonly OpsWindow[] {
  const events = (share: number) => {
    let count = 0;
    for (let request = 0; request < REQUESTS; request += 1) count += random() < share ? 1 : 0;
    return count;
  };
  const counts = (): OpsCounts => ({
    ...{ requests: REQUESTS, errors: events(SHARES.errors), slow: events(SHARES.slow) },
    ...{ expected: 10_000, missing: 0, nonfinite: 0, negative: 0 },
  });
  return Array.from({ length: POST_DAYS }, (_, day) => ({ window: `day ${day}`, canary: counts(), control: counts() }));
}

/** How one canary ended, and when it would have failed had nobody stopped at a pass. */
export interface Outcome {
  readonly decision: 'PASS' | 'FAIL' | 'HORIZON';
  readonly day: number;
  /** Reasons of the first look that found harm, whether or not a pass had ended the canary before it. */
  readonly alarm: readonly string[];
}

/** One canary with a random cohort, looked at after each day, through the product's own judge. */
export function playCanary(
  stretch: Stretch,
  of: { readonly seed: number; readonly harm: Harm; readonly configs: readonly CanaryConfig[] },
): readonly Outcome[] {
  const looks = looksOf(stretch, of.seed, of.harm);
  const windows = windowsOf(seededRandom(of.seed));
  return of.configs.map((config) => judgeLooks(looks, windows, config));
}

function judgeLooks(looks: readonly CanarySums[], windows: readonly OpsWindow[], config: CanaryConfig): Outcome {
  let state: CanaryState = FIRST_LOOK;
  let passed: number | null = null;
  for (const [look, sums] of looks.entries()) {
    const { result } = judgeCanary({ sums, ops: windows.slice(0, look + 1), state }, config);
    const harm = result.reasons.filter((code) => code !== 'NOT_NON_INFERIOR_AT_HORIZON');
    if (harm.length > 0) return { decision: passed === null ? 'FAIL' : 'PASS', day: passed ?? look + 1, alarm: harm };
    if (result.decision === 'PASS') passed ??= look + 1;
    state = result.state;
  }
  return { decision: passed === null ? 'HORIZON' : 'PASS', day: passed ?? looks.length, alarm: [] };
}
