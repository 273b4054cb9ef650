import type { DrillItem } from './drill-items.ts';

/** What a drill was like, as a trend shows it. */
export type TrendPoint = Pick<
  DrillItem,
  'executionName' | 'at' | 'from' | 'to' | 'passed' | 'seconds' | 'total' | 'maxSeconds' | 'slowest' | 'pollSeconds'
> & { readonly reasons: readonly string[] };

export interface Trend {
  readonly schema: 1;
  readonly model: string;
  /** UTC of the newest drill. */
  readonly at: string;
  /** Of those shown: how many passed, and the median of their totals in seconds; null without any. */
  readonly passed: number;
  readonly medianTotal: number | null;
  /** The oldest first. */
  readonly drills: readonly TrendPoint[];
}

/** So many drills are told of. */
export const TREND_LENGTH = 10;

/** The trend of a model's drills, given in any order; the newest ones alone. */
export function trendOf(model: string, items: readonly Omit<DrillItem, 'evidence' | 'ledgerSeq'>[]): Trend {
  const newest = items.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)).slice(-TREND_LENGTH);
  const totals = newest.flatMap(({ total }) => (total === null ? [] : [total])).toSorted((a, b) => a - b);
  return {
    schema: 1,
    model,
    at: newest.at(-1)?.at ?? '',
    passed: newest.filter(({ passed }) => passed).length,
    medianTotal: medianOf(totals),
    drills: newest.map(({ reasons, ...item }) => ({
      ...{ executionName: item.executionName, at: item.at, from: item.from, to: item.to, passed: item.passed },
      ...{ seconds: item.seconds, total: item.total, maxSeconds: item.maxSeconds, slowest: item.slowest },
      pollSeconds: item.pollSeconds,
      reasons: reasons.map(({ code }) => code),
    })),
  };
}

function medianOf(sorted: readonly number[]): number | null {
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : Math.round((low + high) * 50) / 100;
}
