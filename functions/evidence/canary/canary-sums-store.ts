import * as z from 'zod';
import { type CohortRule, isEligible, isInCohort, unitKey } from '../../inference/cohort.ts';
import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import { count, only, units } from '../stages/stage-evidence-store.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import {
  ASKED,
  ASSIGNMENT,
  type CanaryTables,
  CLOSED_DAYS,
  daysSql,
  LOOK_DAYS,
  LOOK_MOMENTS,
  SEGMENT_ERRORS,
  STEP_SUMS,
  UNIT_COUNTS,
} from './canary-sql.ts';
import {
  type ArmPair,
  CANARY_METRICS,
  type CanaryEvidence,
  type CanaryLook,
  type CanaryMetric,
} from './canary-sums.ts';

const asked = z.object({
  ...{ sku: z.string(), store: z.string(), region: z.string(), category: z.string(), segments: z.string() },
  step: count,
});
type Asked = z.infer<typeof asked>;
const stepSums = z.object({
  ...{ step: count, expected: count, missing: count, nonfinite: count, negative: count },
  ...{ conflicting: count, outside: count, closedDays: count },
});
const moment = z.bigint();
const moments = z.object({
  ...{ clusters: count, n: moment, d: moment, n0: moment, d0: moment, nn: moment, nd: moment, dd: moment },
  ...{ n0n0: moment, n0d0: moment, d0d0: moment, nn0: moment, nd0: moment, dn0: moment, dd0: moment },
});
const lookMoments = moments.extend({
  ...{ day: z.string(), metric: z.enum(CANARY_METRICS), arm: z.enum(['canary', 'control']) },
});
const segmentError = z.object({
  ...{ segment: z.string(), rows: count, series: count, actual: units },
  ...{ candidateError: units, comparatorError: units },
});
const dated = z.object({ day: z.string() });

export interface CanarySettings extends CanaryTables {
  /** The plan's cohort; the percentage is that of the step. */
  readonly rule: Omit<CohortRule, 'percentage'>;
  /** Percentage by index of the step. */
  readonly percentages: readonly number[];
}

/** Sums for the canary judge, over tables that `readStage` filled. The arms are computed from the plan, not believed. */
export async function sumCanary(
  engine: DuckdbStore,
  quality: MeasuredQuality,
  settings: CanarySettings,
): Promise<CanaryEvidence> {
  await engine.run(ASSIGNMENT);
  const rows = await engine.rows(ASKED, asked);
  await engine.appendTexts(
    'assigned',
    rows.map((row) => assigned(row, settings)),
  );
  await engine.run(daysSql(settings));
  return {
    steps: await engine.rows(STEP_SUMS, stepSums),
    looks: await readLooks(engine),
    days: (await engine.rows(CLOSED_DAYS, dated)).map(({ day }) => day),
    units: await only(engine, UNIT_COUNTS, z.object({ canary: count, control: count, mixed: count })),
    segments: await engine.rows(SEGMENT_ERRORS, segmentError),
    quality,
  };
}

function assigned(row: Asked, { rule, percentages }: CanarySettings): readonly string[] {
  const unit = { ...row, segments: segmentList(row.segments) };
  const step = { ...rule, percentage: percentages[row.step] ?? 0 };
  const arm = !isEligible(step, unit) ? 'none' : isInCohort(step, unit) ? 'canary' : 'control';
  const { sku, store, region, category, segments } = row;
  return [sku, store, region, category, segments, String(row.step), unitKey(rule.unit, unit), arm];
}

/** What is no list names no segments. */
function segmentList(text: string): readonly string[] {
  try {
    const parsed = z.array(z.string()).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : [];
  } catch {
    return [];
  }
}

async function readLooks(engine: DuckdbStore): Promise<readonly CanaryLook[]> {
  const days = await engine.rows(LOOK_DAYS, dated);
  const found = Map.groupBy(await engine.rows(LOOK_MOMENTS, lookMoments), ({ day }) => day);
  return days.map(({ day }) => {
    const metrics: Partial<Record<CanaryMetric, ArmPair>> = {};
    for (const { metric, arm, day: _, ...sums } of found.get(day) ?? []) {
      metrics[metric] = { ...metrics[metric], [arm]: sums };
    }
    return { day, metrics };
  });
}
