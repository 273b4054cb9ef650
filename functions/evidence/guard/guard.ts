import { byCode, type Finding, finding, percent, signed } from '../finding.ts';
import { type AccuracyDay, followAccuracy, referenceOf, scoreOf } from './guard-accuracy.ts';
import type { GuardConfig } from './guard-config.ts';
import type { GuardDay, GuardDays } from './guard-days.ts';
import { judgeDrift, judgeOperations } from './guard-operations.ts';
import type { GuardDecision, GuardResult } from './guard-result.ts';

export interface GuardJudged {
  readonly result: GuardResult;
  /** Why to go back. */
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
}

export interface GuardContext {
  /** The first day of operations and input that is judged; without it all days are. */
  readonly since?: string;
}

/**
 * Judges closed days of a model in production. Accuracy: the first `ref_days` days are the reference, and going back takes
 * both a 7-day ratio above the limit for days running and a cumulative sum of the score above its limit (Page 1954), on
 * the same day. Operations and drift need no reference. What once was a reason stays one: a rollback is undone by people,
 * not by a calmer week. Nothing is decided on accuracy before `ref_days` + `window` days: INSUFFICIENT, never OK.
 */
export function judgeGuard(evidence: GuardDays, config: GuardConfig, context: GuardContext = {}): GuardJudged {
  const { days } = evidence;
  const [before, live] = [days.slice(0, config.ref_days), days.slice(config.ref_days)];
  const reference = before.length < config.ref_days ? null : referenceOf(before, config);
  const followed = reference === null ? [] : followAccuracy(live, reference, config);
  const judged = context.since === undefined ? days : days.filter(({ date }) => date >= (context.since ?? ''));
  const [operations, drift] = [judgeOperations(judged, config), judgeDrift(judged, config)];
  const reasons = byCode([...degraded(followed, config), ...operations.reasons, ...drift.reasons]);
  const warnings = byCode([
    ...[...degrading(followed, config), ...operations.warnings, ...drift.warnings],
    ...unscored(judged),
    ...unusable(evidence),
  ]);
  const last = followed.at(-1);
  const enough = reference !== null && live.length >= config.window;
  return {
    result: {
      gate: 'guard',
      decision: decide({ reasons, warnings, enough }),
      reasons: reasons.map(({ code }) => code),
      warnings: warnings.map(({ code }) => code),
      n_ref: before.filter((day) => scoreOf(day) !== null).length,
      n_live: live.length,
      ...{ mu: reference?.mu ?? null, sigma: reference?.sigma ?? null, phi: reference?.phi ?? null },
      reference_ratio: reference?.ratio ?? null,
      cusum: last === undefined ? null : bounded(last.cusum),
      cusum_max: last === undefined ? null : bounded(Math.max(...followed.map(({ cusum }) => cusum))),
      degradation: last?.degradation ?? null,
      streak: last?.streak ?? 0,
    },
    reasons,
    warnings,
  };
}

function decide(found: {
  readonly reasons: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly enough: boolean;
}): GuardDecision {
  if (found.reasons.length > 0) return 'ROLLBACK';
  if (!found.enough) return 'INSUFFICIENT';
  return found.warnings.length > 0 ? 'WARN' : 'OK';
}

function degraded(followed: readonly AccuracyDay[], config: GuardConfig): readonly Finding[] {
  const alarm = followed.find((day) => day.streak >= config.consecutive && day.cusum > config.cusum_h);
  if (alarm === undefined) return [];
  const sum = Number.isFinite(alarm.cusum) ? alarm.cusum.toFixed(1) : 'without bound';
  return finding(true, 'ACCURACY_DEGRADED', {
    got: `${signed(alarm.degradation)} error against the reference over ${config.window} days, ${alarm.streak} days running up to ${alarm.date}, cumulative sum ${sum}`,
    allowed: `at most ${signed(config.rollback)}, or a cumulative sum of at most ${config.cusum_h}`,
  });
}

function degrading(followed: readonly AccuracyDay[], config: GuardConfig): readonly Finding[] {
  const worst = followed.reduce<AccuracyDay | null>(
    (most, day) => ((day.degradation ?? 0) > (most?.degradation ?? 0) ? day : most),
    null,
  );
  return finding((worst?.degradation ?? 0) > config.warn, 'DEGRADING', {
    got: `${signed(worst?.degradation ?? null)} error against the reference over ${config.window} days up to ${worst?.date}`,
    allowed: `at most ${signed(config.warn)}`,
  });
}

function unscored(days: readonly GuardDay[]): readonly Finding[] {
  const without = days.filter((day) => scoreOf(day) === null);
  return finding(without.length > 0, 'DAY_WITHOUT_SCORE', {
    got: `${without.length} days (${percent(without.length / days.length)}), the last of them ${without.at(-1)?.date}`,
    allowed: 'an error of the model and of its comparator every day',
  });
}

function unusable({ conflicts, undated }: GuardDays): readonly Finding[] {
  return [
    ...finding(conflicts.length > 0, 'CONFLICTING_DUPLICATES', {
      got: `${conflicts.length} days with different rows, the first of them ${conflicts[0]}`,
      allowed: 'one row per day',
    }),
    ...finding(undated > 0, 'BAD_DATE', { got: `${undated} rows`, allowed: 'dates that exist, as YYYY-MM-DD' }),
  ];
}

/** As results have it: JSON has no word for Infinity. */
function bounded(value: number): number | 'inf' {
  return Number.isFinite(value) ? value : 'inf';
}
