import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ShadowConfig, shadowConfig } from '../../../functions/evidence/shadow/shadow-config.ts';
import { cycleOf, cyclesOf, firstDay } from '../../../functions/evidence/shadow/shadow-cycles.ts';
import { judgeShadowFiles } from '../../../functions/evidence/shadow/shadow-files-store.ts';
import type { ShadowEvidence } from '../../../functions/evidence/shadow/shadow-looks.ts';
import type { ShadowResult } from '../../../functions/evidence/shadow/shadow-result.ts';
import type { DaySums, SeriesSums, ShadowSums } from '../../../functions/evidence/shadow/shadow-sums.ts';
import type { SegmentSums } from '../../../functions/evidence/stages/segment-accuracy.ts';
import type { ClusterSums } from '../../../functions/evidence/statistics/clustered-ratio.ts';
import { H2, histogramOf } from '../../../functions/evidence/statistics/histogram.ts';
import { plusDays } from '../../../functions/platform/duration.ts';

/** A cell as it stands in a file. */
export type Cell = number | string;

/** A row of a shadow: a key, its actual and both forecasts. */
export interface Row {
  readonly origin: string;
  readonly target: string;
  readonly sku: string;
  readonly store: string;
  readonly y: Cell;
  readonly c: Cell;
  readonly p: Cell;
  readonly region?: string;
}

export const thresholds = (members: Partial<ShadowConfig> = {}): ShadowConfig =>
  shadowConfig.parse({ ...{ min_rows: 50, min_series: 3, churn_min_pairs: 20 }, ...members });

export const NO_LOOK = { decisions: 0, cycles: 0 };
export const FIRST = '2026-03-02';

/** Between -1 and 1, the same on every machine, and without any order in it that anybody would notice. */
export function noise(...of: readonly number[]): number {
  const angle = of.reduce((sum, one, index) => sum + one * (12.9898 + 65.345 * index), 1);
  const value = Math.sin(angle) * 43_758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

/** What a version forecasts: of the demand, for a series on a day, so many days ahead. */
export type Model = (demand: number, at: { series: number; day: number; ahead: number }) => Cell;

/** Off by some 20 %, the same at each origin. */
export const steady: Model = (demand, { series, day }) => demand * (1 + 0.2 * noise(series, day, 1));

export function world(
  versions: { readonly candidate?: Model; readonly production?: Model },
  size: { readonly days?: number; readonly series?: number; readonly horizons?: readonly number[] } = {},
): readonly Row[] {
  const { candidate = steady, production = steady } = versions;
  const { days = 28, series = 12, horizons = [1, 2] } = size;
  return Array.from({ length: series }, (_, index) =>
    Array.from({ length: days }, (__, day) =>
      horizons.map((ahead) => {
        const demand = 10 + (index % 7) * 3 + Math.round(4 * noise(index, day));
        const target = plusDays(FIRST, day);
        const at = { series: index, day, ahead };
        return {
          ...{
            origin: plusDays(target, -ahead),
            target,
            sku: `sku-${index % 5}`,
            store: `store-${Math.floor(index / 5)}`,
          },
          ...{ region: index % 2 === 0 ? 'north' : 'south', y: demand },
          ...{ c: candidate(demand, at), p: production(demand, at) },
        };
      }),
    ),
  ).flat(2);
}

export function csvOf(rows: readonly Row[]): string {
  const lines = rows.map(({ origin, sku, store, region = 'north', target, y, c, p }) =>
    [origin, sku, store, region, target, y, c, p].join(','),
  );
  return `${['origin_date,sku,store,region,target_date,actual,candidate,production', ...lines].join('\n')}\n`;
}

export async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'shadow-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What the judge says of a file with this content. */
export function judgedText(content: string | Uint8Array, config = thresholds()): Promise<ShadowResult> {
  return inDirectory(async (directory) => {
    const rows = join(directory, 'rows');
    await writeFile(rows, content);
    return judgeShadowFiles({ rows }, config, { memoryMb: 512, threads: 2, directory });
  });
}

export const judged = (rows: readonly Row[], config = thresholds()) => judgedText(csvOf(rows), config);

const micro = (cell: Cell): bigint | null =>
  typeof cell === 'number' && cell >= 0 && Number.isFinite(cell) ? BigInt(Math.round(cell * 1e6)) : null;
const abs = (value: bigint) => (value < 0n ? -value : value);
const sum = (values: readonly bigint[]) => values.reduce((total, one) => total + one, 0n);
const keyOf = (row: Row) => [row.origin, row.target, row.sku, row.store].join();
const seriesOf = (row: Row) => `${row.sku} ${row.store}`;

/** Sums of rows with one row per key, by the plain meaning of their names. */
export function plainSums(rows: readonly Row[], config: ShadowConfig): ShadowSums {
  const days = [...Map.groupBy(rows, ({ target }) => target)]
    .map(([day, ofDay]) => plainDay(day, ofDay, config))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1));
  const cycles = cyclesOf(days, config);
  const frame = { first: firstDay(days) ?? FIRST, cycleDays: config.cycle_days };
  const complete = new Set(cycles.filter((one) => one.complete).map(({ cycle }) => cycle));
  const inComplete = rows.filter(({ target }) => complete.has(cycleOf(target, frame)));
  return {
    unreadable: 0,
    days,
    cycles,
    bySeries: plainSeries(rows, inComplete, { ...frame, floor: config.level_floor }),
  };
}

