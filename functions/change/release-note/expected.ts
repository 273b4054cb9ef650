import type { CanaryMetricResult } from '../../evidence/canary/canary-result.ts';
import { CANARY_NAMES } from '../../evidence/report/canary-measures.ts';
import type { Measured } from '../../evidence/report/gate-report.ts';
import { percentOf } from '../../evidence/report/numbers.ts';
import { intervalOf } from '../../evidence/report/offline-measures.ts';
import { orderedSegments } from '../../evidence/report/offline-order.ts';
import { spanWords } from '../../evidence/report/read-report.ts';
import type { CanaryReport, ShadowReport } from '../../evidence/report/stage-schema.ts';
import type { GateReports } from './release-facts.ts';

type Interval = readonly [low: number, high: number] | null;

/** How the error of the absolute forecast changes, in plain words. */
export interface ErrorChange {
  /** Relative change; negative is better. */
  readonly change: Measured;
  /** Two-sided, 90 %; null where there is too little data for one. */
  readonly interval: Interval;
}

/** `8.4 % smaller (between 6.2 % and 10.6 % smaller)`; null where nothing was measured. */
export function errorWords({ change, interval }: ErrorChange): string | null {
  if (change === null) return null;
  if (change === 'inf') return 'larger: there was none before';
  if (change === '-inf') return 'gone: there was one before';
  if (interval === null) return `${directed(change)}, on too little data to say how sure that is`;
  const [low, high] = interval;
  if (high < 0) return `${directed(change)} (between ${percentOf(-high)} and ${directed(low)})`;
  if (low > 0) return `${directed(change)} (between ${percentOf(low)} and ${directed(high)})`;
  return `about the same (between ${directed(low)} and ${directed(high)})`;
}

function directed(change: number): string {
  return `${percentOf(Math.abs(change))} ${change > 0 ? 'larger' : 'smaller'}`;
}

/** The error overall, as the backtest measured it. */
export function overallChange({ report }: GateReports): ErrorChange {
  const overall = report.result?.overall;
  return overall === undefined
    ? { change: null, interval: null }
    : { change: overall.rel_wape, interval: intervalOf(overall) };
}

/** What each gate measured overall, a line each, then what the canary did to the shelves. */
export function expectations(reports: GateReports): readonly string[] {
  const backtest = errorWords(overallChange(reports));
  return [
    ...(backtest === null ? [] : [`In the backtest its error was ${backtest}. ${spanWords(reports.report)}`]),
    ...reports.stageReports.flatMap(stageLines),
  ];
}

function stageLines(report: ShadowReport | CanaryReport): readonly string[] {
  if (report.gate === 'shadow') {
    const words = errorWords({ change: report.result.accuracy.rel_wape, interval: report.interval });
    return words === null ? [] : [`Running beside production its error was ${words}. ${spanWords(report)}`];
  }
  return SHELVES.flatMap((metric) => {
    const found = report.result.metrics[metric];
    return found === undefined ? [] : [`${shelfWords(metric, found)} ${spanWords(report)}`];
  });
}

const SHELVES = ['stockout', 'overstock'] as const;

/** What one metric of the shelves was in the canary, and how far that is from where it did not serve. */
function shelfWords(metric: (typeof SHELVES)[number], found: CanaryMetricResult): string {
  const [canary, control] = [percentOf(found.ratio_canary), percentOf(found.ratio_control)];
  const seen = `${CANARY_NAMES[metric]?.name ?? metric} in the canary: ${canary}, against ${control} where it did not serve`;
  const difference = pointsWords(found);
  if (difference === null) return `${seen}, on too little data to say how much that means.`;
  // Without this, 19.6 % against 17.0 % and "less" would be read as an error.
  const adjusted =
    found.theta === undefined || found.theta === 0 ? '' : 'what the two groups differed by before taken off, ';
  return `${seen}; ${adjusted}a difference of ${difference}.`;
}

/** `1.33 percentage points less (between 0.15 and 3.05 less)`; null where it was not judged. */
function pointsWords({ tau, lcb, ucb }: CanaryMetricResult): string | null {
  if (typeof tau !== 'number' || typeof lcb !== 'number' || typeof ucb !== 'number') return null;
  const [low, high] = [points(lcb), points(ucb)];
  const found = `${points(tau)} percentage points ${side(tau)}`;
  if (ucb < 0) return `${found} (between ${high} and ${low} less)`;
  if (lcb > 0) return `${found} (between ${low} and ${high} more)`;
  return `${found}, which may be chance (between ${low} less and ${high} more)`;
}

function points(share: number): string {
  return (Math.abs(share) * 100).toFixed(2);
}

function side(difference: number): string {
  return difference > 0 ? 'more' : 'less';
}

interface SegmentChange extends ErrorChange {
  readonly name: string;
}

/** At most so many segments are told in words; the tables have them all. */
const TOLD = 5;

/** Where it gets better and where it gets worse, the most first. Segments with too little data are neither. */
export function segmentLines(reports: GateReports): readonly string[] {
  const segments = judgedSegments(reports);
  const by = (one: SegmentChange) => (typeof one.change === 'number' ? one.change : Number.POSITIVE_INFINITY);
  const better = segments
    .filter(({ interval }) => interval !== null && interval[1] < 0)
    .toSorted((a, b) => by(a) - by(b));
  const worse = segments
    .filter(({ change, interval }) => change === 'inf' || (interval !== null && interval[0] > 0))
    .toSorted((a, b) => by(b) - by(a));
  const open = segments.length - better.length - worse.length;
  return [
    told('Better', better),
    worse.length === 0 ? 'Worse: no segment is shown to be.' : told('Worse', worse),
    ...(open > 0 ? [`About the same, or not told apart: ${open} ${open === 1 ? 'segment' : 'segments'}.`] : []),
  ].filter((line) => line !== '');
}

function judgedSegments({ report }: GateReports): readonly SegmentChange[] {
  return orderedSegments(report)
    .filter(([, { sufficient }]) => sufficient)
    .map(([name, found]) => ({ name, change: found.rel_wape, interval: intervalOf(found) }));
}

function told(title: string, segments: readonly SegmentChange[]): string {
  if (segments.length === 0) return '';
  const words = segments.slice(0, TOLD).map((one) => `${segmentWords(one.name)}: ${errorWords(one)}`);
  const more = segments.length - words.length;
  return `${title}: ${words.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

const KINDS: Readonly<Record<string, (name: string) => string>> = {
  region: (name) => `region ${name}`,
  category: (name) => `category ${name}`,
  store: (name) => `store ${name}`,
  sku: (name) => `SKU ${name}`,
  regime: (name) => `SKUs with ${name} demand`,
  volume: (name) => `SKUs of volume band ${name}`,
  horizon: (name) => `forecasts ${name} days ahead`,
};

/** `regime:lumpy` as `SKUs with lumpy demand`; a segment of another kind by its own name. */
export function segmentWords(segment: string): string {
  const at = segment.indexOf(':');
  const words = KINDS[segment.slice(0, Math.max(at, 0))];
  return words === undefined ? segment : words(segment.slice(at + 1));
}
