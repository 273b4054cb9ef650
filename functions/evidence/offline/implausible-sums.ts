import * as z from 'zod';
import type { OfflineConfig } from './offline-config.ts';

/**
 * What is asked of each cluster (a series; within one origin a series too), as integers. In thousandths of a unit, squared
 * where the quantity is a square; the rest are counts. Sums of a cluster over its windows, a window being the paired rows
 * of one series and origin.
 *
 * Surprises and moves are what is left of actuals and forecasts when the means of each week and of each weekday of the
 * window are taken out, or the mean of the window where it has less than two whole weeks.
 */
export const FAMILIES = {
  /** Slow movers: squared error, and units sold (the squared error of a forecast that knows the rate of each day). */
  noise: ['sq', 'y'],
  /** Slow movers: squared surprises, surprise times move, squared moves, and the squared surprise of counting noise. */
  slow: ['yy', 'cy', 'cc', 'floor'],
  /** The same where more is sold. */
  medium: ['yy', 'cy', 'cc', 'floor'],
  /** 1 for a series with hardly an unexplained surprise left, and 1 for one with enough data to tell. */
  known: ['explained', 'told'],
  /** Windows with enough units, and those whose total was met within half its counting noise. */
  totals: ['met', 'windows'],
  /**
   * Correlation of moves and surprises in 1e-9, and 1e9 for each series that has one; by how much the correlation with the
   * surprises of the day before, and of the day after, is larger.
   */
  moves: ['r', 'one', 'before', 'after'],
  /** Absolute errors of weekly totals, of the first and the last whole week, of candidate and baseline. */
  weeks: ['c_first', 'c_last', 'b_first', 'b_last'],
} as const;
export type Family = keyof typeof FAMILIES;

/** Families that are looked at in each origin by itself; the others need all of them. */
export const ORIGIN_FAMILIES = ['noise', 'slow', 'medium', 'totals', 'moves'] as const satisfies readonly Family[];

const exact = z.string().regex(/^-?\d+$/);

/** Totals by variable, and sums over clusters of each product of two variables, named `a*b`. */
const familySums = z.object({
  clusters: z.int(),
  totals: z.record(z.string(), exact),
  products: z.record(z.string(), exact),
});
export type FamilySums = z.infer<typeof familySums>;

const scopeSums = z.object({
  rows: z.int(),
  series: z.int(),
  families: z.record(z.string(), familySums),
});
export type ScopeSums = z.infer<typeof scopeSums>;

/** Sums of parts that share no series add up to those of the whole. */
export const implausibleSums = z.object({
  whole: scopeSums,
  /** By origin date. */
  origins: z.record(z.string(), scopeSums),
});
export type ImplausibleSums = z.infer<typeof implausibleSums>;

/** Each pair of variables once. */
export function pairsOf(variables: readonly string[]): readonly (readonly [string, string])[] {
  return variables.flatMap((a, index) => variables.slice(index).map((b) => [a, b] as const));
}

/** How a sum of products is named, whichever of the two comes first. */
export function productName(variables: readonly string[], a: string, b: string): string {
  return variables.indexOf(a) <= variables.indexOf(b) ? `${a}*${b}` : `${b}*${a}`;
}

/** Whether there is anything to sum: a backtest with fewer rows than are needed is not asked about. */
export function isAsked(config: OfflineConfig, rows: number): boolean {
  return config.implausible === 'judge' && rows >= config.implausible_min_rows;
}

/** Of so many series one is looked at; a power of two, so that a slightly larger backtest is sampled alike. */
export function sampleOf(rows: number, maxRows: number): number {
  return rows <= maxRows ? 1 : 2 ** Math.ceil(Math.log2(rows / maxRows));
}
