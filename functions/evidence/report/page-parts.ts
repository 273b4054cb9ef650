import type { Reason } from '../../platform/errors.ts';
import { type Html, type HtmlValue, html } from '../../platform/html.ts';
import type { StoredObject } from '../../registry/items.ts';
import type { Documented, ObjectsRead } from './gate-report.ts';
import { counted, words as inWords, UNDEFINED } from './numbers.ts';

/** What the head of every report says, as pages show it. */
export interface HeadFacts {
  readonly gate: string;
  readonly verdict: string;
  readonly judge: string;
  readonly promotionId: string;
  readonly model: string;
  readonly version: string;
  readonly baseline: string;
  readonly policy: {
    readonly version: number;
    readonly digest: string;
    readonly config: Readonly<Record<string, unknown>>;
  };
  readonly documented: Documented;
  readonly reasons: readonly Reason[];
  readonly pending: readonly Reason[];
  readonly warnings: readonly Reason[];
}

export function section(id: string, title: string, body: HtmlValue): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`;
}

/** Whom the candidate was compared with. */
export function comparatorOf({ baseline }: Pick<HeadFacts, 'baseline'>): string {
  return baseline === '' ? 'the safe forecast' : `version ${baseline}`;
}

const TONES: Readonly<Record<string, string>> = { PASS: 'good', FAIL: 'bad' };

/** Title, verdict, and what was compared with what. */
export function headSection(report: HeadFacts, title: string): Html {
  const { gate, verdict, judge, promotionId, model, version } = report;
  return html`<p class="eyebrow">${model} ${version}, ${gate} gate</p>
