import * as z from 'zod';
import { type MeasuredMetric, type StageReport, stageReport } from '../evidence/report/stage-report.ts';

/** A line of the page's table: what was measured, as people read it. */
export interface MetricRow {
  readonly name: string;
  readonly candidate: string;
  readonly comparator: string;
  /** Relative to the comparator. */
  readonly change: string;
  readonly limit: string;
  readonly verdict: string;
  readonly tone: 'better' | 'worse' | 'open';
}

/** What people should see first of the report of the shadow or the canary gate. */
export interface StageSummary {
  readonly gate: 'shadow' | 'canary';
  /** Which business days were judged. */
  readonly days: string;
  readonly metrics: readonly MetricRow[];
  /** Worst first. */
  readonly segments: readonly MetricRow[];
  readonly segmentCount: number;
  readonly warnings: readonly string[];
  /** Counts by name. */
  readonly quality: readonly (readonly [string, string])[];
}

/** The part of a stage's report that the page needs; a report of a later kind is read as far as it has it. */
const readable = stageReport.pick({
  gate: true,
  days: true,
  metrics: true,
  segments: true,
  warnings: true,
  quality: true,
});

/** Summary of a stage's report; null when the bytes are none. `worst`: how many lines of segments. */
export function summariseStage(bytes: Uint8Array, worst = 5): StageSummary | null {
  const report = readable.safeParse(jsonOf(bytes));
  if (!report.success) return null;
  const { gate, days, metrics, segments, warnings, quality } = report.data;
  const lines = segments.flatMap(({ name, metrics: measured }) =>
    measured.map((metric) => ({ ...metric, name: `${name}: ${metric.name}` })),
  );
  return {
    gate,
    days: dayWords(days),
    metrics: metrics.map(metricRow),
    segments: lines.toSorted(worstFirst).slice(0, worst).map(metricRow),
    segmentCount: segments.length,
    warnings: warnings.map(({ message }) => message),
    quality: Object.entries(quality).map(([name, value]) => [nameWords(name), numberWords(value)]),
  };
}

/** Which business days a stage was judged on. */
export function dayWords(days: StageReport['days']): string {
  if (days === null) return 'No business day is closed yet.';
  return `${days.closed} closed business days, ${days.from} to ${days.to}.`;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return z.json().parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return null;
  }
}

const VERDICTS: Readonly<
  Record<MeasuredMetric['verdict'], Pick<MetricRow, 'verdict' | 'tone'> & { readonly rank: number }>
> = {
  FAIL: { verdict: 'over limit', tone: 'worse', rank: 0 },
  PENDING: { verdict: 'open', tone: 'open', rank: 1 },
  OK: { verdict: 'within limit', tone: 'better', rank: 2 },
  INFO: { verdict: 'no limit', tone: 'open', rank: 3 },
};

function worstFirst(a: MeasuredMetric, b: MeasuredMetric): number {
  const rank = VERDICTS[a.verdict].rank - VERDICTS[b.verdict].rank;
  return rank || badness(b) - badness(a) || (a.name < b.name ? -1 : 1);
}

function badness({ change }: MeasuredMetric): number {
  return change === 'inf' ? Number.MAX_VALUE : (change ?? -Number.MAX_VALUE);
}

/** A measured metric as people read it. */
export function metricRow(metric: MeasuredMetric): MetricRow {
  const { verdict, tone } = VERDICTS[metric.verdict];
  const { unit, change } = metric;
  return {
    name: metric.name,
    candidate: valueWords(metric.candidate, unit),
    comparator: valueWords(metric.comparator, unit),
    change: change === 'inf' ? 'comparator perfect' : signedPercent(change),
    // The limit is one of the change where a change is judged, else one of the value itself.
    limit: change === null ? valueWords(metric.limit, unit) : signedPercent(metric.limit),
    verdict,
    tone,
  };
}

function valueWords(value: number | null, unit: MeasuredMetric['unit']): string {
  if (value === null) return '–';
  if (unit === 'share') return `${minus((value * 100).toFixed(1))} %`;
  return unit === 'ratio' ? minus(value.toFixed(2)) : numberWords(value);
}

function signedPercent(share: number | null): string {
  if (share === null) return '–';
  const text = (share * 100).toFixed(1);
  return `${share > 0 ? '+' : ''}${minus(text === '-0.0' ? '0.0' : text)} %`;
}

function numberWords(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 4 }).replace('-', '−');
}

function minus(text: string): string {
  return text.replace('-', '−');
}

/** `invalid_forecasts` as `Invalid forecasts`. */
function nameWords(name: string): string {
  const words = name
    .replaceAll(/[_-]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .trim();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
