import type { Html } from '../../platform/html.ts';
import { type Measure, measureColumns, VERDICT_TONES, VERDICT_WORDS } from './measure.ts';
import { estimate, table } from './page-parts.ts';

/** Measures as a table, one line each, with what is allowed and what came of it. */
export function measureTable(caption: string, comparator: string, measures: readonly Measure[]): Html | null {
  return table({
    caption,
    columns: measureColumns(comparator),
    rows: measures.map((one) => ({
      name: one.name,
      cells: [
        { text: VERDICT_WORDS[one.verdict], tone: VERDICT_TONES[one.verdict] },
        one.candidate,
        one.comparator,
        estimate(one.estimate, one.bounds),
        one.limit,
      ],
    })),
  });
}
