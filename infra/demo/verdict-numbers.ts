import * as z from 'zod';
import { evaluationReport } from '../../functions/evidence/report/report.ts';
import { type MeasuredMetric, stageReport } from '../../functions/evidence/report/stage-report.ts';

const anyReport = z.union([evaluationReport, stageReport]);
type AnyReport = z.infer<typeof anyReport>;

/** The numbers of a gate's report that matter, in one line. */
export function verdictNumbers(report: unknown): string {
  const parsed = anyReport.safeParse(report);
  if (!parsed.success) return '';
  return parsed.data.gate === 'offline' ? offlineNumbers(parsed.data) : stageNumbers(parsed.data);
}

function offlineNumbers({ overall, fva, policy }: Extract<AnyReport, { gate: 'offline' }>): string {
  if (overall === null) return 'the evidence cannot be read';
  const { wape_candidate: own, wape_baseline: other, rel_wape: change, bias_candidate: bias } = overall;
  const needed = policy.thresholds['min_improvement'];
  const limit = typeof needed === 'number' ? ` (at most ${signed(-needed)})` : '';
  return [
    `error ${share(own)} against ${share(other)}: ${signed(change)}${limit}`,
    `bias ${signed(bias)}`,
    ...(fva === null ? [] : [`${signed(fva.candidate)} value over seasonal naive`]),
    `${overall.n_rows} rows of ${overall.n_series} series from ${overall.n_folds} origins`,
  ].join(', ');
}

function stageNumbers({ metrics, days }: Exclude<AnyReport, { gate: 'offline' }>): string {
  // A count of faults that is zero says no more than that the gate passed.
  const judged = metrics.filter(({ verdict, limit, candidate, change }) => {
    return limit !== null && (verdict === 'FAIL' || (verdict !== 'INFO' && (candidate !== 0 || change !== null)));
  });
  const period = days === null ? [] : [`${days.closed} closed days (${days.from} to ${days.to})`];
  return [...judged.map(metricText), ...period].join(', ');
}

function metricText({ name, candidate, comparator, change, limit, unit }: MeasuredMetric): string {
  const text = (value: number | null) => (unit === 'share' ? share(value) : plain(value));
  const against = comparator === null ? '' : ` against ${text(comparator)}`;
  const relative = change === null ? '' : `: ${signed(change)}`;
  const most = limit === null ? '' : ` (at most ${change === null ? text(limit) : signed(limit)})`;
  const own = candidate === null && change !== null ? '' : ` ${text(candidate)}`;
  return `${name}${own}${against}${relative}${most}`;
}

function share(value: number | null): string {
  return value === null ? 'unknown' : `${(100 * value).toFixed(1)} %`;
}

function signed(value: number | 'inf' | null): string {
  if (value === null) return 'unknown';
  if (value === 'inf') return 'infinitely more';
  const percent = (100 * value).toFixed(1);
  return `${value > 0 ? '+' : ''}${percent === '-0.0' ? '0.0' : percent} %`;
}

function plain(value: number | null): string {
  return value === null ? 'unknown' : String(Math.round(value * 1000) / 1000);
}
