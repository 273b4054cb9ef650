import type { Html } from '../../platform/html.ts';
import { counted, percentOf, probabilityOf, signedPercentOf } from './numbers.ts';
import { intervalWords } from './offline-measures.ts';
import type { NamedSegment } from './offline-order.ts';
import { type Cell, estimate, table } from './page-parts.ts';
import { highest } from './segment-order.ts';

/** More than these make a page that nobody can open; the file for machines has all of them. */
const LISTED = 400;

const VERDICTS = {
  NON_INFERIOR: { text: 'no harm', tone: 'better' },
  REGRESSED: { text: 'worse', tone: 'worse' },
  INCONCLUSIVE: { text: 'not shown' },
  INSUFFICIENT: { text: 'too little data' },
} as const satisfies Record<string, Cell>;

/** Groups of the offline gate, one line each. */
export function segmentTable(caption: string, of: string, groups: readonly NamedSegment[]): Html | null {
  const listed = highest(
    groups,
    LISTED,
    ([, { ucb, rel_wape }]) => ucb ?? (rel_wape === 'inf' ? Number.MAX_VALUE : -1),
  );
  const left = listed.length === groups.length ? '' : ` The ${listed.length} worst of ${groups.length}.`;
  return table({
    caption: `${caption}${left}`,
    columns: [of, 'Verdict', 'Change of WAPE', 'WAPE', 'Bias', 'p of harm', 'Rows'],
    rows: listed.map(([name, found]) => ({
      name,
      cells: [
        VERDICTS[found.verdict],
        estimate(signedPercentOf(found.rel_wape), intervalWords(found), toneOf(found.rel_wape)),
        estimate(percentOf(found.wape_candidate), `baseline ${percentOf(found.wape_baseline)}`),
        estimate(signedPercentOf(found.bias_candidate), `baseline ${signedPercentOf(found.bias_baseline)}`),
        probabilityOf(found.p_harm_holm ?? found.p_harm),
        estimate(counted(found.n_rows), `${counted(found.n_series)} series`),
      ],
    })),
  });
}

function toneOf(change: number | 'inf' | null): Cell['tone'] {
  if (change === null || change === 0) return undefined;
  return change === 'inf' || change > 0 ? 'worse' : 'better';
}
