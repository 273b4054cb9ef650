import type { ForecastRequest } from '../inference/predictors/forecaster.ts';
import type { IsolatedAnswers } from '../inference/predictors/isolated-runner-store.ts';
import { asUnits, isUsable } from '../inference/serving/settle.ts';
import type { Reason } from '../platform/errors.ts';

const HORIZON_DAYS = 7;
/** Eight weeks of a product that sells more at weekends, and hardly anything on some days. */
const HISTORY = Array.from({ length: 56 }, (_, day) => [4, 3, 0, 5, 6, 9, 8][day % 7] ?? 0);

/** What a version is asked to see whether it answers. */
export const SMOKE_REQUESTS: readonly ForecastRequest[] = ['smoke-1', 'smoke-2'].map((sku) => ({
  sku,
  store: 'smoke',
  history: HISTORY,
  asOf: '2026-01-04',
  horizonDays: HORIZON_DAYS,
}));

/** Why an answer would not do for a caller; null: each day of each request has a finite number from 0 on. */
export function faultOfSmoke({
  outcome,
  code,
  said,
}: IsolatedAnswers): Pick<Reason, 'code' | 'message' | 'got'> | null {
  if (outcome !== 'done' || code !== undefined) {
    return { code: 'SMOKE_FAILED', message: 'The version did not answer a smoke request.', got: code ?? outcome };
  }
  const units = SMOKE_REQUESTS.flatMap((_, position) =>
    Array.from({ length: HORIZON_DAYS }, (_day, day) => asUnits(said[position]?.[day])),
  );
  const unusable = units.filter((value) => !isUsable(value));
  if (unusable.length === 0) return null;
  const message = 'The version answered a smoke request with what no caller may get.';
  return { code: 'SMOKE_UNUSABLE', message, got: `${unusable.length} of ${units.length}, such as ${unusable[0]}` };
}
