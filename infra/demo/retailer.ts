import { gzipSync } from 'node:zlib';
import { BIASED, type Described, FIRST, forecastOf, GOOD, SAFE } from './artifacts.ts';
import { BACKTEST_HORIZON, backtestCsv, type Claim, rollingOrigins } from './backtest.ts';
import { type Demand, demandCsv, upTo } from './demand.ts';
import { HISTORY_DAYS } from './replay.ts';
import { DAYS, FIRST_DAY, generateDemand, seededRandom } from './retailer-demand.ts';

/**
 * Days at the end of a history that are kept back: four weeks before the model's first forecast, and enough to replay for
 * two promotions that take their time.
 */
export const REPLAY_DAYS = 154;
/** Days of history that a pipeline hands in: what lies before says little of today's demand. */
const HANDED_IN_DAYS = 730;

/** A made-up retailer, with gzipped CSV files in the form that a pipeline hands in. */
export interface Retailer {
  readonly demand: Demand;
  /** Demand before the days that are kept back. */
  readonly history: Buffer;
  readonly backtests: {
    /** The first version against the safe forecast. */
    readonly first: Buffer;
    /** The good second version against the first. */
    readonly second: Buffer;
    /** Systematically too low, against the first. */
    readonly biased: Buffer;
  };
}

/** The demand of a made-up retailer over two years. The same seed gives the same demand. */
export function generatedDemand(seed: number): Demand {
  const series = generateDemand(seededRandom(seed)).map((one) => ({ ...one, start: 0 }));
  return { firstDate: FIRST_DAY, days: DAYS, series };
}

/** The made-up retailer with the backtests of three candidates. The same seed gives the same bytes. */
export function generateRetailer(seed: number): Retailer {
  const demand = generatedDemand(seed);
  const known = upTo(demand, demand.days - REPLAY_DAYS - 1);
  return {
    demand,
    history: historyFile(known),
    backtests: {
      first: backtestFile(known, { candidate: FIRST, baseline: SAFE }),
      second: backtestFile(known, { candidate: GOOD, baseline: FIRST }),
      biased: backtestFile(known, { candidate: BIASED, baseline: FIRST }),
    },
  };
}

/** The history that a pipeline hands in: the last two years of what is known. */
export function historyFile(known: Demand): Buffer {
  const from = Math.max(0, known.days - HANDED_IN_DAYS);
  const series = known.series.map((one) => ({
    ...one,
    start: Math.max(one.start, from),
    units: one.units.slice(Math.max(0, from - one.start)),
  }));
  return gzipSync(demandCsv({ ...known, series }));
}

/** A backtest over the last sixteen weeks of what is known. */
export function backtestFile(
  known: Demand,
  of: { readonly candidate: Described; readonly baseline: Described; readonly claim?: Claim },
): Buffer {
  const plan = { origins: rollingOrigins(known.days), horizonDays: BACKTEST_HORIZON, historyDays: HISTORY_DAYS };
  return gzipSync(
    backtestCsv({ demand: known, plan, ...of, candidate: forecastOf(of.candidate), baseline: forecastOf(of.baseline) }),
  );
}
