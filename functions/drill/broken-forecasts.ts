import { type GuardConfig, guardConfig } from '../evidence/guard/guard-config.ts';
import type { GuardDay } from '../evidence/guard/guard-days.ts';
import { judgeOperations } from '../evidence/guard/guard-operations.ts';
import { safeForecast } from '../inference/predictors/safe-forecasts.ts';
import { asUnits, isUsable } from '../inference/serving/settle.ts';
import { SMOKE_REQUESTS } from './smoke.ts';

/** Forecasts of so many requests are made broken. */
const REQUESTS = 100;

/**
 * The fault of a drill: forecasts of which every second is no number, made by the safe forecast and broken on purpose, so
 * that no version has to be harmed. Nobody is served them.
 */
export function brokenForecasts(): readonly (readonly number[])[] {
  const [request] = SMOKE_REQUESTS;
  if (request === undefined) return [];
  const sound = safeForecast('seasonal-naive')(request);
  return Array.from({ length: REQUESTS }, () => sound.map((units, day) => (day % 2 === 0 ? Number.NaN : units)));
}

/**
 * Whether the check that guards operations in minutes notices the fault: the code that the guard runs on what is in the
 * log, under the model's own thresholds. What it takes is what a drill calls `detect`. How long a real fault waits for the
 * next run of the check is no part of it: that is the period of the schedule, or of the alarm.
 */
export function noticed(forecasts: readonly (readonly number[])[], config: Partial<GuardConfig>): boolean {
  const values = forecasts.flat().map(asUnits);
  const day: GuardDay = {
    date: '2026-01-04',
    ...{ absError: null, comparatorAbsError: null, comparatorInvalid: null, comparatorRows: null },
    ...{ inputPsi: null, inputPsiCritical: null },
    invalid: values.filter((value) => !isUsable(value)).length,
    ...{ rows: values.length, expectedRows: values.length },
  };
  return judgeOperations([day], guardConfig.parse(config)).reasons.length > 0;
}
