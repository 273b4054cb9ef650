import type { Parsed } from '../../platform/boundary.ts';
import type { Reason } from '../../platform/errors.ts';
import { nearest } from '../../platform/nearest.ts';
import { GATES, type GateQuestion, isGate, tablesOf } from './gates.ts';
import { parseSettings } from './setting-faults.ts';
import { UNIT_FUNCTIONS } from './worked-unit.ts';

/** A case worked out by hand: tables as CSV texts for one of the judges, or calls of one statistic. */
export type WorkedCase =
  | { readonly kind: 'gate'; readonly question: GateQuestion }
  | { readonly kind: 'unit'; readonly results: readonly { readonly args: unknown; readonly result: unknown }[] };

const KINDS = [...Object.keys(GATES), 'unit'];

/** Reads a case, with every fault at once. `name`, `description` and `expected` are for people. */
export function parseCase(text: string): Parsed<WorkedCase> {
  const content = parseJson(text);
  if (!isRecord(content)) return refused([notACase(text)]);
  const kind = content['kind'];
  if (kind === 'unit') return unitCase(content);
  if (typeof kind !== 'string' || !isGate(kind)) return refused([unknownKind(kind)]);
  const faults: Reason[] = [];
  const inputs = textsOf(content['inputs'], tablesOf(kind), faults);
  for (const table of GATES[kind].required) {
    if (!isRecord(content['inputs']) || !Object.hasOwn(content['inputs'], table))
      faults.push(missingInput(kind, table));
  }
  if (faults.length > 0) return refused(faults);
  const question = { gate: kind, inputs, config: content['config'] ?? {}, state: content['state'] ?? null };
  return { ok: true, value: { kind: 'gate', question } };
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return content;
  } catch {
    return undefined;
  }
}

function unitCase(content: Readonly<Record<string, unknown>>): Parsed<WorkedCase> {
  const names = [...UNIT_FUNCTIONS.keys()];
  const [name, calls] = [content['function'], content['calls']];
  const statistic = typeof name === 'string' ? UNIT_FUNCTIONS.get(name) : undefined;
  const faults: Reason[] = [];
  if (statistic === undefined) faults.push(unknownName('UNKNOWN_FUNCTION', 'function', name, names));
  if (!Array.isArray(calls) || !calls.every(isRecord)) faults.push(withoutCalls(calls));
  if (statistic === undefined || !Array.isArray(calls) || faults.length > 0) return refused(faults);
  const given = calls.filter(isRecord).map((call) => call['args']);
  const parsed = given.map((args, index) => parseSettings(statistic.args, args, `calls.${index}.args`));
  const reasons = parsed.flatMap((one) => (one.ok ? [] : one.reasons));
  if (reasons.length > 0) return refused(reasons);
  return { ok: true, value: { kind: 'unit', results: given.map((args) => ({ args, result: statistic.call(args) })) } };
}

function textsOf(inputs: unknown, allowed: readonly string[], faults: Reason[]): Readonly<Record<string, string>> {
  if (!isRecord(inputs)) return {};
  const texts: Record<string, string> = {};
  for (const [table, text] of Object.entries(inputs)) {
    if (!allowed.includes(table)) faults.push(unknownName('UNKNOWN_INPUT', `inputs.${table}`, table, allowed));
    else if (typeof text === 'string') texts[table] = text;
    else if (text !== null) faults.push(notText(table, text));
  }
  return texts;
}

function notACase(text: string): Reason {
  return {
    code: 'CASE_UNREADABLE',
    message: 'The file is not a worked case.',
    got: text.trim() === '' ? 'an empty file' : 'something else than a JSON object',
    allowed: 'a JSON object with kind, inputs and config, or with kind unit, function and calls',
    next: 'To judge tables, name the gate and the files: judge offline --rows FILE --history FILE.',
  };
}

function unknownKind(kind: unknown): Reason {
  return unknownName('UNKNOWN_KIND', 'kind', kind, KINDS);
}

function unknownName(code: string, path: string, got: unknown, allowed: readonly string[]): Reason {
  const meant = typeof got === 'string' ? nearest(got, allowed) : null;
  return {
    ...{ code, path, message: `There is no such ${path.split('.')[0] === 'inputs' ? 'input' : path}.` },
    got: got === undefined ? 'nothing' : String(JSON.stringify(got)).slice(0, 200),
    allowed: allowed.join(', '),
    ...(meant === null ? {} : { next: `Did you mean ${meant}?` }),
  };
}

function missingInput(kind: string, table: string): Reason {
  return {
    ...{ code: 'INPUT_MISSING', path: `inputs.${table}`, message: `The ${kind} judge needs the table ${table}.` },
    ...{ got: 'nothing', allowed: 'CSV text with a header row' },
  };
}

function notText(table: string, got: unknown): Reason {
  return {
    ...{ code: 'INPUT_NOT_TEXT', path: `inputs.${table}`, message: 'A table stands in a case as text.' },
    ...{ got: Array.isArray(got) ? 'a list' : typeof got, allowed: 'CSV text with a header row' },
  };
}

function withoutCalls(got: unknown): Reason {
  return {
    ...{ code: 'CALLS_MISSING', path: 'calls', message: 'A unit case lists the calls of its function.' },
    ...{ got: got === undefined ? 'nothing' : String(JSON.stringify(got)).slice(0, 200) },
    allowed: 'a list of objects with args',
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(reasons: readonly Reason[]): { readonly ok: false; readonly reasons: readonly Reason[] } {
  return { ok: false, reasons };
}
