import type * as z from 'zod';
import { artifact, forecasterOf } from '../../functions/inference/predictors/artifact.ts';
import { meanOf, perDay } from '../../functions/inference/predictors/forecaster.ts';
import { seasonalNaive } from '../../functions/inference/predictors/seasonal-naive.ts';
import type { Random } from '../../infra/demo/retailer-demand.ts';

/**
 * Demand, models that forecast it from what they may know, and models that know more. Everything follows from the random
 * numbers handed in.
 */

/** Units by series and day. What a planner knows in advance is there where demand was generated. */
export interface Demand {
  readonly name: string;
  readonly units: readonly (readonly number[])[];
  /** Days on which a series is on promotion, known in advance. */
  readonly promoted?: readonly (readonly boolean[])[];
  /** The true mean of each day but for the level, and the level, of which nothing after the origin is known. */
  readonly truth?: { readonly known: readonly (readonly number[])[]; readonly level: readonly (readonly number[])[] };
}

export interface Plan {
  /** Day indexes of the last known days. */
  readonly origins: readonly number[];
  readonly horizonDays: number;
}

/** Values by series, origin and day ahead. */
export type Cube = readonly (readonly (readonly number[])[])[];

export function cubeOf(
  { units }: Demand,
  { origins, horizonDays }: Plan,
  forecast: (series: number, origin: number) => readonly number[],
): Cube {
  return units.map((_, series) => origins.map((origin) => forecast(series, origin).slice(0, horizonDays)));
}

export function actualsOf(demand: Demand, plan: Plan): Cube {
  return cubeOf(demand, plan, (series, origin) => demand.units[series]?.slice(origin + 1) ?? []);
}

export function naiveOf(demand: Demand, plan: Plan): Cube {
  return cubeOf(demand, plan, (series, origin) => seasonalNaive(known(demand, series, origin, plan)));
}

/** Days of history that a model looks at. */
const WINDOW = 364;

function known(demand: Demand, series: number, origin: number, { horizonDays }: Plan) {
  const history = demand.units[series]?.slice(Math.max(0, origin + 1 - WINDOW), origin + 1) ?? [];
  return { history, horizonDays };
}

type Described = z.input<typeof artifact>;

/** A forecaster that is built in, with constants drawn at random. */
export function builtIn(demand: Demand, plan: Plan, random: Random): readonly [string, Cube] {
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  const weight = () => pick([0.02, 0.05, 0.1, 0.2, 0.4, 0.8]);
  const profileWeeks = pick([8, 26, 52]);
  const choices: readonly [Described, ...Described[]] = [
    { forecaster: 'seasonal-naive' },
    { forecaster: 'weekday-mean', weeks: pick([4, 8, 26]) },
    { forecaster: 'exponential-smoothing', smoothing: weight(), profileWeeks },
    { forecaster: 'exponential-smoothing', smoothing: weight(), profileWeeks },
    { forecaster: 'croston-tsb', alpha: weight(), beta: weight(), profileWeeks: pick([0, 26]) },
    { forecaster: 'by-demand', smoothing: weight(), alpha: weight(), beta: weight(), profileWeeks },
  ];
  const described = artifact.parse(pick(choices));
  const forecaster = forecasterOf(described);
  const cube = cubeOf(demand, plan, (series, origin) => {
    const units = forecaster({ sku: '', store: '', asOf: '2026-01-01', ...known(demand, series, origin, plan) });
    if (units instanceof Promise) throw new Error(`${described.forecaster} does not answer at once.`);
    return units;
  });
  return [described.forecaster, cube];
}

/** A level and a weekday profile, times what each day of the month did on average in the last year in a group of series. */
export function calendarAware(demand: Demand, plan: Plan, groups: number): Cube {
  const plain = forecasterOf(artifact.parse({ forecaster: 'exponential-smoothing' }));
  const effects = plan.origins.map((origin) =>
    Array.from({ length: groups }, (_, group) => monthEffects(demand, origin, (series) => series % groups === group)),
  );
  return cubeOf(demand, plan, (series, origin) => {
    const units = plain({ sku: '', store: '', asOf: '2026-01-01', ...known(demand, series, origin, plan) });
    const month = effects[plan.origins.indexOf(origin)]?.[series % groups] ?? [];
    return units instanceof Promise
      ? []
      : units.map((value, ahead) => value * (month[(origin + 1 + ahead) % MONTH] ?? 1));
  });
}

const MONTH = 30;
/** Years of doubt against one of data: effects of few series shrink towards none. */
const DOUBT = 4;

function monthEffects(demand: Demand, origin: number, isOf: (series: number) => boolean): readonly number[] {
  const sums = new Array<number>(MONTH).fill(0);
  const days = new Array<number>(MONTH).fill(0);
  let total = 0;
  demand.units.forEach((units, series) => {
    if (!isOf(series)) return;
    for (let day = Math.max(0, origin + 1 - WINDOW); day <= origin; day += 1) {
      sums[day % MONTH] = (sums[day % MONTH] ?? 0) + (units[day] ?? 0);
      days[day % MONTH] = (days[day % MONTH] ?? 0) + 1;
      total += units[day] ?? 0;
    }
  });
  const mean =
    total /
    Math.max(
      1,
      days.reduce((sum, n) => sum + n, 0),
    );
  return sums.map((sum, day) => (mean === 0 ? 1 : (sum + DOUBT * mean) / (((days[day] ?? 0) + DOUBT) * mean)));
}

