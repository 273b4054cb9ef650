import {
  type ClusterSums,
  oneWayRelative,
  pHarm,
  pNonInferior,
  type RelativeChange,
  twoWayRelative,
  upperBound,
} from '../statistics/clustered-ratio.ts';
import { holm } from '../statistics/holm.ts';
import type { OfflineConfig } from './offline-config.ts';
import type { OfflineResult, OfflineSegment } from './offline-result.ts';
import type { FoldSums, GroupSums, OfflineSums } from './offline-sums.ts';

type Verdict = OfflineSegment['verdict'];
type Tested = Pick<
  OfflineSegment,
  'sufficient' | 'rel_wape' | 'se' | 'df' | 'n_rows' | 'n_series' | 'n_folds' | 'p_harm' | 'p_noninf' | 'ucb'
>;

/** The data that a group needs before it is judged, and the margin that it is held to. */
interface Rule {
  readonly rows: number;
  readonly series: number;
  readonly margin: number;
  readonly alpha: number;
}

/** Far below any threshold and far above the rounding of a division: values this close are equal. */
const EQUAL = 1e-12;
export function exceeds(value: number | null, limit: number): boolean {
  return value !== null && value - limit > EQUAL;
}

/** An undefined ratio, or one to nothing. */
export function ratioOf(result: OfflineSegment['rel_wape']): number | null {
  return result === 'inf' ? Number.POSITIVE_INFINITY : result;
}

/**
 * The whole backtest against its baseline, clustered by series and origin: worse when the change is beyond the margin and
 * shown, no worse when that is shown.
 */
export function testOverall(sums: OfflineSums, config: OfflineConfig): Tested & { readonly verdict: Verdict } {
  const { min_rows: rows, min_series: series, margin_overall: margin, alpha } = config;
  const tested = testGroup(sums.groups['overall'], { rows, series, margin, alpha });
  const regressed = exceeds(ratioOf(tested.rel_wape), margin) && reaches(tested.p_harm, alpha);
  return { ...tested, verdict: verdictOf(tested, regressed, alpha) };
}

/** Each segment against the baseline on its own rows. Worse takes a p value that keeps the level over all segments (Holm). */
export function testSegments(sums: OfflineSums, config: OfflineConfig): OfflineResult['segments'] {
  const { segment_min_rows: rows, segment_min_series: series, margin_segment: margin, alpha } = config;
  const names = Object.keys(sums.groups).filter((name) => name !== 'overall');
  const segments = names.toSorted().map((name) => {
    const group = sums.groups[name];
    return [name, { ...testGroup(group, { rows, series, margin, alpha }), ...sharesOf(group) }] as const;
  });
  return judgeFamily(segments, { margin, alpha });
}

/**
 * Each origin alone against the baseline, clustered by series: the shock that an origin's rows share is what is asked
 * about. Null where no origin has enough data.
 */
export function testFolds(sums: OfflineSums, config: OfflineConfig): OfflineResult['segments'] | null {
  const { fold_min_rows: rows, fold_min_series: series, margin_fold: margin, alpha } = config;
  const folds = Object.keys(sums.folds)
    .toSorted()
    .map((origin) => {
      const fold = sums.folds[origin];
      return [origin, { ...testFold(fold, { rows, series, margin, alpha }), ...sharesOf(fold) }] as const;
    });
  return folds.some(([, fold]) => fold.sufficient) ? judgeFamily(folds, { margin, alpha }) : null;
}

function judgeFamily(
  groups: readonly (readonly [string, Omit<OfflineSegment, 'verdict' | 'p_harm_holm'>])[],
  { margin, alpha }: Pick<Rule, 'margin' | 'alpha'>,
): OfflineResult['segments'] {
  const judged = groups.flatMap(([name, { sufficient, p_harm }]) =>
    sufficient && p_harm !== null ? [{ name, p_harm }] : [],
  );
  const adjusted = holm(judged.map(({ p_harm }) => p_harm));
  const byName = new Map(judged.map(({ name }, index) => [name, adjusted[index] ?? 1]));
  return Object.fromEntries(
    groups.map(([name, group]) => {
      const p = byName.get(name);
      const regressed = exceeds(ratioOf(group.rel_wape), margin - 2 * EQUAL) && reaches(p ?? null, alpha);
      const verdict = verdictOf(group, regressed, alpha);
      return [name, { ...group, ...(p === undefined ? {} : { p_harm_holm: p }), verdict }];
    }),
  );
}