/** What the log and the outcomes would have given, of looks that were not taken yet. */
export function plainEvidence(rows: readonly Row[], config: ShadowConfig, taken = NO_LOOK): ShadowEvidence {
  const { days, cycles } = plainSums(rows, config);
  const complete = cycles.filter((one) => one.complete);
  const open = complete.map((_, index) => index + 1).filter((count) => count > taken.cycles);
  const looks = (open.length > 0 ? open : [complete.length]).map((count) => {
    const to = complete[count - 1]?.to ?? '9999-12-31';
    return {
      cycles: count,
      bySeries: plainSums(
        rows.filter(({ target }) => target <= to),
        config,
      ).bySeries,
    };
  });
  const quality = {
    ...{ records: 0, unreadable: 0, foreign: 0, duplicates: 0, conflicts: 0, damagedOrigins: 0 },
    ...{ outcomes: 0, outcomesUnreadable: 0, outcomeDuplicates: 0, outcomeConflicts: 0 },
  };
  return { quality, days, cycles, looks };
}

const isUsable = ({ c, p }: Row) => micro(c) !== null && micro(p) !== null;
const isPaired = (row: Row) => isUsable(row) && micro(row.y) !== null;
const of = (rows: readonly Row[], value: (y: bigint, c: bigint, p: bigint) => bigint) =>
  sum(rows.map(({ y, c, p }) => value(micro(y) ?? 0n, micro(c) ?? 0n, micro(p) ?? 0n)));

function errors(rows: readonly Row[]) {
  return {
    actual: of(rows, (y) => y),
    candidate: of(rows, (_, c) => c),
    production: of(rows, (_, __, p) => p),
    candidateError: of(rows, (y, c) => abs(c - y)),
    productionError: of(rows, (y, _, p) => abs(p - y)),
  };
}

