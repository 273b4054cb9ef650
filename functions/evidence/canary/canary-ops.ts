import { type Finding, finding, percent } from '../finding.ts';
import { type RateWindow, rateLogE } from '../statistics/rate-e-value.ts';
import type { CanaryConfig, OpsMetric } from './canary-config.ts';
import type { CanaryOpsResult } from './canary-result.ts';
import type { OpsCounts, OpsWindow } from './canary-sums.ts';

type OpsThresholds = Pick<CanaryConfig, 'ops' | 'alpha_ops'>;

export interface JudgedOps {
  readonly result: CanaryOpsResult;
  readonly findings: readonly Finding[];
}

/** Operations of the windows together: limits that the canary's own rates have, and harm relative to the control. */
export function judgeOps(windows: readonly OpsWindow[], t: OpsThresholds): JudgedOps {
  if (windows.length === 0) return { result: {}, findings: [] };
  const own = limits(windows, t, '');
  const compared = relativeHarm(windows, t);
  return {
    result: { ...own.result, ...compared.result },
    findings: mergeByCode([...own.findings, ...compared.findings]),
  };
}

/** Rates of the canary arm against fixed limits. `where` ends each sentence. */
export function limits(windows: readonly OpsWindow[], { ops: t }: OpsThresholds, where: string): JudgedOps {
  const canary = total(windows.map((window) => window.canary));
  const { expected, missing, negative, nonfinite, requests, errors } = canary;
  const judged = expected >= t.min_expected;
  const told = (count: number, digits: number) =>
    `${count} of ${expected} forecasts (${percent(rate(count, expected), digits)})${where}`;
  const [missingRate, negativeRate, errorRate] = [
    rate(missing, expected),
    rate(negative, expected),
    rate(errors, requests),
  ];
  return {
    result: { missing_rate: missingRate, negative_rate: negativeRate, nonfinite, error_rate_canary: errorRate },
    findings: [
      ...finding(nonfinite > t.max_nonfinite, 'NONFINITE_PREDICTIONS', {
        got: told(nonfinite, 2),
        allowed: `at most ${t.max_nonfinite}`,
      }),
      ...finding(judged && (missingRate ?? 0) > t.max_missing_rate, 'MISSING_PREDICTIONS', {
        got: told(missing, 2),
        allowed: `at most ${percent(t.max_missing_rate, 2)}`,
      }),
      ...finding(judged && (negativeRate ?? 0) > t.max_negative_rate, 'NEGATIVE_PREDICTIONS', {
        got: told(negative, 3),
        allowed: `at most ${percent(t.max_negative_rate, 3)}`,
      }),
      ...finding(requests >= t.min_requests && (errorRate ?? 0) > t.max_error_rate, 'OPS_REGRESSED:errors', {
        got: `${errors} of ${requests} invocations (${percent(errorRate, 2)})${where}`,
        allowed: `at most ${percent(t.max_error_rate, 2)}`,
      }),
    ],
  };
}

/** Rates of the canary against those of the control in the same windows, by e values that hold at any look. */
export function relativeHarm(windows: readonly OpsWindow[], t: OpsThresholds): JudgedOps {
  const [canary, control] = [total(windows.map((one) => one.canary)), total(windows.map((one) => one.control))];
  const evidence = t.ops.metrics.map((metric) => ({ metric, ...compare(windows, metric) }));
  const least = Math.log(t.ops.metrics.length / t.alpha_ops);
  return {
    result: {
      error_rate_canary: rate(canary.errors, canary.requests),
      error_rate_control: rate(control.errors, control.requests),
      ...Object.fromEntries(evidence.map(({ metric, logE }) => [`${metric}_log_e`, logE])),
    },
    findings: evidence.flatMap(({ metric, logE, canaryRate, controlRate }) => {
      if (logE === null || canaryRate === null) return [];
      const worse = canaryRate > 0 && canaryRate >= (1 + t.ops.rate_tol) * (controlRate ?? 0);
      return finding(worse && logE >= least, `OPS_REGRESSED:${metric}`, {
        got: `${percent(canaryRate, 2)} of the canary's invocations, ${percent(controlRate, 2)} of the control's; evidence e^${logE.toFixed(1)}`,
        allowed: `less than ${1 + t.ops.rate_tol} times the control's, or evidence below e^${least.toFixed(1)}`,
      });
    }),
  };
}

/** Null where the events are not known in any window of both arms. */
function compare(windows: readonly OpsWindow[], metric: OpsMetric) {
  const known = windows.flatMap(({ canary, control }): readonly RateWindow[] => {
    const [events, controlEvents] = [canary[metric], control[metric]];
    return events === null || controlEvents === null
      ? []
      : [[events, canary.requests, controlEvents, control.requests]];
  });
  const sum = (index: 0 | 1 | 2 | 3) => known.reduce((total, window) => total + window[index], 0);
  return {
    logE: known.length === 0 ? null : rateLogE(known),
    canaryRate: rate(sum(0), sum(1)),
    controlRate: rate(sum(2), sum(3)),
  };
}

function total(counts: readonly OpsCounts[]): Omit<OpsCounts, 'slow'> {
  const of = (member: keyof Omit<OpsCounts, 'slow'>) => counts.reduce((sum, one) => sum + one[member], 0);
  return {
    ...{ requests: of('requests'), errors: of('errors'), expected: of('expected') },
    ...{ missing: of('missing'), nonfinite: of('nonfinite'), negative: of('negative') },
  };
}

/** One finding per code, with everything that was measured. */
export function mergeByCode(findings: readonly Finding[]): readonly Finding[] {
  const byName = Map.groupBy(findings, ({ code }) => code);
  const joined = (same: readonly Finding[], of: (one: Finding) => string) => [...new Set(same.map(of))].join('; ');
  return [...byName].map(([code, same]) => ({
    code,
    got: joined(same, ({ got }) => got),
    allowed: joined(same, ({ allowed }) => allowed),
  }));
}

function rate(count: number, of: number): number | null {
  return of === 0 ? null : count / of;
}
