import { BACKTEST_HORIZON, ORIGINS } from './backtest.ts';
import { type Demand, type DemandSeries, dateOf } from './demand.ts';
import { REPLAY_DAYS } from './retailer.ts';

/** Series that are played at most: beyond, a replay only takes longer. */
export const MAX_SERIES = 400;
/** So many, that each arm of a canary still has enough of them when its largest category is left out. */
export const MIN_SERIES = 60;
/** Days that a series needs before the replay, so that stock and forecast have something to start from. */
const MIN_KNOWN_DAYS = 28;
/** Days that the first origin of the backtests needs before it. */
const MIN_TRAINING_DAYS = 56;
export const MIN_DAYS = MIN_TRAINING_DAYS + ORIGINS * BACKTEST_HORIZON + REPLAY_DAYS;

export interface Playable {
  readonly ok: true;
  readonly demand: Demand;
  /** Index of the first day that is replayed. */
  readonly firstDay: number;
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The part of a demand history that is replayed: its last days, and of its series those that sold most before them.
 * A history that is too short or too small is refused, saying what is needed.
 */
export function playable(demand: Demand, name: string): Playable | { readonly ok: false; readonly fault: string } {
  if (demand.days < MIN_DAYS) {
    return {
      ok: false,
      fault: `${name}: ${demand.days} days are too few; needed are ${MIN_DAYS}: ${MIN_DAYS - REPLAY_DAYS} for the backtests and ${REPLAY_DAYS} to replay.`,
    };
  }
  const firstDay = demand.days - REPLAY_DAYS;
  const known = demand.series.filter((one) => one.start <= firstDay - MIN_KNOWN_DAYS && soldBefore(one, firstDay) > 0);
  if (known.length < MIN_SERIES) {
    return {
      ok: false,
      fault: `${name}: ${known.length} series (sku and store) with sales before ${dateOf(demand, firstDay)} and at least ${MIN_KNOWN_DAYS} days known by then are too few; needed are ${MIN_SERIES}.`,
    };
  }
  const played = known.toSorted((a, b) => soldBefore(b, firstDay) - soldBefore(a, firstDay)).slice(0, MAX_SERIES);
  const unknown = demand.series.length - known.length;
  const notes = [
    ...(unknown > 0 ? [`${unknown} of ${demand.series.length} series begin or sell too late to be played.`] : []),
    ...(played.length < known.length
      ? [`${known.length} series could be played; the ${MAX_SERIES} that sold most before the replay are.`]
      : []),
  ];
  return { ok: true, demand: { ...demand, series: played }, firstDay, notes };
}

/** The smallest category by series, then by sales, where there are several: leaving it out costs a canary least. */
export function smallestCategory(demand: Demand, firstDay: number): string | null {
  const categories = Map.groupBy(
    demand.series.filter(({ category }) => category !== ''),
    ({ category }) => category,
  );
  const sold = (series: readonly DemandSeries[]) => series.reduce((sum, one) => sum + soldBefore(one, firstDay), 0);
  const ranked = [...categories].toSorted(([, a], [, b]) => a.length - b.length || sold(a) - sold(b));
  return ranked.length < 2 ? null : (ranked[0]?.[0] ?? null);
}

function soldBefore(series: DemandSeries, day: number): number {
  return series.units.slice(0, Math.max(0, day - series.start)).reduce((sum, units) => sum + units, 0);
}
