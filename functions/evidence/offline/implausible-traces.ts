import { type ClusterSums, oneWayRelative } from '../statistics/clustered-ratio.ts';
import { studentTQuantile } from '../statistics/distributions.ts';
import type { Trace } from './implausible-result.ts';
import { LEAST_VARIATION } from './implausible-sql.ts';
import { FAMILIES, type Family, type FamilySums, productName, type ScopeSums } from './implausible-sums.ts';
import type { OfflineConfig } from './offline-config.ts';

/** A limit that the value has to lie beyond, and a bound that its confidence bound has to. */
interface Beyond {
  readonly limit: number;
  readonly bound: number;
}

interface Asked {
  readonly scope: ScopeSums;
  readonly config: OfflineConfig;
  /** Level of each test of this scope. */
  readonly alpha: number;
}

/** Everything that can be measured in the whole backtest, or at one origin. What has too few series is left out. */
export function traceScope(asked: Asked): readonly Trace[] {
  const { config } = asked;
  return [
    ...squaredError(asked),
    ...unexplained(asked, 'slow', config.implausible_slow_noise),
    ...unexplained(asked, 'medium', config.implausible_medium_noise),
    ...ratio(asked, 'known', ['explained', 'told'], {
      ...{ name: 'known_series', side: 'above', limit: config.implausible_known_series, bound: 0.01 },
    }),
    ...ratio(asked, 'totals', ['met', 'windows'], {
      ...{ name: 'window_totals', side: 'above', limit: config.implausible_met_totals, bound: 0.5 },
    }),
    ...ratio(asked, 'moves', ['r', 'one'], {
      ...{ name: 'follows_surprises', side: 'above', limit: config.implausible_followed, bound: 0 },
    }),
    ...dayOff(asked),
    ...growth(asked),
  ];
}

type Named = Beyond & { readonly name: Trace['name']; readonly side: 'below' | 'above' };

function familyOf({ scope, config }: Asked, family: Family): FamilySums | null {
  const sums = scope.families[family];
  return sums === undefined || sums.clusters < config.implausible_min_series ? null : sums;
}

function total(sums: FamilySums, variable: string): bigint {
  return BigInt(sums.totals[variable] ?? 0);
}

/** Sums over clusters of products of two weighted sums of variables. */
function product(
  [family, sums]: readonly [Family, FamilySums],
  x: Readonly<Record<string, bigint>>,
  y: Readonly<Record<string, bigint>>,
): bigint {
  const variables: readonly string[] = FAMILIES[family];
  return Object.entries(x).reduce(
    (outer, [a, p]) =>
      Object.entries(y).reduce(
        (inner, [b, q]) => inner + p * q * BigInt(sums.products[productName(variables, a, b)] ?? 0),
        outer,
      ),
    0n,
  );
}

function weighted(sums: FamilySums, weights: Readonly<Record<string, bigint>>): bigint {
  return Object.entries(weights).reduce((sum, [variable, weight]) => sum + weight * total(sums, variable), 0n);
}

/** A ratio of two weighted sums, clustered by series; it speaks when it is beyond its limit, and shown to be beyond the bound. */
function ratioTrace(
  { alpha }: Asked,
  of: readonly [Family, FamilySums],
  [over, under]: readonly [Readonly<Record<string, bigint>>, Readonly<Record<string, bigint>>],
  { name, side, limit, bound }: Named,
): readonly Trace[] {
  const [, sums] = of;
  const clusters: ClusterSums = {
    groups: sums.clusters,
    ...{ aa: product(of, over, over), ab: product(of, over, under), bb: product(of, under, under) },
  };
  const { rel, se, df } = oneWayRelative({ a: weighted(sums, over), b: weighted(sums, under), clusters });
  if (se === null) return [];
  // Integer division may leave a trifle less than nothing.
  const value = side === 'below' ? Math.max(0, rel + 1) : rel + 1;
  const reach = studentTQuantile(1 - alpha, df) * se;
  const speaks = side === 'below' ? value < limit && value + reach < bound : value > limit && value - reach > bound;
  return [{ name, value, limit, se, series: sums.clusters, speaks }];
}

function ratio(asked: Asked, family: Family, [a, b]: readonly [string, string], named: Named): readonly Trace[] {
  const sums = familyOf(asked, family);
  return sums === null ? [] : ratioTrace(asked, [family, sums], [{ [a]: 1n }, { [b]: 1n }], named);
}

/** By how much a neighbouring day has to fit better than the day itself. */
const BETTER = 0.1;

