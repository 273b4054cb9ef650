import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { ReleaseError } from './errors.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/**
 * The RFC 8785 (JCS) text of a JSON value: same value, same bytes, on every machine.
 * Object members that are `undefined` are left out, as JSON.stringify does; anything else that is not JSON
 * (NaN, Infinity, Map, Date, undefined inside an array) would hash to something nobody meant and is refused.
 * @throws ReleaseError NOT_JSON, naming the path
 */
export function canonicalJson(value: JsonValue): string {
  assertJson(value, '$');
  const text = canonicalize(value);
  if (text === undefined) throw notJson('$', value);
  return text;
}

/** Lower-case hex SHA-256 of bytes, or of the UTF-8 bytes of a string. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Lower-case hex SHA-256 of the canonical JSON of a value. */
export function digestOf(value: JsonValue): string {
  return sha256Hex(canonicalJson(value));
}

function assertJson(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      assertJson(item, `${path}[${index}]`);
    });
    return;
  }
  if (typeof value === 'object' && isPlain(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) assertJson(member, `${path}.${key}`);
    }
    return;
  }
  throw notJson(path, value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notJson(path: string, value: unknown): ReleaseError {
  return new ReleaseError('NOT_JSON', `The value at ${path} is not JSON.`, {
    reasons: [
      {
        code: 'NOT_JSON',
        path,
        message: `Only null, booleans, finite numbers, strings, arrays and plain objects can be hashed.`,
        got: String(value),
        allowed: 'a JSON value',
      },
    ],
  });
}
