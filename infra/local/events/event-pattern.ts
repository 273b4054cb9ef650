import { PlatformFault } from '../platform-fault.ts';

type Members = Readonly<Record<string, unknown>>;

/** Filters of EventBridge patterns that the platform knows, by name. `value` is undefined when the event has no such field. */
const FILTERS: Readonly<Record<string, (wanted: unknown, value: unknown) => boolean>> = {
  prefix: (wanted, value) => typeof value === 'string' && value.startsWith(String(wanted)),
  suffix: (wanted, value) => typeof value === 'string' && value.endsWith(String(wanted)),
  exists: (wanted, value) => (value !== undefined) === wanted,
  'anything-but': (wanted, value) => value !== undefined && ![wanted].flat().includes(value),
};

/**
 * Refuses a pattern with a filter that the platform does not know, so that a rule never goes quiet here alone.
 * @throws PlatformFault naming the rule and the filter
 */
export function checkPattern(pattern: unknown, ruleName: string): void {
  if (Array.isArray(pattern)) {
    const filters = pattern.filter(isMembers).flatMap((filter) => Object.keys(filter));
    const unknown = filters.find((name) => !(name in FILTERS));
    if (unknown === undefined) return;
    throw new PlatformFault(
      `The rule ${ruleName} filters events by ${unknown}, which the local platform does not know.`,
      'Write the pattern without it in infra/, or teach infra/local/events/event-pattern.ts.',
    );
  }
  if (isMembers(pattern)) for (const member of Object.values(pattern)) checkPattern(member, ruleName);
}

/** Whether an event matches: every field of the pattern holds one of its listed values. */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    const values = Array.isArray(value) ? value : [value];
    return pattern.some((wanted) => values.some((one) => matchesOne(wanted, one)));
  }
  if (!isMembers(pattern)) return false;
  const members = isMembers(value) ? value : {};
  return Object.entries(pattern).every(([name, wanted]) => matchesPattern(wanted, members[name]));
}

function matchesOne(wanted: unknown, value: unknown): boolean {
  if (!isMembers(wanted)) return wanted === value;
  return Object.entries(wanted).every(([name, argument]) => FILTERS[name]?.(argument, value) === true);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