/**
 * Whether moves fit the surprises of the day before, or of the day after, better than those of their own day. A forecast
 * that knows something of a day is closest to that day, however long promotions last; one that is smoothed on inside the
 * window, or whose features are a day off, is not.
 */
function dayOff(asked: Asked): readonly Trace[] {
  const named: Named = { name: 'a_day_off', side: 'above', limit: BETTER, bound: 0 };
  return (['before', 'after'] as const)
    .flatMap((day) => ratio(asked, 'moves', [day, 'one'], named))
    .toSorted((a, b) => b.value - a.value)
    .slice(0, 1);
}

/** Demand that is steadier than counting noise, as standing orders are, can be known better than that. */
function varies(asked: Asked, family: 'slow' | 'medium'): FamilySums | null {
  const sums = familyOf(asked, family);
  return sums === null || Number(total(sums, 'yy')) < LEAST_VARIATION * Number(total(sums, 'floor')) ? null : sums;
}

/**
 * Squared error over units sold. Purchases of many customers are Poisson (Palm 1943, Khintchine 1960), so that knowing the
 * true rate r of a day leaves a squared error of r, and anything less, or more varied demand, only adds to it.
 */
function squaredError(asked: Asked): readonly Trace[] {
  if (varies(asked, 'slow') === null) return [];
  const { implausible_slow_noise: limit } = asked.config;
  return ratio(asked, 'noise', ['sq', 'y'], { name: 'squared_error', side: 'below', limit, bound: limit });
}

/**
 * What is left of day-to-day surprises when the moves of the forecast, times the one factor that fits best, are taken out;
 * 1 is counting noise. The factor makes a forecast tell what it knows however faintly it was mixed in. With b = cy / cc the
 * rest of a cluster is yy - 2 b cy + b^2 cc, here times cc^2 to stay an integer.
 */
function unexplained(asked: Asked, family: 'slow' | 'medium', limit: number): readonly Trace[] {
  const sums = varies(asked, family);
  if (sums === null) return [];
  const [cy, cc] = [total(sums, 'cy'), total(sums, 'cc')];
  // A forecast that does not move, or against the surprises, explains nothing of them.
  const moves = cy > 0n && cc > 0n;
  const rest = moves ? { yy: cc * cc, cy: -2n * cc * cy, cc: cy * cy } : { yy: 1n };
  const named: Named = { name: `unexplained_${family}`, side: 'below', limit, bound: limit };
  return ratioTrace(asked, [family, sums], [rest, { floor: moves ? cc * cc : 1n }], named);
}

/** Share of the baseline's growth that a candidate may lack of it before that is a trace, and how large the latter has to be. */
const GROWTH = { lacking: 0.75, least: 0.05 };

/**
 * By how much the error of weekly totals grows from the first whole week to the last. Of demand that wanders, the extra
 * error of the later week is the same for every forecast made at the origin; only what sees past it has none. The standard
 * error is that of the log of the ratio to the baseline's growth, by the delta method over series.
 */
function growth(asked: Asked): readonly Trace[] {
  const sums = familyOf(asked, 'weeks');
  if (sums === null || FAMILIES.weeks.some((variable) => total(sums, variable) === 0n)) return [];
  const log = (sign: Readonly<Record<string, number>>) => {
    const terms = Object.entries(sign).map(([name, by]) => [name, by / Number(total(sums, name))] as const);
    const squares = terms.flatMap(([a, p]) =>
      terms.map(([b, q]) => p * q * Number(BigInt(sums.products[productName(FAMILIES.weeks, a, b)] ?? 0))),
    );
    const variance = squares.reduce((sum, one) => sum + one, 0) * (sums.clusters / (sums.clusters - 1));
    const value = Object.entries(sign).reduce((sum, [name, by]) => sum + by * Math.log(Number(total(sums, name))), 0);
    return { value, se: Math.sqrt(Math.max(0, variance)) };
  };
  const reach = studentTQuantile(1 - asked.alpha, sums.clusters - 1);
  const candidate = log({ c_last: 1, c_first: -1 });
  const baseline = log({ b_last: 1, b_first: -1 });
  const less = log({ c_last: 1, c_first: -1, b_last: -1, b_first: 1 });
  const production = Math.exp(baseline.value);
  const limit = 1 + (1 - GROWTH.lacking) * (production - 1);
  const grows = production > 1 + GROWTH.least && baseline.value - reach * baseline.se > 0;
  const value = Math.exp(candidate.value);
  const speaks = grows && value < limit && less.value + reach * less.se < 0;
  return [{ name: 'horizon_growth', value, limit, se: less.se, series: sums.clusters, speaks, production }];
}
