import * as z from 'zod';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { CANARY_METRICS, type CanaryMetric } from './canary-config.ts';
import {
  ARM_CONFLICTS,
  BEFORE_SUMS,
  LOOK_DAYS,
  lookMomentsSql,
  NEWEST_MOMENTS,
  RETURNED_CLUSTERS,
  type SettleRequest,
  settleArmsSql,
} from './canary-sql.ts';
import { type CanaryQuality, type CanarySums, type MetricSums, NO_METRIC } from './canary-sums.ts';

const count = z.union([z.bigint(), z.number()]).transform(Number);
const whole = z.bigint();
const metric = z.enum(CANARY_METRICS);
const moments = z.object({
  ...{ look: count, metric, arm: z.enum(['canary', 'control']), clusters: count },
  ...{ n: whole, d: whole, n0: whole, d0: whole, nn: whole, nd: whole, dd: whole },
  ...{ n0n0: whole, n0d0: whole, d0d0: whole, nn0: whole, nd0: whole, dn0: whole, dd0: whole },
});
const before = z.object({ metric, n: whole, d: whole });
const returned = z.object({ look: count, canary: count, control: count });
const dated = z.object({ day: z.string(), look: count });

/**
 * Sums of each look over the canonical tables (canary-sql.ts), in order. `from`: looks before it are left out. `quality`
 * is what was found while the tables were filled.
 */
export async function sumLooks(
  engine: DuckdbStore,
  quality: Omit<CanaryQuality, 'arm_conflicts'>,
  { from, ...request }: SettleRequest & { readonly from: number },
): Promise<readonly CanarySums[]> {
  await engine.run(settleArmsSql(request));
  const found = await readSums(engine, quality, lookMomentsSql({ from }));
  return found.days.filter(({ look }) => look >= from).map(({ look }) => found.sumsOf(look));
}

/** As `sumLooks`, of everything that there is: also where no day has outcomes yet. */
export async function sumWhole(
  engine: DuckdbStore,
  quality: Omit<CanaryQuality, 'arm_conflicts'>,
  request: SettleRequest,
): Promise<CanarySums> {
  await engine.run(settleArmsSql(request));
  const { days, sumsOf } = await readSums(engine, quality, NEWEST_MOMENTS);
  return sumsOf(days.at(-1)?.look ?? 0);
}

async function readSums(engine: DuckdbStore, quality: Omit<CanaryQuality, 'arm_conflicts'>, momentsSql: string) {
  const days = await engine.rows(LOOK_DAYS, dated);
  const pre = await engine.rows(BEFORE_SUMS, before);
  const arms = await engine.rows(RETURNED_CLUSTERS, returned);
  const found = Map.groupBy(await engine.rows(momentsSql, moments), ({ look }) => look);
  const [{ conflicts } = { conflicts: 0 }] = await engine.rows(ARM_CONFLICTS, z.object({ conflicts: count }));
  const sumsOf = (look: number): CanarySums => {
    const { canary = 0, control = 0 } = arms.find((one) => one.look === look) ?? {};
    return {
      quality: { ...quality, arm_conflicts: conflicts },
      days: days.filter((one) => one.look <= look).map(({ day }) => day),
      clusters: { canary, control },
      metrics: metricsOf(found.get(look) ?? [], pre),
    };
  };
  return { days, sumsOf };
}

function metricsOf(
  found: readonly z.infer<typeof moments>[],
  pre: readonly z.infer<typeof before>[],
): CanarySums['metrics'] {
  const metrics: Partial<Record<CanaryMetric, MetricSums>> = {};
  for (const { metric: name, n, d } of pre) metrics[name] = { ...NO_METRIC, before: { n, d } };
  for (const { metric: name, arm, look: _, ...sums } of found) {
    metrics[name] = { ...(metrics[name] ?? NO_METRIC), [arm]: sums };
  }
  return metrics;
}
