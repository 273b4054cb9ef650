import * as z from 'zod';
import { evaluationReport, type GroupReport } from '../evidence/report/report.ts';

/** A line of the page's tables: shares as people read them. `change` is relative, negative is better. */
export interface SummaryRow {
  readonly name: string;
  readonly rows: number;
  readonly candidate: string;
  readonly baseline: string;
  readonly change: string;
  readonly direction: 'better' | 'worse' | 'same';
  readonly bias: string;
  /** Too little data to be judged. */
  readonly thin: boolean;
}

export interface ReportSummary {
  readonly overall: SummaryRow | null;
  /** Worst first. */
  readonly segments: readonly SummaryRow[];
  readonly segmentCount: number;
  readonly warnings: readonly string[];
}

/** The part of an evaluation report that the page needs; a report of a later kind is read as far as it has it. */
const readable = evaluationReport.pick({ overall: true, segments: true, warnings: true });

/** What people should see first of an evaluation report; null when the bytes are none. `worst`: how many segments. */
export function summarise(bytes: Uint8Array, worst = 5): ReportSummary | null {
  const report = readable.safeParse(jsonOf(bytes));
  if (!report.success) return null;
  const { overall, segments, warnings } = report.data;
  const ranked = segments
    .filter((segment) => segment.rel_wape !== null)
    .sort(
      (a, b) => Number(b.sufficient) - Number(a.sufficient) || badness(b) - badness(a) || (a.name < b.name ? -1 : 1),
    );
  return {
    overall: overall === null ? null : rowOf(overall),
    segments: ranked.slice(0, worst).map(rowOf),
    segmentCount: segments.length,
    warnings: warnings.map(({ message }) => message),
  };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return z.json().parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return null;
  }
}

function badness({ rel_wape: change }: GroupReport): number {
  return change === 'inf' ? Number.POSITIVE_INFINITY : (change ?? Number.NEGATIVE_INFINITY);
}

function rowOf(group: GroupReport): SummaryRow {
  const change = badness(group);
  return {
    name: group.name,
    rows: group.n_rows,
    candidate: percent(group.wape_candidate),
    baseline: percent(group.wape_baseline),
    change: signedPercent(group.rel_wape === 'inf' ? change : group.rel_wape),
    direction: change > 0 ? 'worse' : change < 0 && Number.isFinite(change) ? 'better' : 'same',
    bias: signedPercent(group.bias_candidate),
    thin: !group.sufficient,
  };
}

function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

function signedPercent(share: number | null): string {
  if (share === null) return '–';
  if (!Number.isFinite(share)) return 'baseline perfect';
  const text = (share * 100).toFixed(1);
  return `${share > 0 ? '+' : ''}${text === '-0.0' ? '0.0' : text} %`.replace('-', '−');
}
