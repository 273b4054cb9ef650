import type { Parsed } from '../../platform/boundary.ts';
import type { Reason } from '../../platform/errors.ts';
import { nearest } from '../../platform/nearest.ts';
import { GATES, type Gate, isGate, tablesOf } from './gates.ts';

export const USAGE = `Judges local evidence and prints what the judge found as JSON.

  judge CASE.json
  judge offline --rows FILE --history FILE [--config FILE]
  judge shadow --rows FILE [--config FILE]
  judge canary --outcomes FILE [--ops FILE] [--assignment FILE] [--config FILE] [--state FILE]
  judge guard --daily FILE [--config FILE]

Tables are CSV or Parquet, gzip or not; config and state are JSON.
Exit code: 0 for any verdict, 2 when the input cannot be judged, 1 when the judge itself failed.`;

export type JudgeArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'case'; readonly path: string }
  | {
      readonly kind: 'files';
      readonly gate: Gate;
      readonly tables: Readonly<Record<string, string>>;
      readonly config: string | null;
      readonly state: string | null;
    };

/** What is asked for, or every fault of the command line at once. */
export function parseArguments(argv: readonly string[]): Parsed<JudgeArguments> {
  if (argv.includes('--help') || argv.includes('-h')) return { ok: true, value: { kind: 'help' } };
  const [first, ...rest] = argv;
  if (first === undefined) return { ok: false, reasons: [nothingAsked()] };
  if (isGate(first)) return parseFiles(first, rest);
  const faults = [...(first.startsWith('--') ? [noGate(first)] : []), ...rest.map((extra) => unexpected(first, extra))];
  return faults.length > 0 ? { ok: false, reasons: faults } : { ok: true, value: { kind: 'case', path: first } };
}

function parseFiles(gate: Gate, argv: readonly string[]): Parsed<JudgeArguments> {
  const allowed = [...tablesOf(gate), 'config', ...(gate === 'canary' ? ['state'] : [])];
  const given = new Map<string, string>();
  const faults: Reason[] = [];
  const rest = argv.flatMap(splitAtEquals);
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    const name = word.replace(/^--/, '');
    if (!word.startsWith('--') || !allowed.includes(name)) {
      faults.push(unknownOption(gate, word, allowed));
      if (word.startsWith('--') && !(rest[at + 1] ?? '--').startsWith('--')) at += 1;
      continue;
    }
    const value = rest[at + 1];
    if (value === undefined || value.startsWith('--')) faults.push(withoutValue(name));
    else if (given.has(name)) faults.push(givenTwice(name));
    else given.set(name, value);
    if (value !== undefined && !value.startsWith('--')) at += 1;
  }
  for (const table of GATES[gate].required) if (!given.has(table)) faults.push(missing(gate, table));
  if (faults.length > 0) return { ok: false, reasons: faults };
  const tables = Object.fromEntries([...given].filter(([name]) => tablesOf(gate).includes(name)));
  const { config = null, state = null } = Object.fromEntries(given);
  return { ok: true, value: { kind: 'files', gate, tables, config, state } };
}

function splitAtEquals(word: string): readonly string[] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function nothingAsked(): Reason {
  const message = 'Name a worked case, or a gate with its tables.';
  return {
    code: 'ARGUMENTS_MISSING',
    message,
    got: 'nothing',
    allowed: `CASE.json, or ${Object.keys(GATES).join(', ')}`,
  };
}

function noGate(got: string): Reason {
  const message = 'The first word names a worked case or a gate.';
  return { code: 'GATE_MISSING', message, got, allowed: `CASE.json, or ${Object.keys(GATES).join(', ')}` };
}

function unexpected(first: string, got: string): Reason {
  const meant = nearest(first, Object.keys(GATES));
  const message = `Nothing may follow a worked case, and ${first} is no gate.`;
  const next = meant === null ? `Gates are ${Object.keys(GATES).join(', ')}.` : `Did you mean ${meant}?`;
  return { code: 'UNEXPECTED_ARGUMENT', message, got, next };
}

function unknownOption(gate: Gate, got: string, allowed: readonly string[]): Reason {
  const meant = nearest(got.replace(/^-+/, ''), allowed);
  return {
    code: 'UNKNOWN_OPTION',
    message: `The ${gate} judge has no such option.`,
    got,
    allowed: allowed.map((name) => `--${name} FILE`).join(', '),
    ...(meant === null ? {} : { next: `Did you mean --${meant}?` }),
  };
}

function withoutValue(name: string): Reason {
  return {
    code: 'OPTION_WITHOUT_FILE',
    path: `--${name}`,
    message: 'A file has to follow.',
    allowed: `--${name} FILE`,
  };
}

function givenTwice(name: string): Reason {
  return { code: 'OPTION_GIVEN_TWICE', path: `--${name}`, message: 'Which of the two files?', allowed: 'once' };
}

function missing(gate: Gate, table: string): Reason {
  const message = `The ${gate} judge needs the table ${table}.`;
  return { code: 'OPTION_MISSING', path: `--${table}`, message, got: 'nothing', allowed: `--${table} FILE` };
}
