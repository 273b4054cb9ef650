import { type Finding, finding, percent } from '../finding.ts';
import type { GuardConfig } from './guard-config.ts';
import type { GuardDay } from './guard-days.ts';

export interface Alarms {
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Forecasts of one model on one day. */
interface Served {
  readonly invalid: number | null;
  readonly rows: number | null;
  readonly expected: number | null;
}

/** Whether forecasts are broken or missing. Needs no reference and no actuals, so that it can be asked within minutes. */
export function judgeOperations(days: readonly GuardDay[], config: GuardConfig): Alarms {
  const corrupt = days.filter((day) => isCorrupt(served(day), config));
  const short = days.filter((day) => isShort(served(day), config));
  const upstream = [
    ...corrupt.filter((day) => isCorrupt(comparator(day), config)),
    ...short.filter((day) => isShort(comparator(day), config)),
  ];
  const [worst, least] = [largest(corrupt, invalidRate), largest(short, (day) => 1 - (volume(day) ?? 1))];
  return {
    reasons: [
      ...finding(corrupt.length > 0, 'INVALID_PREDICTIONS', {
        got: `${percent(worst === undefined ? null : invalidRate(worst), 2)} of the forecasts of ${worst?.date}`,
        allowed: `at most ${percent(config.max_invalid_rate, 2)} of a day`,
      }),
      ...finding(short.length > 0, 'VOLUME_DROP', {
        got: `${least?.rows} of ${least?.expectedRows} forecasts on ${least?.date}`,
        allowed: `at least ${percent(config.min_volume)} of what is expected`,
      }),
    ],
    warnings: finding(upstream.length > 0, 'UPSTREAM_CAUSE_LIKELY', {
      got: `the comparator shows the same on ${upstream[0]?.date}: going back alone will not help`,
      allowed: 'a fault of one model alone; else serve the last good forecasts',
    }),
  };
}

/** Whether the input is no longer what the model was shown to work on. Declared events are left out. */
export function judgeDrift(days: readonly GuardDay[], config: GuardConfig): Alarms {
  const usual = days.filter(({ date }) => !config.declared_events.some(({ from, to }) => date >= from && date <= to));
  let [run, longest] = [0, 0];
  for (const day of usual) {
    run = isDrift(day, config) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  const moved = usual.filter(({ inputPsi }) => inputPsi !== null && inputPsi >= config.psi_warn);
  const most = largest(moved, ({ inputPsi }) => inputPsi);
  const got = `index ${most?.inputPsi?.toFixed(2)} on ${most?.date}`;
  return {
    reasons: finding(longest >= config.drift_days, 'DATA_DRIFT', {
      got: `${got}, ${longest} days running at ${config.psi_rollback} or more and above its critical value`,
      allowed: `fewer than ${config.drift_days} days running`,
    }),
    warnings: finding(moved.length > 0, 'DATA_DRIFT', { got, allowed: `below ${config.psi_warn}` }),
  };
}

/** Without its critical value an index shows nothing: with few rows it is large by chance. */
function isDrift({ inputPsi, inputPsiCritical }: GuardDay, { psi_rollback }: GuardConfig): boolean {
  return inputPsi !== null && inputPsiCritical !== null && inputPsi >= psi_rollback && inputPsi > inputPsiCritical;
}

function served({ invalid, rows, expectedRows }: GuardDay): Served {
  return { invalid, rows, expected: expectedRows };
}

function comparator({ comparatorInvalid, comparatorRows, expectedRows }: GuardDay): Served {
  return { invalid: comparatorInvalid, rows: comparatorRows, expected: expectedRows };
}

function isCorrupt({ invalid, rows }: Served, { max_invalid_rate }: GuardConfig): boolean {
  return invalid !== null && rows !== null && rows > 0 && invalid / rows > max_invalid_rate;
}

function isShort({ rows, expected }: Served, { min_volume }: GuardConfig): boolean {
  return rows !== null && expected !== null && expected > 0 && rows / expected < min_volume;
}

function invalidRate({ invalid, rows }: GuardDay): number | null {
  return invalid === null || rows === null || rows === 0 ? null : invalid / rows;
}

function volume({ rows, expectedRows }: GuardDay): number | null {
  return rows === null || expectedRows === null || expectedRows === 0 ? null : rows / expectedRows;
}

function largest(days: readonly GuardDay[], of: (day: GuardDay) => number | null): GuardDay | undefined {
  return days.toSorted((a, b) => (of(b) ?? 0) - (of(a) ?? 0))[0];
}
