import type { Reason } from '../../platform/errors.ts';

/** Faults for a person at a terminal, one block each. */
export function refusalText(reasons: readonly Reason[]): string {
  return reasons.map(block).join('\n');
}

function block({ code, path, message, got, allowed, next }: Reason): string {
  const place = path === undefined ? '' : ` (${path})`;
  const lines = Object.entries({ got, allowed, next }).flatMap(([name, text]) =>
    text === undefined ? [] : [`  ${name.padEnd(7)} ${text}`],
  );
  return [`${code}${place}: ${message}`, ...lines].join('\n');
}
