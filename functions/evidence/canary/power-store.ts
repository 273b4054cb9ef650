import * as z from 'zod';
import { count, only } from '../stages/stage-evidence-store.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { CANARY_METRICS, type CanaryMetric } from './canary-config.ts';
import { CANARY_TABLES, settleArmsSql } from './canary-sql.ts';
import { unitsSql } from './canary-stage-sql.ts';
import { assignUnits, type CohortSettings } from './canary-stage-store.ts';
import type { PowerEvidence, PowerMetric } from './power.ts';
import { POWER_CLUSTERS, POWER_SPAN, powerBeforeSql, powerMomentsSql, powerRowsSql } from './power-sql.ts';

const whole = z.bigint();
const metric = z.enum(CANARY_METRICS);
const moments = z.object({
  ...{ metric, clusters: count, n: whole, d: whole, n0: whole, d0: whole, nn: whole, nd: whole, dd: whole },
  ...{ n0n0: whole, n0d0: whole, d0d0: whole, nn0: whole, nd0: whole, dn0: whole, dd0: whole },
});
const before = z.object({ metric, n: whole, d: whole });
const span = z.object({ days: count, last: z.string().nullable(), span: count, paired: count });

/** Fewer days of a pre-period say nothing of a demand that has weeks. */
const LEAST_BEFORE = 7;

export interface PowerSettings {
  /** The plan's cohort; the percentage is that of its last step. */
  readonly rule: CohortSettings['rule'];
  readonly percentage: number;
  /** Share of the series whose outcome must be known before a day counts. */
  readonly minShare: number;
  /** Days of mean demand that a stock may cover. */
  readonly coverDays: number;
  /** Lengths of a canary that are of interest, in days: those of its planned looks. */
  readonly lengths: readonly number[];
}

/**
 * What the power check rests on, over tables that `readStage` filled for a shadow: the cohort of the plan's last step
 * among those who were asked for, and how much each metric differs between them. Uses the canonical tables of a canary,
 * which must not be there yet.
 */
export async function sumPower(engine: DuckdbStore, settings: PowerSettings): Promise<PowerEvidence> {
  await assignUnits(engine, { rule: settings.rule, percentages: [settings.percentage] });
  await engine.run(unitsSql(settings));
  await engine.run(CANARY_TABLES);
  await engine.run(powerRowsSql(settings));
  await engine.run(settleArmsSql({ frozen: false }));
  const known = await only(engine, POWER_SPAN, span);
  const { last } = known;
  return {
    clusters: await only(engine, POWER_CLUSTERS, z.object({ canary: count, control: count })),
    days: known.days,
    metrics: last === null ? {} : await metricsOf(engine, { ...known, last }, settings),
  };
}

async function metricsOf(
  engine: DuckdbStore,
  known: { readonly last: string; readonly span: number; readonly paired: number },
  { lengths }: PowerSettings,
): Promise<PowerEvidence['metrics']> {
  const found: Partial<Record<CanaryMetric, PowerMetric>> = {};
  for (const { metric: name, ...sums } of await engine.rows(powerBeforeSql(known), before)) {
    found[name] = { before: sums, windows: [] };
  }
  for (const days of lengths.toSorted((a, b) => a - b)) {
    for (const { metric: name, ...sums } of await engine.rows(powerMomentsSql({ ...known, days }), moments)) {
      const own = found[name];
      const reaches = name === 'paired_wape' ? days <= known.paired : days + LEAST_BEFORE <= known.span;
      if (own !== undefined && reaches) found[name] = { ...own, windows: [...own.windows, { days, moments: sums }] };
    }
  }
  return found;
}
