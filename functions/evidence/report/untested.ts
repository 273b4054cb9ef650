import { threshold } from './measure.ts';
import { counted } from './numbers.ts';
import type { OfflineReport } from './offline-envelope.ts';
import type { CanaryReport, ShadowReport } from './stage-schema.ts';

/** What the evidence of the offline gate says nothing about: data that was not there, and what a backtest cannot show. */
export function untestedOffline(report: OfflineReport): readonly string[] {
  const { result, evidence } = report;
  const always = [
    'What the forecasts do to stocks: a backtest sees demand, not shelves.',
    'Demand on days with an empty shelf: sales are taken for demand.',
  ];
  if (result === null) return ['Anything: the evidence could not be read.'];
  const { leakage, segments, overall, quality } = result;
  const names = Object.keys(segments);
  const quantiles = Object.keys(overall.quantiles).length > 0;
  return [
    `Other seasons than those of ${counted(leakage.n_origins)} forecast origins over ${counted(leakage.span_days)} days.`,
    ...horizonGaps(report, names),
    ...some(
      names.some((name) => name.startsWith('category:')),
      'Categories: the backtest does not name any.',
      false,
    ),
    ...some(quantiles, 'Quantiles: the backtest has none for this candidate.', false),
    ...some(
      report.warnings.some(({ code }) => code === 'NO_TRAINING_CUTOFF'),
      'Whether training ended before each origin: the backtest does not say how far it reached.',
    ),
    ...some(
      result.implausible !== undefined,
      'Whether it knows more than a forecast can: there is too little data for that, or the policy has switched it off.',
      false,
    ),
    ...some(quality.missing_actual > 0, `${counted(quality.missing_actual)} rows whose demand was not known yet.`),
    ...some(
      evidence.outcomes !== undefined,
      'Whether the demand in the backtest is that of the business: nothing was recorded here for its dates.',
      false,
    ),
    ...always,
  ];
}

/** Horizon buckets of the policy in which there is no row. */
function horizonGaps(report: OfflineReport, names: readonly string[]): readonly string[] {
  const buckets = report.policy.config['horizon_buckets'];
  if (!Array.isArray(buckets)) return [];
  const missing = buckets
    .flatMap((bucket) => (Array.isArray(bucket) ? [bucket.join('-')] : []))
    .filter((bucket) => !names.includes(`horizon:${bucket}`));
  return missing.length === 0 ? [] : [`Horizons of ${missing.map(daysOf).join(' and ')} days: there are no such rows.`];
}

/** `29-9999` as `29 and more`. */
function daysOf(bucket: string): string {
  const [from = '', to = ''] = bucket.split('-');
  return Number(to) >= 9999 ? `${from} and more` : `${from} to ${to}`;
}

/** Segments of the offline gate that are not proven, with the reason. */
export function unprovenSegments({ result }: OfflineReport): {
  readonly insufficient: readonly string[];
  readonly inconclusive: readonly string[];
} {
  const segments = Object.entries(result?.segments ?? {});
  const of = (verdict: string) => segments.filter(([, found]) => found.verdict === verdict).map(([name]) => name);
  return { insufficient: of('INSUFFICIENT'), inconclusive: of('INCONCLUSIVE') };
}

export function untestedInShadow(report: ShadowReport): readonly string[] {
  const { quality, accuracy } = report.result;
  return [
    'What the forecasts do to stocks: nothing of the candidate was served.',
    season(report),
    ...thinSegments(report),
    ...some(quality.missing_actual > 0, `${counted(quality.missing_actual)} forecasts whose demand is not known yet.`),
    ...some(accuracy.p_noninf === null, 'Accuracy: there is too little data for both of its tests.'),
    'Demand on days with an empty shelf: sales are taken for demand.',
  ];
}

export function untestedInCanary(report: CanaryReport): readonly string[] {
  const { metrics, ops } = report.result;
  const share = report.steps.at(-1)?.percentage;
  const kpis = ['stockout', 'overstock'].filter((name) => !(name in metrics));
  return [
    ...(share === undefined ? [] : [`Units outside the canary, which was at most ${share} % of those in the plan.`]),
    ...some(kpis.length > 0, `Business metrics that are not compared here: ${kpis.join(' and ')}.`),
    ...some(
      typeof ops.slow_log_e === 'number',
      'How fast the candidate answers: slow requests were not counted.',
      false,
    ),
    season(report),
    `What shows only after more than ${counted(threshold(report, 'max_days'))} days, such as overstock of goods that are ordered long before.`,
    ...thinSegments(report),
    'Goods that units of both arms share, or that customers buy in place of each other: they blur the comparison.',
  ];
}

function season({ days }: Pick<ShadowReport, 'days'>): string {
  return days === null ? 'Any business day: none is closed yet.' : `Other seasons than ${days.from} to ${days.to}.`;
}

/** Segments with less data are not in the report at all. */
function thinSegments(report: ShadowReport | CanaryReport): readonly string[] {
  const [rows, series] = [threshold(report, 'min_rows'), threshold(report, 'min_series')];
  const enough =
    report.gate === 'shadow'
      ? `${counted(rows)} rows or ${counted(series)} series`
      : `${counted(threshold(report, 'min_clusters'))} series`;
  return [`Segments with fewer than ${enough}: they are not listed.`];
}

function some(is: boolean, words: string, when = true): readonly string[] {
  return is === when ? [words] : [];
}
