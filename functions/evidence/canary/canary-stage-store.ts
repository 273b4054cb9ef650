import * as z from 'zod';
import { Cohort, type CohortRule } from '../../inference/routing/cohort.ts';
import { type Unit, unitKey } from '../../inference/routing/unit.ts';
import type { SegmentSums } from '../stages/segment-accuracy.ts';
import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import { count, only } from '../stages/stage-evidence-store.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { CANARY_TABLES } from './canary-sql.ts';
import type { CanaryEvidence, StepWindow } from './canary-stage.ts';
import {
  ASKED,
  ASSIGNED,
  CLOSED_DAYS,
  canaryRowsSql,
  opsWindowsSql,
  ROWS_USED,
  SEGMENT_SUMS,
  STEPS,
  type StageTables,
  UNIT_COUNTS,
  unitsSql,
} from './canary-stage-sql.ts';
import { NO_OPS, type OpsCounts } from './canary-sums.ts';
import { sumLooks } from './canary-sums-store.ts';

const asked = z.object({
  ...{ sku: z.string(), store: z.string(), region: z.string(), category: z.string(), segments: z.string() },
  step: count,
});
const step = z.object({ step: count, outside: count, closedDays: count });
const window = z.object({
  ...{ step: count, window: z.string(), arm: z.enum(['canary', 'control']), requests: count, errors: count },
  ...{ expected: count, missing: count, nonfinite: count, negative: count },
});
const whole = z.bigint();
const segment = z.object({
  ...{ segment: z.string(), rows: count, groups: count, actual: whole, candidate: whole, production: whole },
  ...{ a: whole, b: whole, aa: whole, ab: whole, bb: whole },
});

export interface CohortSettings {
  /** The plan's cohort; the percentage is that of the step. */
  readonly rule: Omit<CohortRule, 'percentage'>;
  /** Percentage by index of the step. */
  readonly percentages: readonly number[];
}

export interface CanarySettings extends StageTables, CohortSettings {}

/** Sums for the canary judge, over tables that `readStage` filled. The arms are computed from the plan, not believed. */
export async function sumCanary(
  engine: DuckdbStore,
  quality: MeasuredQuality,
  settings: CanarySettings,
): Promise<CanaryEvidence> {
  await assignUnits(engine, settings);
  await engine.run(unitsSql(settings));
  await engine.run(CANARY_TABLES);
  await engine.run(canaryRowsSql(settings));
  const { rows } = await only(engine, ROWS_USED, z.object({ rows: count }));
  const measured = {
    ...{ rows, bad_rows: quality.outcomesUnreadable, duplicate_rows: quality.outcomeDuplicates },
    conflicting_keys: quality.outcomeConflicts,
  };
  return {
    steps: await engine.rows(STEPS, step),
    windows: windowsOf(await engine.rows(opsWindowsSql(settings), window)),
    looks: await sumLooks(engine, measured, { frozen: true, from: 1 }),
    days: (await engine.rows(CLOSED_DAYS, z.object({ day: z.string() }))).map(({ day }) => day),
    units: await only(engine, UNIT_COUNTS, z.object({ canary: count, control: count, mixed: count })),
    segments: (await engine.rows(SEGMENT_SUMS, segment)).map(segmentOf),
    quality,
  };
}

/** Fills `assigned` with the arm of everybody who was asked for, at each step, as the plan has it. */
export async function assignUnits(engine: DuckdbStore, { rule, percentages }: CohortSettings): Promise<void> {
  await engine.run(ASSIGNED);
  const rows = await engine.rows(ASKED, asked);
  const cohorts = percentages.map((percentage) => new Cohort({ ...rule, percentage }));
  const nobody = new Cohort({ ...rule, percentage: 0 });
  // A business names few lists of segments, for all of its units.
  const lists = new Map([...new Set(rows.map(({ segments }) => segments))].map((text) => [text, segmentList(text)]));
  await engine.appendTexts(
    'assigned',
    rows.map((row) => {
      const unit = { ...row, segments: lists.get(row.segments) ?? [] };
      const { sku, store, region, category, segments } = row;
      const arm = armOf(cohorts[row.step] ?? nobody, unit);
      return [sku, store, region, category, segments, String(row.step), unitKey(rule.unit, unit), arm];
    }),
  );
}

function armOf(cohort: Cohort, unit: Unit): 'canary' | 'control' | 'none' {
  if (!cohort.isEligible(unit)) return 'none';
  return cohort.draws(unit) ? 'canary' : 'control';
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

function windowsOf(rows: readonly z.infer<typeof window>[]): readonly StepWindow[] {
  return [...Map.groupBy(rows, (row) => `${row.step} ${row.window}`).values()].flatMap((same) => {
    const [first] = same;
    const of = (wanted: 'canary' | 'control'): OpsCounts => {
      const found = same.find(({ arm }) => arm === wanted);
      if (found === undefined) return { ...NO_OPS, slow: null };
      const { requests, errors, expected, missing, nonfinite, negative } = found;
      return { requests, errors, slow: null, expected, missing, nonfinite, negative };
    };
    return first === undefined
      ? []
      : [{ step: first.step, window: first.window, canary: of('canary'), control: of('control') }];
  });
}

function segmentOf(row: z.infer<typeof segment>): SegmentSums {
  const { segment: name, rows, groups, actual, candidate, production, a, b, aa, ab, bb } = row;
  const sums = { rows, actual, candidate, production, candidateError: a, productionError: b };
  return { segment: name, ...sums, series: { groups, aa, ab, bb } };
}
