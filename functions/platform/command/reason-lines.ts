import type { Reason } from '../errors.ts';

/** Reasons for a person at a terminal. */
export function reasonLines(reasons: readonly Reason[]): readonly string[] {
  return reasons.flatMap(({ code, path, message, got, allowed, next }) => [
    `${code}${path === undefined || path === '' ? '' : ` ${path}`}: ${message}`,
    ...(got === undefined ? [] : [`  got: ${got}`]),
    ...(allowed === undefined ? [] : [`  allowed: ${allowed}`]),
    ...(next === undefined ? [] : [`  ${next}`]),
  ]);
}