function verdictOf({ sufficient, p_noninf }: Tested, regressed: boolean, alpha: number): Verdict {
  if (!sufficient) return 'INSUFFICIENT';
  if (regressed) return 'REGRESSED';
  return reaches(p_noninf, alpha) ? 'NON_INFERIOR' : 'INCONCLUSIVE';
}

function reaches(p: number | null, alpha: number): boolean {
  return p !== null && p <= alpha;
}

function testGroup(sums: GroupSums | undefined, rule: Rule): Tested {
  if (sums === undefined) return tested({ n: 0, series: 0, origins: 0 }, { rel: 0, se: null, df: 0 }, rule);
  const origins = Object.values(sums.origins);
  const change = twoWayRelative({
    ...errorsOf(sums),
    series: clustersOf(sums.bySeries),
    origin: squares(origins),
    cross: clustersOf(sums.bySeriesAndOrigin),
  });
  return tested({ n: sums.n, series: sums.bySeries.clusters, origins: origins.length }, change, rule);
}

function testFold(sums: FoldSums | undefined, rule: Rule): Tested {
  if (sums === undefined) return tested({ n: 0, series: 0, origins: 0 }, { rel: 0, se: null, df: 0 }, rule);
  const change = oneWayRelative({ ...errorsOf(sums), clusters: clustersOf(sums.bySeries) });
  return tested({ n: sums.n, series: sums.bySeries.clusters, origins: 1 }, change, rule);
}

function tested(
  size: { readonly n: number; readonly series: number; readonly origins: number },
  { rel, se, df }: RelativeChange,
  { rows, series, margin, alpha }: Rule,
): Tested {
  return {
    sufficient: size.n >= rows && size.series >= series,
    rel_wape: size.n === 0 ? null : rel === Number.POSITIVE_INFINITY ? 'inf' : rel,
    se,
    df,
    ...{ n_rows: size.n, n_series: size.series, n_folds: size.origins },
    p_harm: pHarm(rel, se, df),
    p_noninf: pNonInferior(rel, margin, se, df),
    ucb: upperBound(rel, se, df, alpha),
  };
}

function errorsOf({ ec, eb }: Pick<FoldSums, 'ec' | 'eb'>) {
  return { a: BigInt(ec), b: BigInt(eb) };
}

function clustersOf({ clusters, aa, ab, bb }: FoldSums['bySeries']): ClusterSums {
  return { groups: clusters, aa: BigInt(aa), ab: BigInt(ab), bb: BigInt(bb) };
}

function squares(clusters: readonly Pick<FoldSums, 'ec' | 'eb'>[]): ClusterSums {
  return clusters
    .map(errorsOf)
    .reduce<ClusterSums>(
      ({ groups, aa, ab, bb }, { a, b }) => ({ groups: groups + 1, aa: aa + a * a, ab: ab + a * b, bb: bb + b * b }),
      { groups: 0, aa: 0n, ab: 0n, bb: 0n },
    );
}

function sharesOf(sums: FoldSums | GroupSums | undefined) {
  const { y = '0', c = '0', b = '0', ec = '0', eb = '0' } = sums ?? {};
  return {
    wape_candidate: perUnit(BigInt(ec), y),
    wape_baseline: perUnit(BigInt(eb), y),
    bias_candidate: perUnit(BigInt(c) - BigInt(y), y),
    bias_baseline: perUnit(BigInt(b) - BigInt(y), y),
  };
}

/** A share of demand; null when nothing was sold. */
export function perUnit(sum: bigint, actual: string): number | null {
  const demand = Number(actual);
  return demand === 0 ? null : Number(sum) / demand;
}
