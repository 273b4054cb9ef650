import * as z from 'zod';
import type { ShadowPolicy } from '../../registry/policy.ts';
import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import { count, units } from '../stages/stage-evidence-store.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import { cyclesSql, listCyclesSql, shadowSumsSql } from './shadow-sql.ts';
import type { ShadowEvidence } from './shadow-sums.ts';

const cycle = z.object({ cycle: count, from: z.string(), to: z.string(), complete: z.boolean() });
/** Twice the mean of two forecasts. */
const level = units.transform((both) => both / 2);
const group = z.object({
  ...{ segment: z.string(), cycle: count, keys: count, conflicting: count, paired: count, newSeries: count },
  ...{ candidateMissing: count, candidateNonfinite: count, candidateNegative: count },
  ...{ actual: units, candidate: units, comparator: units, candidateError: units, comparatorError: units },
  ...{ compared: count, spikes: count, revisions: count },
  ...{ candidateMoved: units, comparatorMoved: units, candidateLevel: level, comparatorLevel: level },
});

/** Sums for the shadow judge, over tables that `readStage` filled. */
export async function sumShadow(
  engine: DuckdbStore,
  quality: MeasuredQuality,
  thresholds: ShadowPolicy,
): Promise<ShadowEvidence> {
  await engine.run(cyclesSql(thresholds));
  return {
    cycles: await engine.rows(listCyclesSql(thresholds.cycle_days), cycle),
    groups: await engine.rows(shadowSumsSql(thresholds), group),
    quality,
  };
}
