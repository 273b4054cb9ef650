import type { CanaryMetricResult, CanaryOpsResult } from '../canary/canary-result.ts';
import type { Measured } from './gate-report.ts';
import { between, type Measure, measure, threshold, verdictOf } from './measure.ts';
import { counted, percentOf, pointsOf, probabilityOf, ratioOf, signedPercentOf } from './numbers.ts';
import type { CanaryReport } from './stage-schema.ts';

/** How people call a metric of the canary, and what its difference is in. */
export const CANARY_NAMES: Readonly<Record<string, { readonly name: string; readonly unit: string }>> = {
  wape: { name: 'Absolute error of served forecasts, WAPE', unit: 'percentage points of demand' },
  paired_wape: { name: 'Absolute error on the same rows', unit: 'change of WAPE, %' },
  stockout: { name: 'Stockouts', unit: 'percentage points of rows' },
  overstock: { name: 'Overstock per unit sold', unit: 'percentage points of units sold' },
};

/** Differences of paired rows are relative changes, those of arms are differences of their ratios. */
export function differenceOf(metric: string): (value: Measured | undefined) => string {
  return metric === 'paired_wape' ? (value) => signedPercentOf(value, 2) : (value) => pointsOf(value);
}

/** What the canary gate measured, in the order in which people should read it. */
export function canaryMeasures(report: CanaryReport): readonly Measure[] {
  const { result } = report;
  return [
    ...Object.entries(result.metrics).map(([name, metric]) => kpi(report, name, metric)),
    ...operations(report, result.ops),
    ...comparable(report),
  ];
}

function kpi(report: CanaryReport, metric: string, found: CanaryMetricResult): Measure {
  const write = differenceOf(metric);
  const codes = [`KPI_REGRESSED:${metric}`, `NOT_YET_NON_INFERIOR:${metric}`, `INSUFFICIENT:${metric}`];
  return measure(CANARY_NAMES[metric]?.name ?? metric, verdictOf(report, codes, found.non_inferior ? 'OK' : 'OPEN'), {
    candidate: percentOf(found.ratio_canary),
    comparator: percentOf(found.ratio_control),
    estimate: write(found.tau),
    bounds: between(write(found.lcb), write(found.ucb)),
    limit: `below ${write(found.margin)}`,
  });
}

function operations(report: CanaryReport, found: CanaryOpsResult): readonly Measure[] {
  const allowed = (name: string, digits: number) => `at most ${percentOf(threshold(report, 'ops', name), digits)}`;
  const rate = (name: string, code: string, value: number | null | undefined, limit: string) =>
    value === undefined
      ? []
      : [measure(name, verdictOf(report, [code]), { candidate: percentOf(value, 3), limit: allowed(limit, 3) })];
  return [
    ...rate('Forecasts missing', 'MISSING_PREDICTIONS', found.missing_rate, 'max_missing_rate'),
    ...rate('Forecasts below zero', 'NEGATIVE_PREDICTIONS', found.negative_rate, 'max_negative_rate'),
    ...(found.nonfinite === undefined
      ? []
      : [
          measure('Forecasts that are no finite number', verdictOf(report, ['NONFINITE_PREDICTIONS']), {
            candidate: counted(found.nonfinite),
            limit: `at most ${counted(threshold(report, 'ops', 'max_nonfinite'))}`,
          }),
        ]),
    ...harm(report, 'errors', 'Failed requests', found),
    ...harm(report, 'slow', 'Slow requests', found),
  ];
}

/** Evidence of harm is the logarithm of an e value; harm is said where that reaches 2 over alpha (two metrics share it). */
function harm(
  report: CanaryReport,
  metric: 'errors' | 'slow',
  name: string,
  found: CanaryOpsResult,
): readonly Measure[] {
  const log = metric === 'errors' ? found.errors_log_e : found.slow_log_e;
  if (log === undefined || log === null) return [];
  const alpha = threshold(report, 'alpha_ops');
  const errors = metric === 'errors';
  return [
    measure(name, verdictOf(report, [`OPS_REGRESSED:${metric}`]), {
      candidate: errors ? percentOf(found.error_rate_canary, 2) : '–',
      comparator: errors ? percentOf(found.error_rate_control, 2) : '–',
      estimate: `evidence ${ratioOf(log, 2)}`,
      limit: alpha === null ? '–' : `evidence below ${ratioOf(Math.log(2 / alpha), 2)}`,
    }),
  ];
}

function comparable(report: CanaryReport): readonly Measure[] {
  const { srm, quality } = report.result;
  return [
    measure('Clusters that returned data', verdictOf(report, ['SAMPLE_RATIO_MISMATCH']), {
      candidate: counted(srm.canary),
      comparator: counted(srm.control),
      estimate: `p ${probabilityOf(srm.p)}`,
      limit: `p above ${srm.alpha_look.toPrecision(2)}`,
    }),
    measure('Clusters seen in the wrong arm', verdictOf(report, ['COHORT_CONTAMINATION']), {
      candidate: counted(quality.arm_conflicts),
      limit: 'none',
    }),
  ];
}
