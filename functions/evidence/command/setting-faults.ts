import * as z from 'zod';
import type { Parsed } from '../../platform/boundary.ts';
import type { Reason } from '../../platform/errors.ts';
import { nearest } from '../../platform/nearest.ts';

/**
 * Settings that a person wrote, with every fault at once: UNKNOWN_SETTING with the name that was probably meant,
 * INVALID_SETTING with what was got and what is allowed.
 */
export function parseSettings<T>(schema: z.ZodType<T>, value: unknown, root: string): Parsed<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, reasons: parsed.error.issues.flatMap((issue) => faults(issue, { schema, value, root })) };
}

interface Given {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly root: string;
}

function faults(issue: z.core.$ZodIssue, { schema, value, root }: Given): readonly Reason[] {
  const path = [root, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(schema, issue.path);
    return issue.keys.map((key) => unknownSetting(`${path}.${key}`, key, known));
  }
  const allowed = allowedBy(issue);
  return [
    {
      code: 'INVALID_SETTING',
      path,
      message: `${issue.message}${issue.message.endsWith('.') ? '' : '.'}`,
      got: shown(issue.path.reduce(memberOf, value)),
      ...(allowed === null ? {} : { allowed }),
      next: 'Give another value, or leave the setting out for its default.',
    },
  ];
}

function unknownSetting(path: string, got: string, known: readonly string[]): Reason {
  const meant = nearest(got, known);
  return {
    code: 'UNKNOWN_SETTING',
    path,
    message: 'There is no such setting.',
    got,
    ...(known.length === 0 ? {} : { allowed: known.join(', ') }),
    next: meant === null ? 'Leave it out.' : `Did you mean ${meant}?`,
  };
}

/** The names that an object at this place of the settings may have. */
function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const object = unwrapped(schema);
  if (!(object instanceof z.ZodObject)) return [];
  const [name, ...rest] = path;
  if (name === undefined) return Object.keys(object.shape);
  const member: unknown = object.shape[String(name)];
  return member instanceof z.core.$ZodType ? namesAt(member, rest) : [];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const inner: unknown = Reflect.get(schema._zod.def, 'innerType');
  return inner instanceof z.core.$ZodType ? unwrapped(inner) : schema;
}

function memberOf(value: unknown, name: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function allowedBy(issue: z.core.$ZodIssue): string | null {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'custom':
      return typeof issue.params?.['allowed'] === 'string' ? issue.params['allowed'] : null;
    default:
      return null;
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
