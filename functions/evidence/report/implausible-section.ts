import { type Html, html } from '../../platform/html.ts';
import { counted, percentOf, ratioOf } from './numbers.ts';
import type { OfflineReport } from './offline-envelope.ts';
import { folded, section, table } from './page-parts.ts';

type Implausible = NonNullable<NonNullable<OfflineReport['result']>['implausible']>;
type Trace = Implausible['traces'][number];

/** What each trace measures, and which side of its limit is suspect. */
const TRACES: Readonly<
  Record<Trace['name'], { readonly words: string; readonly suspect: 'below' | 'above'; readonly share?: boolean }>
> = {
  squared_error: { words: 'Squared error over counting noise, slow movers', suspect: 'below' },
  unexplained_slow: { words: 'What its moves leave unexplained over counting noise, slow movers', suspect: 'below' },
  unexplained_medium: { words: 'The same, faster movers', suspect: 'below' },
  known_series: { words: 'Series in which hardly a surprise is left', suspect: 'above', share: true },
  window_totals: { words: 'Window totals met within half their counting noise', suspect: 'above', share: true },
  follows_surprises: { words: 'Correlation with day-to-day surprises', suspect: 'above' },
  a_day_off: { words: 'Correlation with a neighbouring day, beyond that with its own', suspect: 'above' },
  horizon_growth: { words: 'Error of the last week over that of the first', suspect: 'below' },
};

const VERDICTS = {
  PASS: 'Nothing that a forecast could not know.',
  INCONCLUSIVE: 'It may know more than a forecast can; the traces do not settle it.',
  FAIL: 'It knows more than a forecast can.',
} as const;

/** Traces of a candidate that knows the future, whatever cutoff it states; nothing where there was too little data. */
export function implausibleSection({ result }: OfflineReport): Html | null {
  const found = result?.implausible;
  if (found === undefined) return null;
  const origins = Object.entries(found.origins).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return section('implausible', 'Does it know too much?', [
    html`<p>${VERDICTS[found.verdict]} Looked at on ${counted(found.rows)} rows of ${counted(found.series)} series.</p>`,
    traceTable('All origins together. A trace speaks when it lies beyond its limit by more than chance.', found.traces),
    origins.length === 0
      ? null
      : folded(
          `Origins that are suspect by themselves: ${counted(origins.length)}`,
          origins.map(([origin, one]) => traceTable(`Origin ${origin}.`, one.traces) ?? ''),
        ),
  ]);
}

function traceTable(caption: string, traces: readonly Trace[]): Html | null {
  return table({
    caption,
    columns: ['Trace', 'Speaks', 'Value', 'Standard error', 'Suspect', 'Series'],
    rows: traces.map((trace) => {
      const { words, suspect, share } = TRACES[trace.name];
      const write = (value: number) => (share ? percentOf(value) : ratioOf(value, 2));
      return {
        name: words,
        cells: [
          { text: trace.speaks ? 'yes' : 'no', tone: trace.speaks ? ('worse' as const) : undefined },
          write(trace.value),
          write(trace.se),
          `${suspect} ${write(trace.limit)}`,
          counted(trace.series),
        ],
      };
    }),
  });
}
