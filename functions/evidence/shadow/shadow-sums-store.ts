import * as z from 'zod';
import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import type { ClusterSums } from '../statistics/clustered-ratio.ts';
import { H2, histogramFrom } from '../statistics/histogram.ts';
import type { DuckdbStore } from '../tables/duckdb-store.ts';
import type { ShadowConfig } from './shadow-config.ts';
import { cyclesOf, firstDay } from './shadow-cycles.ts';
import type { LookSums, ShadowEvidence, ShadowRequest } from './shadow-looks.ts';
import {
  BLOCKS,
  blocksSql,
  daySumsSql,
  histogramSql,
  SEGMENT_SUMS,
  SERIES_SUMS,
  SETTLE_PAIRS,
  SHADOW_ROWS,
  seriesSql,
} from './shadow-sql.ts';
import type { DaySums, LookScope, SeriesSums, ShadowSums } from './shadow-sums.ts';

const count = z.union([z.bigint(), z.number()]).transform(Number);
const micros = z.bigint();
const PART = 1_000_000_000_000n;
/** Without a usable key there is no series either, and the day is of no matter. */
const NO_DAY = '1970-01-01';

const day = z.object({
  ...{ day: z.string(), longest: count, keys: count, conflicts: count, conflicting: count, repeated: count },
  ...{ candidateMissing: count, candidateNonfinite: count, candidateNegative: count },
  ...{ productionMissing: count, productionNonfinite: count, productionNegative: count },
  ...{ actualMissing: count, actualInvalid: count, paired: count, actual: micros, candidate: micros },
  ...{ production: micros, candidateError: micros, productionError: micros },
  ...{ usable: count, candidateUnits: micros, productionUnits: micros, spikes: count, revisions: count },
  ...{ candidateMoved: micros, productionMoved: micros, candidateBoth: micros, productionBoth: micros },
}) satisfies z.ZodType<DaySums>;

const clusters = z.object({
  ...{ groups: count, aa_high: micros, aa_middle: micros, aa_low: micros },
  ...{ ab_high: micros, ab_middle: micros, ab_low: micros, bb_high: micros, bb_middle: micros, bb_low: micros },
});
const segment = clusters.extend({
  ...{ segment: z.string(), rows: count, actual: micros, candidate: micros, production: micros },
  ...{ candidateError: micros, productionError: micros },
});
const bin = z.object({ bin: count, n: count, total: micros });

/** Sums by target day over the table `shadow_rows` (shadow-sql.ts), in order of the days. */
export function sumDays(engine: DuckdbStore, config: ShadowConfig): Promise<readonly DaySums[]> {
  return engine.rows(daySumsSql(config), day);
}

/** The series in their cycles, which each of the looks below sums in another way. */
export function groupSeries(engine: DuckdbStore, frame: Pick<LookScope, 'first' | 'cycleDays'>): Promise<void> {
  return engine.run(blocksSql(frame));
}

/** Sums of one look, after `groupSeries` with the same first day and length of a cycle. */
export async function sumSeries(engine: DuckdbStore, scope: LookScope, config: ShadowConfig): Promise<SeriesSums> {
  await engine.run(seriesSql(scope));
  const [series] = await engine.rows(SERIES_SUMS, clusters);
  const [blocks] = await engine.rows(BLOCKS, z.object({ blocks: count }));
  if (series === undefined || blocks === undefined) throw new Error('A statement without grouping answered no row.');
  return {
    series: clustersOf(series),
    blocks: blocks.blocks,
    production: histogramFrom(H2, await engine.rows(histogramSql('p', scope, config.level_floor), bin)),
    candidate: histogramFrom(H2, await engine.rows(histogramSql('c', scope, config.level_floor), bin)),
    segments: (await engine.rows(SEGMENT_SUMS, segment)).map((row) => {
      const { segment: name, rows, actual, candidate, production, candidateError, productionError } = row;
      const sums = { rows, actual, candidate, production, candidateError, productionError };
      return { segment: name, ...sums, series: clustersOf(row) };
    }),
  };
}

/**
 * Sums the shadow of a running stage over tables that `readStage` filled: each look that is not in `taken` yet, or, where
 * no further cycle is complete, the newest again for people to read.
 */
export async function sumShadow(
  engine: DuckdbStore,
  quality: MeasuredQuality,
  { config, taken }: ShadowRequest,
): Promise<ShadowEvidence> {
  await engine.run(SHADOW_ROWS);
  await engine.run(SETTLE_PAIRS);
  const days = await sumDays(engine, config);
  const cycles = cyclesOf(days, config);
  const complete = cycles.filter((cycle) => cycle.complete).map(({ cycle }) => cycle);
  const frame = { first: firstDay(days) ?? NO_DAY, cycleDays: config.cycle_days };
  await groupSeries(engine, frame);
  const open = complete
    .map((_, index) => index + 1)
    .filter((count) => count > taken.cycles && count <= config.max_cycles);
  const looks: LookSums[] = [];
  for (const count of open.length > 0 ? open : [complete.length]) {
    const judged = complete.slice(0, count);
    const scope = { ...frame, judged, upTo: judged.at(-1) ?? null };
    looks.push({ cycles: count, bySeries: await sumSeries(engine, scope, config) });
  }
  return { quality, days, cycles, looks };
}

/** One look at everything in `shadow_rows`. */
export async function sumWhole(engine: DuckdbStore, config: ShadowConfig): Promise<Omit<ShadowSums, 'unreadable'>> {
  const days = await sumDays(engine, config);
  const cycles = cyclesOf(days, config);
  const judged = cycles.filter(({ complete }) => complete).map(({ cycle }) => cycle);
  const frame = { first: firstDay(days) ?? NO_DAY, cycleDays: config.cycle_days };
  await groupSeries(engine, frame);
  return { days, cycles, bySeries: await sumSeries(engine, { ...frame, judged, upTo: null }, config) };
}

/** Products come in parts of 1e24, 1e12 and 1. */
function clustersOf(row: z.infer<typeof clusters>): ClusterSums {
  const whole = (high: bigint, middle: bigint, low: bigint) => (high * PART + middle) * PART + low;
  return {
    groups: row.groups,
    aa: whole(row.aa_high, row.aa_middle, row.aa_low),
    ab: whole(row.ab_high, row.ab_middle, row.ab_low),
    bb: whole(row.bb_high, row.bb_middle, row.bb_low),
  };
}