/** Knows which days are on promotion, and how much more each series sold on such days before the origin. */
export function promotionAware(demand: Demand, plan: Plan): Cube {
  const plain = forecasterOf(artifact.parse({ forecaster: 'exponential-smoothing', smoothing: 0.08 }));
  return cubeOf(demand, plan, (series, origin) => {
    const units = demand.units[series]?.slice(0, origin + 1) ?? [];
    const promoted = demand.promoted?.[series] ?? [];
    const of = (on: boolean) => units.filter((_, day) => (promoted[day] ?? false) === on);
    const uplift =
      of(true).length > 3 ? Math.min(6, Math.max(1, meanOf(of(true)) / Math.max(1e-9, meanOf(of(false))))) : 2;
    const history = units.map((value, day) => (promoted[day] ? value / uplift : value)).slice(-WINDOW);
    const base = plain({ sku: '', store: '', asOf: '2026-01-01', history, horizonDays: plan.horizonDays });
    if (base instanceof Promise) return [];
    return base.map((value, ahead) => (promoted[origin + 1 + ahead] ? value * uplift : value));
  });
}

/** As good as can be: the true mean of each day with its season, weekday and promotion, at the level of the origin. */
export function nearOracle(demand: Demand, plan: Plan, error: number, random: Random): Cube {
  return cubeOf(demand, plan, (series, origin) => {
    const level = (demand.truth?.level[series]?.[origin] ?? 1) * Math.exp(error * normal(random));
    return perDay(plan.horizonDays, (ahead) => (demand.truth?.known[series]?.[origin + ahead] ?? 0) * level);
  });
}

/** What a leak is made of: actuals, an honest forecast of the same rows, and random numbers. */
interface Leaked {
  readonly actual: Cube;
  readonly honest: Cube;
  readonly random: Random;
}
type Leak = (of: Leaked) => Cube;

type Day = (units: { readonly y: number; readonly c: number }, at: { series: number; origin: number }) => number;
const daily =
  (day: Day): Leak =>
  ({ actual, honest }) =>
    actual.map((windows, series) =>
      windows.map((days, origin) =>
        days.map((y, at) => day({ y, c: honest[series]?.[origin]?.[at] ?? 0 }, { series, origin })),
      ),
    );
/** A window at a time, from its actuals and its honest forecasts. */
const windowed =
  (forecast: (y: readonly number[], c: readonly number[]) => readonly number[]): Leak =>
  ({ actual, honest }) =>
    actual.map((windows, series) => windows.map((days, origin) => forecast(days, honest[series]?.[origin] ?? [])));

const mix = (weight: number) => daily(({ y, c }) => (1 - weight) * c + weight * y);
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const scaled = (y: readonly number[], c: readonly number[], part: number) =>
  c.map((value) => value * (1 - part + (part * sumOf(y)) / Math.max(1e-9, sumOf(c))));
const inWeeks = (values: readonly number[]) =>
  Array.from({ length: Math.ceil(values.length / 7) }, (_, week) => values.slice(7 * week, 7 * week + 7));
/** A level that is smoothed on inside the window: of the day before, or with the target day in it. */
const smoothed = (smoothing: number, sees: 'day before' | 'target day') =>
  windowed((y, c) => {
    const mean = sumOf(c) / c.length;
    let level = mean;
    return y.map((units, at) => {
      const before = level;
      level += smoothing * (units - level);
      const shape = (c[at] ?? 0) / Math.max(1e-9, mean);
      return Math.max(0, (sees === 'day before' ? before : level) * shape);
    });
  });
const shifted = (by: number, weight: number) =>
  windowed((y, c) => c.map((value, at) => (1 - weight) * value + weight * (y[at + by] ?? value)));

