import { type Finding, finding } from '../finding.ts';
import type { GuardConfig } from './guard-config.ts';
import type { GuardDay } from './guard-days.ts';
import type { Spread, Volume } from './guard-item.ts';
import { judgeOperations } from './guard-operations.ts';

/** Forecasts of one as-of date: those of the version, and those of what it is compared with on the same keys. */
export interface DayCounts {
  readonly date: string;
  /** Whether the promoted document, or a later one, routed any of them. */
  readonly live: boolean;
  /** Keys that the version was asked for; `missing` of them it gave no forecast for, `invalid` are no usable number. */
  readonly asked: number;
  readonly missing: number;
  readonly invalid: number;
  /** How many of each the version was asked for. */
  readonly stores: number;
  readonly skus: number;
  readonly regions: number;
  readonly comparatorAsked: number;
  readonly comparatorMissing: number;
  readonly comparatorInvalid: number;
}

/** How many complete as-of dates say what a usual one is. */
const USUAL_DATES = 7;

export interface JudgedCounts {
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly volumes: readonly Volume[];
}

/**
 * Judges the newest as-of dates, given in any order. What is expected of the version is an answer to whatever it was
 * asked, so that a day of few requests is no fault of it, and a warning only. The newest date is still going on: its
 * faults are held against a usual day, so that the first request of a morning decides nothing.
 */
export function judgeCounts(
  counts: readonly DayCounts[],
  volumes: readonly Volume[],
  config: GuardConfig,
): JudgedCounts {
  const dates = counts.toSorted((a, b) => (a.date < b.date ? -1 : 1));
  const [newest, complete] = [dates.at(-1), dates.slice(0, -1)];
  const known = merged(volumes, complete);
  const usual = leastOf(known.filter(({ date }) => date < (newest?.date ?? '')));
  const days = dates.filter(({ live }) => live).map((day) => dayOf(day, day === newest ? usual : null));
  const { reasons, warnings } = judgeOperations(days, config);
  return {
    reasons,
    warnings: [...warnings, ...complete.filter(({ live }) => live).flatMap((day) => fewer(day, known, config))],
    volumes: known.slice(-USUAL_DATES - 1),
  };
}

function dayOf(day: DayCounts, usual: number | null): GuardDay {
  const expected = Math.max(day.asked, usual ?? 0);
  return {
    date: day.date,
    ...{ absError: null, comparatorAbsError: null, inputPsi: null, inputPsiCritical: null },
    ...{ invalid: day.invalid, rows: expected - day.missing, expectedRows: expected },
    ...(day.comparatorAsked === 0
      ? { comparatorInvalid: null, comparatorRows: null }
      : { comparatorInvalid: day.comparatorInvalid, comparatorRows: expected - day.comparatorMissing }),
  };
}

function fewer(day: DayCounts, known: readonly Volume[], { min_volume }: GuardConfig): readonly Finding[] {
  const usual = leastOf(known.filter(({ date }) => date < day.date));
  return finding(usual !== null && day.asked < min_volume * usual, 'FEWER_REQUESTS', {
    got: `${day.asked} forecasts asked for on ${day.date}`,
    allowed: `at least ${min_volume} of the ${usual} of the least of ${USUAL_DATES} days before`,
  });
}

/** What was asked for on the as-of dates that are complete: all but the newest, which goes on. */
export function completeSpreads(counts: readonly DayCounts[]): readonly Omit<Spread, 'isShort'>[] {
  const dates = counts.toSorted((a, b) => (a.date < b.date ? -1 : 1)).slice(0, -1);
  return dates.map(({ date, stores, skus, regions }) => ({ date, stores, skus, regions }));
}

/** The least of the last dates: weekdays differ. */
function leastOf(volumes: readonly Volume[]): number | null {
  const last = volumes.slice(-USUAL_DATES).map(({ asked }) => asked);
  return last.length === 0 ? null : Math.min(...last);
}

function merged(volumes: readonly Volume[], complete: readonly DayCounts[]): readonly Volume[] {
  const all = new Map([...volumes, ...complete].map(({ date, asked }) => [date, { date, asked }]));
  return [...all.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}