<h1>${title}</h1>
<p><span class="pill ${TONES[verdict] ?? 'warn'}">${verdict}</span> ${model} ${version} compared with ${comparatorOf(report)}.</p>
<p class="soft">Promotion <code>${promotionId}</code>, judged by <code>${judge}</code> under policy ${report.policy.version}.</p>`;
}

/** Why it failed, what is not shown, and what people should know. */
export function findingsSection({ reasons, pending, warnings }: HeadFacts): Html | null {
  if (reasons.length + pending.length + warnings.length === 0) return null;
  const list = (title: string, tone: string, found: readonly Reason[]) =>
    found.length === 0 ? null : html`<h3>${title}</h3><ul class="findings ${tone}">${found.map(findingItem)}</ul>`;
  return section('findings', 'Findings', [
    list('Why it fails', 'fails', reasons),
    list('Not shown', 'open', pending),
    list('Warnings', 'open', warnings),
  ]);
}

function findingItem({ code, message, got, allowed, next }: Reason): Html {
  const measured =
    got === undefined ? null : html`<p>Got: ${got}.${allowed === undefined ? null : ` Allowed: ${allowed}.`}</p>`;
  return html`<li class="finding"><p><strong>${message}</strong> <code>${code}</code></p>${measured}${next === undefined ? null : html`<p class="soft">${next}</p>`}</li>`;
}

/** A list under a heading of its own; nothing when there is nothing to say. */
export function listed(title: string, lines: readonly HtmlValue[]): Html | null {
  return lines.length === 0 ? null : html`<h3>${title}</h3>${bullets(lines)}`;
}

export function bullets(lines: readonly HtmlValue[]): Html {
  return html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

export interface Cell {
  readonly text: HtmlValue;
  /** Shown by colour as well, never by it alone. */
  readonly tone?: 'better' | 'worse' | undefined;
}

export interface Table {
  readonly caption: string;
  /** The first one names the rows. */
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: HtmlValue; readonly cells: readonly (Cell | string)[] }[];
  /** Cells hold words, not numbers. */
  readonly words?: boolean;
}

export function table({ caption, columns, rows, words = false }: Table): Html | null {
  if (rows.length === 0) return null;
  const cell = (one: Cell | string, index: number) => {
    const { text, tone } = typeof one === 'string' ? { text: one, tone: undefined } : one;
    const shown = typeof text === 'string' ? together(text) : text;
    const look = text === UNDEFINED ? 'none' : tone;
    return html`<td data-label="${columns[index + 1] ?? ''}"${look === undefined ? null : html` class="${look}"`}>${shown}</td>`;
  };
  // Few columns fit on a phone; more of them are told line by line there.
  const look = words ? WORDS : columns.length > 3 ? STACKED : null;
  return html`<table${look}><caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(({ name, cells }) => html`<tr><th scope="row">${name}</th>${cells.map(cell)}</tr>`)}</tbody></table>`;
}

const WORDS = html` class="text"`;
const STACKED = html` class="stack"`;

/** A number and its unit on one line. */
export function together(text: string): string {
  return text.replaceAll(/(\d) (%|pp|units?|times)/g, '$1\u00a0$2').replace(/^([<>]) /, '$1\u00a0');
}

/** An estimate with its interval beneath. */
export function estimate(value: string, bounds: string, tone?: Cell['tone']): Cell {
  const text = bounds === UNDEFINED ? value : html`${together(value)}<span class="range">${together(bounds)}</span>`;
  return { text, tone };
}

/** Numbers that a chart shows already: there for whoever wants them, and always on paper. */
export function folded(title: string, body: HtmlValue): Html {
  return html`<details><summary>${title}</summary>${body}</details>`;
}

/** What the requester documented. */
export function documentedSection({ documented }: HeadFacts): Html {
  const { change, training } = documented;
  const equal = change.equalIsEnough;
  return section('documented', 'Documented by the requester', [
    html`<dl>${facts([
      ['Kind of change', change.type],
      ['Reason', change.reason],
      ['Scope', change.scope],
      ['Expected impact', change.expectedImpact],
      ['Rollback plan', change.rollbackPlan],
      ...(equal === undefined ? [] : ([['Equal is enough', `${equal.because}: ${equal.explanation}`]] as const)),
      ['Trained on', `${training.from} to ${training.to}, code ${training.code}`],
      ['Features', training.features.join(', ')],
    ])}</dl>`,
    listed('Known failure modes', documented.knownFailureModes),
  ]);
}

export function facts(rows: readonly (readonly [string, HtmlValue])[]): readonly Html[] {
  return rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
}

/** Thresholds that were applied, and the objects that were read, so that anybody can judge again. */
export function provenanceSection(
  report: HeadFacts,
  objects: readonly (readonly [string, StoredObject | ObjectsRead])[],
): Html {
  return section('provenance', 'What it rests on', [
    table({
      caption: 'Objects that were read.',
      columns: ['Object', 'What it is'],
      words: true,
      rows: objects.map(([name, object]) => ({ name, cells: [objectWords(object)] })),
    }),
    folded(
      `Thresholds of policy ${report.policy.version}`,
      table({
        caption: `Digest of the policy: ${report.policy.digest}. Shares are fractions: 0.05 is 5 %.`,
        columns: ['Threshold', 'Value'],
        words: true,
        rows: Object.entries(report.policy.config).map(([name, value]) => ({
          name: html`<code>${name}</code>`,
          cells: [{ text: html`<code>${JSON.stringify(value)}</code>` }],
        })),
      }),
    ),
  ]);
}

function objectWords(object: StoredObject | ObjectsRead): string {
  if ('objects' in object) return `${counted(object.objects)} objects, digest ${object.digest}`;
  return `${object.key}, version ${object.versionId}, SHA-256 ${object.sha256}`;
}

/** Counts and other plain numbers of an object, as a table. */
export function numbersTable(
  caption: string,
  numbers: Readonly<Record<string, number | string | null>>,
  write: (name: string, value: number | string | null) => string = (_, value) =>
    typeof value === 'string' ? value : counted(value, 4),
): Html | null {
  const rows = Object.entries(numbers).map(([name, value]) => ({ name: inWords(name), cells: [write(name, value)] }));
  return table({ caption, columns: ['Measured', 'Value'], rows });
}
