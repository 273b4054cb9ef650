import type * as z from 'zod';
import { type Reason, ReleaseError } from './errors.ts';

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reasons: readonly Reason[] };

/** Parses a value from outside; a rejection lists every fault, so that a caller mends them in one round. */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, next?: string): Parsed<T> {
  const parsed = parseShape(schema, value, next);
  const path = parsed.ok ? pathOfBrokenText(parsed.value, []) : null;
  return path === null ? parsed : { ok: false, reasons: [brokenText(path.join('.') || '$', next)] };
}

/** Of a value that our own code made, or that holds one from outside which is parsed on its own, only the shape is asked. */
function parseShape<T>(schema: z.ZodType<T>, value: unknown, next?: string): Parsed<T> {
  const result = schema.safeParse(value, { reportInput: true });
  return result.success ? { ok: true, value: result.data } : { ok: false, reasons: faultsOf(result.error, next) };
}

/**
 * Parses a value that our own code stored or sent.
 * @throws ReleaseError CORRUPT_ITEM naming `what`
 */
export function parseStored<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = parseShape(schema, value);
  if (parsed.ok) return parsed.value;
  const first = parsed.reasons[0];
  throw new ReleaseError('CORRUPT_ITEM', `${what} does not have its stored shape: ${first?.path}: ${first?.message}`, {
    reasons: parsed.reasons,
  });
}

/**
 * Parses the event of an internal step (a state of our own state machine).
 * @throws ReleaseError INVALID_INPUT
 */
export function parseEvent<T>(schema: z.ZodType<T>, event: unknown): T {
  const parsed = parseShape(schema, event);
  if (parsed.ok) return parsed.value;
  throw new ReleaseError('INVALID_INPUT', 'The event does not have the shape that this function takes.', {
    reasons: parsed.reasons,
  });
}

/** Where a text holds half of a character, which can be neither hashed nor recorded; null: nowhere. */
function pathOfBrokenText(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) return path;
    const member: unknown = Reflect.get(value, name);
    // Histories are long lists of numbers.
    const broken = typeof member === 'number' ? null : pathOfBrokenText(member, [...path, name]);
    if (broken !== null) return broken;
  }
  return null;
}

function brokenText(path: string, next?: string): Reason {
  return {
    code: 'INVALID_FIELD',
    path: clipped(path, MAX_MESSAGE),
    message: 'Half of a character (a lone surrogate) stands in this text.',
    allowed: 'text of whole Unicode characters',
    ...(next === undefined ? {} : { next }),
  };
}

/** So many faults are listed one by one: a refusal must fit into a registry item and into a state machine's answer. */
const MAX_FAULTS = 50;
const MAX_MESSAGE = 500;

/** The faults of a rejected value as reasons, one per field, in the order of the input's fields. */
function faultsOf(error: z.ZodError, next?: string): readonly Reason[] {
  const more = error.issues.length - MAX_FAULTS;
  const unlisted = { code: 'MORE_FAULTS', message: `${more} more faults are not listed.` };
  return [...listed(error.issues.slice(0, MAX_FAULTS), next), ...(more > 0 ? [unlisted] : [])];
}

function listed(issues: readonly z.core.$ZodIssue[], next?: string): readonly Reason[] {
  return issues.map((issue) => {
    const got = describe('input' in issue ? issue.input : undefined);
    const allowed = allowedBy(issue);
    return {
      code: 'INVALID_FIELD',
      path: clipped(issue.path.map(String).join('.'), MAX_MESSAGE) || '$',
      message: clipped(issue.message, MAX_MESSAGE),
      ...(got === undefined ? {} : { got }),
      ...(allowed === undefined ? {} : { allowed }),
      ...(next === undefined ? {} : { next }),
    };
  });
}

/** What would have been accepted, where the rule that was broken says so. */
function allowedBy(issue: z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case 'custom': {
      const allowed: unknown = issue.params?.['allowed'];
      return typeof allowed === 'string' ? allowed : undefined;
    }
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${counted(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${counted(issue.origin)}`;
    case 'invalid_value':
      return clipped(issue.values.map(String).join(', '), MAX_MESSAGE);
    default:
      return undefined;
  }
}

function counted(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

function describe(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) return undefined;
  return clipped(text, 200);
}

/** Half a character, cut off here or sent so, cannot be hashed, and a refusal that cannot be recorded is none. */
function clipped(text: string, length: number): string {
  return (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();
}