export const LEAKS: Readonly<Record<string, Leak>> = {
  'actual mixed in, 2 %': mix(0.02),
  'actual mixed in, 5 %': mix(0.05),
  'actual mixed in, 10 %': mix(0.1),
  'actual mixed in, 20 %': mix(0.2),
  'actual mixed in, 30 %': mix(0.3),
  'actual mixed in, 50 %': mix(0.5),
  'actual mixed in, 90 %': mix(0.9),
  'actual mixed in, 50 %, and noise added': ({ random, ...of }) =>
    daily(({ y, c }) => Math.max(0, 0.5 * (c + y) + 0.3 * normal(random) * Math.sqrt(c + 0.1)))({ random, ...of }),
  'mixed in, 50 %, at one origin': daily(({ y, c }, { origin }) => (origin === 1 ? 0.5 * (c + y) : c)),
  'mixed in, 10 %, at one origin': daily(({ y, c }, { origin }) => (origin === 1 ? 0.9 * c + 0.1 * y : c)),
  'mixed in, 50 %, in a tenth of the series': daily(({ y, c }, { series }) => (series % 10 === 3 ? 0.5 * (c + y) : c)),
  'mixed in, 50 %, in half of the series': daily(({ y, c }, { series }) => (series % 2 === 1 ? 0.5 * (c + y) : c)),
  'exact on a tenth of the days': ({ random, ...of }) =>
    daily(({ y, c }) => (random() < 0.1 ? y : c))({ random, ...of }),
  'exact on half of the days': ({ random, ...of }) => daily(({ y, c }) => (random() < 0.5 ? y : c))({ random, ...of }),
  'level smoothed to the target day, 0.1': smoothed(0.1, 'target day'),
  'level smoothed to the target day, 0.3': smoothed(0.3, 'target day'),
  'level smoothed to the day before, 0.1': smoothed(0.1, 'day before'),
  'level smoothed to the day before, 0.3': smoothed(0.3, 'day before'),
  'day before mixed in, 30 %': shifted(-1, 0.3),
  'day before mixed in, 70 %': shifted(-1, 0.7),
  'next day mixed in, 30 %': shifted(1, 0.3),
  'next day mixed in, 70 %': shifted(1, 0.7),
  'total of the window': windowed((y, c) => scaled(y, c, 1)),
  'half of the total of the window': windowed((y, c) => scaled(y, c, 0.5)),
  'totals of its weeks': windowed((y, c) => inWeeks(c).flatMap((week, at) => scaled(inWeeks(y)[at] ?? [], week, 1))),
};

/** How generated demand varies around its mean. */
export type Noise = 'counts' | 'overdispersed' | 'underdispersed' | 'smooth';

export interface Generated {
  readonly noise: Noise;
  readonly series: number;
  readonly days: number;
  /** Log of the mean units a day, from and to. */
  readonly levels: readonly [number, number];
  /** Standard deviation of the log of the level over a week. */
  readonly drift: number;
  /** Share of days on promotion, and by what demand is multiplied then. */
  readonly promotions: number;
  readonly uplift: number;
}

const WEEK = [0.85, 0.8, 0.85, 0.95, 1.2, 1.4, 0.95] as const;

export function generate(name: string, of: Generated, random: Random): Demand {
  const every = Array.from({ length: of.series }, () => oneSeries(of, random));
  return {
    name,
    units: every.map(({ units }) => units),
    promoted: every.map(({ promoted }) => promoted),
    truth: { known: every.map(({ known: mean }) => mean), level: every.map(({ level }) => level) },
  };
}

function oneSeries(of: Generated, random: Random) {
  const mean = Math.exp(of.levels[0] + (of.levels[1] - of.levels[0]) * random());
  const phase = 2 * Math.PI * random();
  const uplift = Math.exp(Math.log(of.uplift) + 0.3 * normal(random));
  let promoting = false;
  let level = 1;
  const days = Array.from({ length: of.days }, (_, day) => {
    if (day % 5 === 0) promoting = random() < of.promotions;
    level *= Math.exp((of.drift / Math.sqrt(7)) * normal(random));
    const season = 1 + 0.2 * Math.sin((2 * Math.PI * day) / 365.25 + phase);
    const rate = mean * season * (WEEK[day % 7] ?? 1) * (promoting ? uplift : 1);
    return { units: draw(of.noise, rate * level, random), promoted: promoting, known: rate, level };
  });
  return {
    units: days.map(({ units }) => units),
    promoted: days.map(({ promoted }) => promoted),
    known: days.map(({ known: rate }) => rate),
    level: days.map((day) => day.level),
  };
}

/** Whole units around a mean: variance of the mean, three times that, a fifth less, or two percent of the mean as deviation. */
export function draw(noise: Noise, mean: number, random: Random): number {
  if (noise === 'smooth') return Math.max(0, Math.round(mean * (1 + 0.02 * normal(random))));
  if (noise === 'underdispersed') {
    const trials = Math.max(1, Math.ceil(5 * mean));
    return trials > 200 ? around(mean, 0.8 * mean, random) : successes(trials, Math.min(1, mean / trials), random);
  }
  if (noise === 'counts') return poisson(mean, random);
  // Poisson many purchases of one to three units: variance 14 / 6 of the mean, more than counts have.
  const purchases = poisson(mean / 2, random);
  let units = 0;
  for (let one = 0; one < purchases; one += 1) units += 1 + Math.floor(3 * random());
  return units;
}

function poisson(mean: number, random: Random): number {
  if (mean > 200) return around(mean, mean, random);
  const limit = Math.exp(-mean);
  let product = random();
  let units = 0;
  while (product > limit) {
    product *= random();
    units += 1;
  }
  return units;
}

function successes(trials: number, chance: number, random: Random): number {
  let units = 0;
  for (let one = 0; one < trials; one += 1) if (random() < chance) units += 1;
  return units;
}

function around(mean: number, variance: number, random: Random): number {
  return Math.max(0, Math.round(mean + Math.sqrt(variance) * normal(random)));
}

/** Box and Muller 1958. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
