import { gunzipSync } from 'node:zlib';
import { plusDays } from '../../functions/platform/duration.ts';
import { type Demand, type DemandSeries, daysBetween } from './demand.ts';

/** A demand file as read: the demand, and what had to be done to it, in sentences. */
export type DemandFile =
  | { readonly ok: true; readonly demand: Demand; readonly notes: readonly string[] }
  | { readonly ok: false; readonly faults: readonly string[] };

const REQUIRED = ['date', 'sku', 'store', 'region', 'units'] as const;
const MAX_FAULTS = 10;
/** More than anybody sells of one thing on one day; what is larger is a defect of the file. */
const MAX_UNITS = 1e9;
/** A file that spans more is taken for one with a mistyped year: it would need a row of zeros for each day. */
const MAX_DAYS = 40 * 366;

interface Row {
  readonly date: string;
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  readonly category: string;
  readonly units: number;
}

interface Counts {
  negatives: number;
  repeats: number;
}

/**
 * Reads a demand history: CSV, gzip or not, with a header of date, sku, store, region, units and maybe category; other
 * columns are ignored. Negative units (returns) become 0 and repeated rows are added up, both counted; a day without a
 * row, from a series' first row on, is a day without demand. `name` is how faults call the file.
 */
export function readDemand(bytes: Uint8Array, name: string): DemandFile {
  const text = textOf(bytes);
  if (text === null) return { ok: false, faults: [`${name} is no gzip file that can be read to its end.`] };
  const [header = '', ...lines] = text.split('\n');
  const columns = cellsOf(header.replace(/^\uFEFF/, '')).map((column) => column.trim());
  const missing = REQUIRED.filter((column) => columns.filter((one) => one === column).length !== 1);
  if (missing.length > 0) return { ok: false, faults: [columnsFault(name, missing, columns)] };
  const read = readRows(lines, columns);
  if (read.faults.length > 0) return { ok: false, faults: listed(name, read.faults) };
  if (read.rows.length === 0) return { ok: false, faults: [`${name} has a header and no rows.`] };
  return gathered(read.rows, name, read.negatives);
}

function textOf(bytes: Uint8Array): string | null {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return Buffer.from(bytes).toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch {
    return null;
  }
}

function columnsFault(name: string, missing: readonly string[], got: readonly string[]): string {
  return `${name}: needs exactly one column of each of ${REQUIRED.join(', ')} (category is optional); lacking, or there twice: ${missing.join(', ')}. Its header is: ${got.join(',').slice(0, 200)}`;
}

function listed(name: string, faults: readonly string[]): readonly string[] {
  const shown = faults.slice(0, MAX_FAULTS).map((fault) => `${name}, ${fault}`);
  const more = faults.length - shown.length;
  return more > 0 ? [...shown, `${name}: ${more} more lines have faults.`] : shown;
}

function readRows(lines: readonly string[], columns: readonly string[]) {
  const at = Object.fromEntries([...REQUIRED, 'category' as const].map((column) => [column, columns.indexOf(column)]));
  const dates = new Map<string, boolean>();
  const rows: Row[] = [];
  const faults: string[] = [];
  let negatives = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') continue;
    const cells = cellsOf(line);
    const cell = (column: string): string => (cells[at[column] ?? -1] ?? '').trim();
    const fault = faultOf(cell, dates);
    if (fault !== null) {
      faults.push(`line ${index + 2}: ${fault}`);
      continue;
    }
    const units = Number(cell('units'));
    if (units < 0) negatives += 1;
    const named = { sku: cell('sku'), store: cell('store'), region: cell('region'), category: cell('category') };
    rows.push({ ...named, date: cell('date'), units: Math.max(0, units) });
  }
  return { rows, faults, negatives };
}

function faultOf(cell: (column: string) => string, dates: Map<string, boolean>): string | null {
  const date = cell('date');
  const known = dates.get(date) ?? isDate(date);
  dates.set(date, known);
  if (!known) return `"${date.slice(0, 40)}" is no date of the form YYYY-MM-DD.`;
  const empty = (['sku', 'store', 'region'] as const).filter((column) => cell(column) === '');
  if (empty.length > 0) return `${empty.join(' and ')} must not be empty.`;
  const units = cell('units');
  const value = Number(units);
  if (units === '' || !Number.isFinite(value)) return `"${units.slice(0, 40)}" is no number of units.`;
  return Math.abs(value) > MAX_UNITS ? `${units.slice(0, 40)} units are more than anybody sells in a day.` : null;
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && plusDays(text, 0) === text;
}

/** One row per series and day as one list per series, gaps filled with zeros. */
function gathered(rows: readonly Row[], name: string, negatives: number): DemandFile {
  let firstDate = rows[0]?.date ?? '';
  let lastDate = firstDate;
  for (const { date } of rows) {
    if (date < firstDate) firstDate = date;
    if (date > lastDate) lastDate = date;
  }
  const days = daysBetween(firstDate, lastDate) + 1;
  if (days > MAX_DAYS) {
    return { ok: false, faults: [`${name}: from ${firstDate} to ${lastDate} are ${days} days; is a year mistyped?`] };
  }
  const counts: Counts = { negatives, repeats: 0 };
  const series = seriesOf(rows, { firstDate, days }, counts);
  const notes = [
    ...(counts.negatives > 0 ? [`${counts.negatives} rows with negative units (returns) were set to 0.`] : []),
    ...(counts.repeats > 0 ? [`${counts.repeats} rows repeat a day of a series; their units were added up.`] : []),
  ];
  return { ok: true, demand: { firstDate, days, series }, notes };
}

function seriesOf(
  rows: readonly Row[],
  { firstDate, days }: { readonly firstDate: string; readonly days: number },
  counts: Counts,
): readonly DemandSeries[] {
  const dayOf = new Map<string, number>();
  const found = new Map<string, { readonly row: Row; readonly byDay: Map<number, number> }>();
  for (const row of rows) {
    const day = dayOf.get(row.date) ?? daysBetween(firstDate, row.date);
    dayOf.set(row.date, day);
    const key = JSON.stringify([row.sku, row.store]);
    const one = found.get(key) ?? { row, byDay: new Map<number, number>() };
    found.set(key, one);
    const before = one.byDay.get(day);
    if (before !== undefined) counts.repeats += 1;
    one.byDay.set(day, (before ?? 0) + row.units);
  }
  return [...found.values()]
    .map(({ row: { sku, store, region, category }, byDay }) => {
      const start = [...byDay.keys()].reduce((least, day) => Math.min(least, day), days);
      const units = Array.from({ length: days - start }, (_, index) => byDay.get(start + index) ?? 0);
      return { sku, store, region, category, start, units };
    })
    .toSorted((a, b) => compare(a.sku, b.sku) || compare(a.store, b.store));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Cells of a CSV line; quoted ones may hold commas and doubled quotes, but no line ends. */
function cellsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  // The pattern matches once more, emptily, at the end of a line that does not end in a comma.
  const whole = line.endsWith(',') ? cells : cells.slice(0, -1);
  return whole.map((cell) => {
    const bare = cell.replace(/,$/, '');
    return bare.startsWith('"') ? bare.slice(1, -1).replaceAll('""', '"') : bare;
  });
}
