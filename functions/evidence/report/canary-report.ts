import type { CanaryPolicy } from '../../registry/policy.ts';
import type { CanaryDecision, MeasuredEffect } from '../canary/canary.ts';
import type { CanaryEvidence, CanaryStepSums } from '../canary/canary-sums.ts';
import type { MeasuredMetric, StageReport } from './stage-report.ts';

type Measured = Pick<StageReport, 'days' | 'metrics' | 'segments'>;

const NAMES = {
  paired_wape: 'WAPE on the same rows',
  stockout: 'stockout rate',
  overstock: 'overstock per unit sold',
} as const;
const VERDICTS = { OK: 'OK', REGRESSED: 'FAIL', NOT_YET: 'PENDING', INSUFFICIENT: 'PENDING' } as const;

/** What the canary judge measured, as tables. */
export function canaryTables(evidence: CanaryEvidence, decision: CanaryDecision, t: CanaryPolicy): Measured {
  const days = evidence.days.filter((day) => decision.look === null || day <= decision.look.day);
  const [from, to] = [days[0], days.at(-1)];
  return {
    days: from === undefined || to === undefined ? null : { from, to, closed: days.length },
    metrics: [
      ...(decision.look?.metrics ?? []).map(effect),
      ...operations(evidence, decision, t),
      counted('canary series', evidence.units.canary),
      counted('control series', evidence.units.control),
      counted('closed days of the last step', decision.look?.closedDays ?? 0),
    ],
    segments: evidence.segments
      .filter(({ series }) => series >= t.min_clusters)
      .map(({ segment, rows, actual, candidateError: error, comparatorError: base }) => {
        const wape = (sum: number) => (actual === 0 ? null : sum / actual);
        const perfect: 0 | 'inf' = error === 0 ? 0 : 'inf';
        const found = {
          candidate: wape(error),
          comparator: wape(base),
          change: base === 0 ? perfect : error / base - 1,
        };
        const accuracy: MeasuredMetric = {
          name: NAMES.paired_wape,
          ...found,
          limit: null,
          unit: 'share',
          verdict: 'INFO',
        };
        return { name: segment, metrics: [accuracy, counted('paired rows', rows)] };
      }),
  };
}

/** `change` is the estimate: relative for paired rows, else the difference in rates, less that of the time before. */
function effect({ metric, effect: found, margin, verdict }: MeasuredEffect): MeasuredMetric {
  const paired = metric === 'paired_wape';
  const tau = found?.tau ?? null;
  return {
    name: NAMES[metric],
    candidate: paired ? null : (found?.ratioCanary ?? null),
    comparator: found?.ratioControl ?? null,
    change: tau === Number.POSITIVE_INFINITY ? 'inf' : tau,
    limit: margin,
    unit: 'share',
    verdict: VERDICTS[verdict],
  };
}

function operations(
  { steps }: CanaryEvidence,
  { reasons }: CanaryDecision,
  t: CanaryPolicy,
): readonly MeasuredMetric[] {
  const codes = new Set(reasons.map(({ code }) => code));
  const verdict = (code: string) => (codes.has(code) ? 'FAIL' : 'OK');
  const total = (count: (step: CanaryStepSums) => number) => steps.reduce((sum, step) => sum + count(step), 0);
  const expected = total((step) => step.expected);
  const rate = (
    count: (step: CanaryStepSums) => number,
  ): Pick<MeasuredMetric, 'candidate' | 'unit' | 'comparator' | 'change'> => ({
    ...{ candidate: expected === 0 ? null : total(count) / expected, comparator: null, change: null, unit: 'share' },
  });
  return [
    {
      ...{ name: 'missing forecasts', ...rate(({ missing }) => missing) },
      ...{ limit: t.max_missing_rate, verdict: verdict('MISSING_PREDICTIONS') },
    },
    {
      ...{ name: 'negative forecasts', ...rate(({ negative }) => negative) },
      ...{ limit: t.max_negative_rate, verdict: verdict('NEGATIVE_PREDICTIONS') },
    },
    {
      ...counted(
        'forecasts that are not finite',
        total(({ nonfinite }) => nonfinite),
      ),
      ...{ limit: t.max_nonfinite, verdict: verdict('NONFINITE_PREDICTIONS') },
    },
    {
      ...counted(
        'series served outside the cohort',
        total(({ outside }) => outside),
      ),
      ...{ limit: 0, verdict: verdict('COHORT_CONTAMINATION') },
    },
  ];
}

function counted(name: string, candidate: number): MeasuredMetric {
  return { name, candidate, comparator: null, change: null, limit: null, unit: 'count', verdict: 'INFO' };
}
