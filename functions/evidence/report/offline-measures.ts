import type { Measured } from './gate-report.ts';
import { intervalText, type Measure, measure, threshold, verdictOf } from './measure.ts';
import { counted, percentOf, plainNumber, ratioOf, signedPercentOf, UNDEFINED } from './numbers.ts';
import type { OfflineReport } from './offline-envelope.ts';

type Result = NonNullable<OfflineReport['result']>;

/** What the offline gate measured on all rows, in the order in which people should read it. */
export function offlineMeasures(report: OfflineReport): readonly Measure[] {
  const { result } = report;
  if (result === null) return [];
  return [
    error(report, result),
    bias(report, result),
    valueAdded(report, result),
    ...quantiles(report, result),
    ...usable(report, result),
    ...recorded(report, result),
    ...knowledge(report, result),
  ];
}

/** The 90 % interval of a relative error (for alpha 5 %): its one-sided upper bound, and as far to the other side. */
export function intervalOf({ rel_wape, ucb }: { readonly rel_wape: Measured; readonly ucb: number | null }) {
  if (typeof rel_wape !== 'number' || ucb === null) return null;
  return [2 * rel_wape - ucb, ucb] as const;
}

export function intervalWords(group: { readonly rel_wape: Measured; readonly ucb: number | null }): string {
  return intervalText(intervalOf(group));
}

function error(report: OfflineReport, { overall }: Result): Measure {
  const codes = ['OVERALL_REGRESSED', 'BELOW_MIN_IMPROVEMENT', 'OVERALL_INSUFFICIENT', 'OVERALL_INCONCLUSIVE'];
  const { candidate, baseline } = overall.metrics;
  const gain = threshold(report, 'min_improvement') ?? 0;
  const needed = gain > 0 ? `, and itself at most ${signedPercentOf(-gain)}` : '';
  return measure('Absolute error, WAPE', verdictOf(report, codes), {
    candidate: percentOf(candidate.wape),
    comparator: percentOf(baseline.wape),
    estimate: signedPercentOf(overall.rel_wape),
    bounds: intervalWords(overall),
    limit: `upper bound below ${signedPercentOf(threshold(report, 'margin_overall'))}${needed}`,
  });
}

function bias(report: OfflineReport, { overall }: Result): Measure {
  return measure('Bias, forecast less demand', verdictOf(report, ['BIAS']), {
    candidate: signedPercentOf(overall.metrics.candidate.bias),
    comparator: signedPercentOf(overall.metrics.baseline.bias),
    limit: `±${percentOf(threshold(report, 'bias_abs_max'))}, unless the baseline's is as large`,
  });
}

function valueAdded(report: OfflineReport, { overall }: Result): Measure {
  const { fva } = overall.metrics;
  return measure('Value added over the seasonal naive forecast', verdictOf(report, ['NO_VALUE_OVER_SEASONAL_NAIVE']), {
    candidate: percentOf(fva.candidate),
    comparator: percentOf(fva.baseline),
    limit: `above ${percentOf(threshold(report, 'min_fva'))}`,
  });
}

function quantiles(report: OfflineReport, { overall }: Result): readonly Measure[] {
  const { cand, base } = overall.quantiles;
  if (cand === undefined) return [];
  const errors = Object.values(cand.levels).flatMap((level) => level.coverage_error ?? []);
  const verdict = verdictOf(report, ['QUANTILE_COVERAGE']);
  const change = cand.wql === null || base === undefined || !base.wql ? null : cand.wql / base.wql - 1;
  return [
    measure('Quantile loss over demand, wQL', verdict, {
      candidate: percentOf(cand.wql),
      comparator: percentOf(base?.wql),
      estimate: signedPercentOf(change),
      limit: `at most ${signedPercentOf(threshold(report, 'wql_rel_max'))}`,
    }),
    measure('Largest coverage error of a quantile', verdict, {
      candidate: errors.length === 0 ? UNDEFINED : percentOf(Math.max(...errors)),
      limit: `at most ${percentOf(threshold(report, 'coverage_error_max'))}`,
    }),
  ];
}

function usable(report: OfflineReport, { quality }: Result): readonly Measure[] {
  return [
    measure('Rows without a usable forecast', verdictOf(report, ['CANDIDATE_INVALID_RATE']), {
      candidate: percentOf(quality.candidate_invalid_rate, 3),
      limit: `at most ${percentOf(threshold(report, 'max_invalid_rate'), 3)}`,
    }),
    measure('Keys with two different rows', verdictOf(report, ['CONFLICTING_DUPLICATES']), {
      candidate: counted(quality.conflicting_keys),
      limit: `at most ${percentOf(threshold(report, 'max_conflict_rate'))} of keys`,
    }),
  ];
}

/** Submitted columns against what was recorded by the business and by production. */
function recorded(report: OfflineReport, { recorded: found }: Result): readonly Measure[] {
  if (found === undefined) return [];
  const rows = [
    ['Demand that differs from what was recorded', 'ACTUALS_MISMATCH', found.actuals, 'max_actuals_mismatch'],
    [
      'Baseline that differs from what production forecast',
      'BASELINE_MISMATCH',
      found.baseline,
      'max_baseline_mismatch',
    ],
  ] as const;
  return rows.flatMap(([name, code, { compared, differing }, limit]) =>
    compared === 0
      ? []
      : [
          measure(name, verdictOf(report, [code]), {
            candidate: `${percentOf(differing / compared, 3)} of ${counted(compared)} rows`,
            limit: `at most ${percentOf(threshold(report, limit), 3)}`,
          }),
        ],
  );
}

/** Both models by the usual measures, of which none decides. */
export function usualMeasures({
  result,
}: OfflineReport): readonly Pick<Measure, 'name' | 'candidate' | 'comparator'>[] {
  if (result === null) return [];
  const { candidate, baseline } = result.overall.metrics;
  return USUAL.map(({ name, key, write }) => {
    const of = (value: number | null) => (value === null ? UNDEFINED : write(value));
    return { name, candidate: of(candidate[key]), comparator: of(baseline[key]) };
  });
}

const units = (value: number) => `${ratioOf(value)} units`;

const USUAL = [
  { name: 'Mean absolute error, MAE', key: 'mae', write: units },
  { name: 'Root mean squared error, RMSE', key: 'rmse', write: units },
  { name: 'Error over a seasonal naive step, MASE', key: 'mase', write: (value: number) => ratioOf(value) },
  { name: 'Squared error over a naive step, RMSSE', key: 'rmsse', write: (value: number) => ratioOf(value) },
  { name: 'The same, weighted by volume, WRMSSE', key: 'wrmsse', write: (value: number) => ratioOf(value) },
  { name: 'Symmetric percentage error, sMAPE, of 200', key: 'smape', write: (value: number) => plainNumber(value, 1) },
] as const;

/** Traces that it knows more than a forecast can, whatever cutoff it states. */
function knowledge(report: OfflineReport, { implausible }: Result): readonly Measure[] {
  if (implausible === undefined) return [];
  const codes = ['LEAKAGE_IMPLAUSIBLE', 'IMPLAUSIBLE_ACCURACY', 'FOLLOWS_SURPRISES'];
  const speaking = implausible.traces.filter(({ speaks }) => speaks).length;
  return [
    measure('Traces of knowing the future', verdictOf(report, codes), {
      candidate: `${speaking} of ${implausible.traces.length}`,
      limit: 'none, or one with an honest cause',
    }),
  ];
}
