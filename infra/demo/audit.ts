import type { Arm } from '../../functions/inference/log/prediction.ts';
import type { ServedForecast } from './replay.ts';

/** What the check needs of a record of the prediction log. */
export interface LoggedForecast {
  readonly arm: Arm;
  readonly version: string;
  readonly sku: string;
  readonly store: string;
  readonly category: string;
  readonly targetDate: string;
  readonly units: number | string | null;
  readonly requestId: string;
}

/** How the log of a replay compares with what was answered. */
export interface LogAudit {
  /** Logged forecasts per arm. */
  readonly predictions: Readonly<Record<Arm, number>>;
  /** Forecasts that were answered to the caller. */
  readonly served: number;
  /** Answered, but not in the log as served. */
  readonly missing: number;
  /** In the log as served more than once, or answered more than once. */
  readonly repeated: number;
  /** In the log as served with another value, version or arm than what was answered. */
  readonly differing: number;
  /** In the log as served, but never answered. */
  readonly unasked: number;
  /** The candidate's value served in a category that the canary must not touch. */
  readonly excludedServed: number;
}

/** Holds the prediction log against what was answered: each served forecast has to be in it exactly once, as it was. */
export function auditLog(of: {
  readonly logged: Iterable<LoggedForecast>;
  readonly served: readonly ServedForecast[];
  readonly excludedCategories: readonly string[];
}): LogAudit {
  const answered = new Map(of.served.map((one) => [keyOf(one), one]));
  const seen = new Set<string>();
  const predictions: Record<Arm, number> = { production: 0, canary: 0, shadow: 0, fallback: 0 };
  const found = { repeated: 0, differing: 0, unasked: 0, excludedServed: 0 };
  for (const record of of.logged) {
    predictions[record.arm] += 1;
    if (record.arm === 'shadow') continue;
    const key = keyOf(record);
    const answer = answered.get(key);
    if (answer === undefined) found.unasked += 1;
    else if (seen.has(key)) found.repeated += 1;
    else if (answer.units !== record.units || answer.version !== record.version || answer.arm !== record.arm) {
      found.differing += 1;
    }
    seen.add(key);
    if (record.arm === 'canary' && of.excludedCategories.includes(record.category)) found.excludedServed += 1;
  }
  const missing = [...answered.keys()].filter((key) => !seen.has(key)).length;
  found.repeated += of.served.length - answered.size;
  return { predictions, served: of.served.length, missing, ...found };
}

/** Whether the log tells exactly what was answered, and the canary kept to its plan. */
export function isClean(audit: LogAudit): boolean {
  const { missing, repeated, differing, unasked, excludedServed } = audit;
  return missing + repeated + differing + unasked + excludedServed === 0;
}

function keyOf(one: Pick<LoggedForecast, 'requestId' | 'sku' | 'store' | 'targetDate'>): string {
  return JSON.stringify([one.requestId, one.sku, one.store, one.targetDate]);
}
