import { PlatformFault } from '../platform-fault.ts';

const UNIT_MINUTES = { minute: 1, hour: 60, day: 1440 } as const;

/** When a schedule is due, asked once a minute with the time of that minute and the whole minutes since its start. */
export type Due = (at: Date, minutesSinceStart: number) => boolean;

/**
 * Reads `rate(5 minutes)` or `cron(0 6 * * ? *)` (UTC).
 * @throws PlatformFault for anything else
 */
export function parseSchedule(expression: string, ruleName: string): Due {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate !== null) {
    const [, count, unit] = rate;
    const minutes = Number(count) * (unit === 'minute' || unit === 'hour' || unit === 'day' ? UNIT_MINUTES[unit] : 1);
    return (_at, minutesSinceStart) => minutesSinceStart > 0 && minutesSinceStart % minutes === 0;
  }
  const fields = /^cron\(([^)]+)\)$/.exec(expression)?.[1]?.split(' ');
  if (fields?.length !== 6 || !fields.every((field) => /^[\d*?,/-]+$/.test(field))) {
    throw new PlatformFault(
      `The rule ${ruleName} has the schedule ${expression}, which the local platform does not read.`,
      'Use rate(N minutes|hours|days) or cron with numbers.',
    );
  }
  // EventBridge counts the days of the week from Sunday = 1.
  return (at) =>
    [
      at.getUTCMinutes(),
      at.getUTCHours(),
      at.getUTCDate(),
      at.getUTCMonth() + 1,
      at.getUTCDay() + 1,
      at.getUTCFullYear(),
    ].every((value, index) => holds(fields[index] ?? '*', value));
}

function holds(field: string, value: number): boolean {
  return field.split(',').some((part) => {
    const [range = '*', step] = part.split('/');
    const [from = '*', to] = range.split('-');
    const any = from === '*' || from === '?';
    const first = any ? 0 : Number(from);
    const last = to !== undefined ? Number(to) : any || step !== undefined ? Number.POSITIVE_INFINITY : first;
    return value >= first && value <= last && (value - first) % Number(step ?? 1) === 0;
  });
}