function plainDay(day: string, rows: readonly Row[], config: ShadowConfig): DaySums {
  const [usable, paired] = [rows.filter(isUsable), rows.filter(isPaired)];
  const moves = [...Map.groupBy(usable, (row) => `${row.target} ${seriesOf(row)}`).values()].flatMap((same) => {
    const ordered = same.toSorted((a, b) => (a.origin < b.origin ? -1 : 1));
    return ordered.slice(1).map((later, index) => [ordered[index] ?? later, later] as const);
  });
  const moved = (value: (row: Row) => Cell, join: (a: bigint, b: bigint) => bigint) =>
    sum(moves.map(([before, after]) => join(micro(value(before)) ?? 0n, micro(value(after)) ?? 0n)));
  const kind = (value: (row: Row) => Cell, wanted: (cell: Cell) => boolean) =>
    rows.filter((row) => wanted(value(row))).length;
  const isMissing = (cell: Cell) => cell === '';
  const isNegative = (cell: Cell) => typeof cell === 'number' && cell < 0;
  const isOdd = (cell: Cell) => cell !== '' && !(typeof cell === 'number' && Number.isFinite(cell));
  const floored = (cell: Cell) => Math.max(Number(cell), config.spike_floor);
  return {
    day,
    longest: Math.max(...rows.map(({ origin, target }) => (Date.parse(target) - Date.parse(origin)) / 86_400_000)),
    ...{ keys: new Set(rows.map(keyOf)).size, conflicts: 0, conflicting: 0, repeated: 0 },
    candidateMissing: kind(({ c }) => c, isMissing),
    candidateNonfinite: kind(({ c }) => c, isOdd),
    candidateNegative: kind(({ c }) => c, isNegative),
    productionMissing: kind(({ p }) => p, isMissing),
    productionNonfinite: kind(({ p }) => p, isOdd),
    productionNegative: kind(({ p }) => p, isNegative),
    actualMissing: kind(({ y }) => y, isMissing),
    actualInvalid: kind(
      ({ y }) => y,
      (cell) => isOdd(cell) || isNegative(cell),
    ),
    ...{ paired: paired.length, ...errors(paired), usable: usable.length },
    candidateUnits: of(usable, (_, c) => c),
    productionUnits: of(usable, (_, __, p) => p),
    spikes: usable.filter(({ c, p }) => {
      const [low, high] = [floored(c), floored(p)].toSorted((a, b) => a - b);
      return (high ?? 0) > config.spike_ratio * (low ?? 0);
    }).length,
    revisions: moves.length,
    candidateMoved: moved(
      ({ c }) => c,
      (a, b) => abs(b - a),
    ),
    productionMoved: moved(
      ({ p }) => p,
      (a, b) => abs(b - a),
    ),
    candidateBoth: moved(
      ({ c }) => c,
      (a, b) => a + b,
    ),
    productionBoth: moved(
      ({ p }) => p,
      (a, b) => a + b,
    ),
  };
}

function plainSeries(
  rows: readonly Row[],
  inComplete: readonly Row[],
  frame: { readonly first: string; readonly cycleDays: number; readonly floor: number },
): SeriesSums {
  const paired = inComplete.filter(isPaired);
  const usable = rows.filter(isUsable);
  const levels = new Map(
    [...Map.groupBy(usable, seriesOf)].map(([series, same]) => {
      const level = Number(of(same, (_, __, p) => p)) / same.length / 1e6;
      return [series, Math.max(level, frame.floor)];
    }),
  );
  const ratios = (value: (row: Row) => Cell) =>
    histogramOf(
      H2,
      usable.map((row) => Number(value(row)) / (levels.get(seriesOf(row)) ?? 1)),
    );
  const segments = [...Map.groupBy(paired, ({ region = 'north' }) => region)].map(
    ([region, same]): SegmentSums => ({
      ...{ segment: `region:${region}`, rows: same.length, ...errors(same), series: clusters(same) },
    }),
  );
  return {
    series: clusters(paired),
    blocks: new Set(usable.map((row) => `${seriesOf(row)} ${cycleOf(row.target, frame)}`)).size,
    production: ratios(({ p }) => p),
    candidate: ratios(({ c }) => c),
    segments: segments.toSorted((a, b) => (a.segment < b.segment ? -1 : 1)),
  };
}

function clusters(rows: readonly Row[]): ClusterSums {
  const groups = [...Map.groupBy(rows, seriesOf).values()].map(errors);
  return {
    groups: groups.length,
    aa: sum(groups.map(({ candidateError: a }) => a * a)),
    ab: sum(groups.map(({ candidateError: a, productionError: b }) => a * b)),
    bb: sum(groups.map(({ productionError: b }) => b * b)),
  };
}
