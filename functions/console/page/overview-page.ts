import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { Source } from '../read/source.ts';
import type { ConsoleOverview, ModelRow } from '../view/console-overview.ts';
import { servedBy } from '../view/pointer-view.ts';
import { stageWords, waitSentence } from './flight-section.ts';
import { framed, type Look, linkTo } from './look.ts';
import { count, names, pill, sourceSection, table, time } from './parts.ts';

/** The read-only page over all models. */
export function overviewPage({ at, models, leftOut }: ConsoleOverview, look: Look): string {
  return framed(
    look,
    html`<h1>Model releases</h1><p class="soft">Read-only, as of ${time(at, at)}</p>
${sourceSection({ id: 'models', title: 'Models' }, models, (rows) => [
  rows.length === 0 ? html`<p>No model was onboarded yet.</p>` : modelTable(rows, { at, look }),
  leftOut === 0 ? null : html`<p>${count(leftOut, 'more model')} not looked at here; each has its own page.</p>`,
])}`,
  );
}

function modelTable(
  rows: readonly ModelRow[],
  { at, look }: { readonly at: string; readonly look: Look },
): Html | null {
  return table({
    caption: 'What the data plane serves for each model, and what is going on',
    columns: [
      'Model',
      'Serves',
      'Approved',
      'Why',
      'In flight',
      'Kill switch',
      'Way back',
      'Last drill',
      'Open recalls',
    ],
    rows: rows.map((row) => [
      linkTo(look, row.model, row.model),
      or(row.pointer, ({ document, signed, decided }) => html`${servedBy(document)} ${pointerPill(signed, decided)}`),
      or(row.pointer, ({ document }) =>
        document.approvedBy.length === 0
          ? 'needed none: it is a way back'
          : html`${names(document.approvedBy)}, ${time(document.approvedAt, at)}`,
      ),
      or(row.pointer, ({ document }) => document.reason),
      or(row.flight, (flight) =>
        flight === null ? 'nothing' : `${flight.version}: ${stageWords(flight)}; ${waitSentence(flight.wait)}`,
      ),
      or(row.standing, (standing) =>
        standing === null
          ? 'none'
          : html`${pill('bad', 'Stands')} by ${standing.requestedBy.name}, expires ${time(standing.expiresAt, at)}`,
      ),
      or(row.readiness, (readiness) =>
        readiness === null ? 'not checked yet' : readiness.ready ? pill('good', 'Ready') : pill('bad', 'Not ready'),
      ),
      or(row.drill, (drill) =>
        drill === null
          ? 'none yet'
          : html`${drill.passed ? pill('good', 'passed') : pill('bad', 'failed')} ${time(drill.at, at)}`,
      ),
      or(row.openRecalls, String),
    ]),
  });
}

function pointerPill(signed: boolean, decided: boolean | null): Html | null {
  if (!signed) return pill('bad', 'not signed');
  if (decided === null) return pill('warn', 'decision not read');
  return decided ? null : pill('bad', 'no decision stands behind it');
}

function or<T>(source: Source<T>, write: (value: T) => HtmlValue): HtmlValue {
  return source.ok ? write(source.value) : pill('warn', `could not be read (${source.why})`);
}
