import { intervalText, type Measure } from '../evidence/report/measure.ts';
import { counted, percentOf, signedPercentOf, words } from '../evidence/report/numbers.ts';
import { intervalWords } from '../evidence/report/offline-measures.ts';
import { type GateReport, measuresOf, readReport, spanWords, untestedOf } from '../evidence/report/read-report.ts';
import type { Stage } from '../promotion/life-cycle.ts';

/** A segment as the page shows it. The change is relative, negative is better. */
export interface SegmentLine {
  readonly name: string;
  readonly change: string;
  /** How far the truth may lie from it. */
  readonly bounds: string;
  readonly direction: 'better' | 'worse' | 'same';
  readonly candidate: string;
  readonly comparator: string;
  readonly bias: string;
  readonly rows: string;
  /** Too little data to be judged. */
  readonly thin: boolean;
}

/** What people should see first of the report of a gate. */
export interface GateSummary {
  readonly gate: GateReport['gate'];
  /** What it was measured on. */
  readonly span: string;
  readonly measures: readonly Measure[];
  /** Worst first. */
  readonly segments: readonly SegmentLine[];
  readonly segmentCount: number;
  /** How many of them have a greater error than before, by their estimate. */
  readonly worseCount: number;
  readonly warnings: readonly string[];
  readonly notTested: readonly string[];
  /** Counts by name. */
  readonly quality: readonly (readonly [string, string])[];
}

/** Summary of the report of a stage's gate; null when the bytes are none, or one of another gate. `worst`: how many segments. */
export function summarise(stage: Stage, bytes: Uint8Array, worst = 5): GateSummary | null {
  const report = readReport(bytes);
  if (report === null || report.gate !== stage) return null;
  const segments = segmentsOf(report);
  return {
    gate: report.gate,
    span: spanWords(report),
    measures: measuresOf(report),
    segments: worstFirst(segments).slice(0, worst).map(lineOf),
    segmentCount: segments.length,
    worseCount: segments.filter((one) => one.rel_wape !== null && badness(one) > 0).length,
    warnings: report.warnings.map(({ message }) => message),
    notTested: untestedOf(report),
    quality: qualityOf(report),
  };
}

interface Segment {
  readonly name: string;
  readonly rel_wape: number | 'inf' | '-inf' | null;
  readonly bounds: string;
  readonly wape_candidate: number | null;
  readonly wape_comparator: number | null;
  readonly bias_candidate: number | null;
  readonly n_rows: number;
  readonly thin: boolean;
}

function segmentsOf(report: GateReport): readonly Segment[] {
  if (report.gate !== 'offline') {
    return report.segments.map((one) => ({
      ...one,
      bounds: intervalText(one.interval),
      wape_comparator: one.wape_production,
      thin: false,
    }));
  }
  return Object.entries(report.result?.segments ?? {}).map(([name, one]) => ({
    ...one,
    name,
    bounds: intervalWords(one),
    wape_comparator: one.wape_baseline,
    thin: !one.sufficient,
  }));
}

/** Those with enough data first, then by change. */
function worstFirst(segments: readonly Segment[]): readonly Segment[] {
  return segments
    .filter(({ rel_wape }) => rel_wape !== null)
    .toSorted((a, b) => Number(a.thin) - Number(b.thin) || badness(b) - badness(a) || (a.name < b.name ? -1 : 1));
}

function badness({ rel_wape: change }: Segment): number {
  // Finite, since a difference of infinities has no order.
  return typeof change === 'number' ? change : change === 'inf' ? Number.MAX_VALUE : -Number.MAX_VALUE;
}

function lineOf(one: Segment): SegmentLine {
  const { name, bounds, thin, rel_wape } = one;
  const change = badness(one);
  return {
    ...{ name, bounds, thin },
    change: rel_wape === 'inf' ? 'comparator perfect' : signedPercentOf(rel_wape),
    direction: change > 0 ? 'worse' : change < 0 ? 'better' : 'same',
    candidate: percentOf(one.wape_candidate),
    comparator: percentOf(one.wape_comparator),
    bias: signedPercentOf(one.bias_candidate),
    rows: counted(one.n_rows),
  };
}

function qualityOf(report: GateReport): readonly (readonly [string, string])[] {
  const counts: Readonly<Record<string, number | null>> = report.result?.quality ?? {};
  return Object.entries(counts).map(([name, value]) => [
    words(name),
    /_(rate|share)$/.test(name) ? percentOf(value, 3) : counted(value),
  ]);
}
