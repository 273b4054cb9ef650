import { type JsonObject, sha256Hex } from '../../platform/json.ts';
import type { Alert } from '../../rollback/alert/alert-link.ts';
import type { Cause } from '../../rollback/input.ts';
import { explainFinding } from '../explain-finding.ts';
import type { Finding } from '../finding.ts';
import type { GuardItem } from './guard-item.ts';
import { SILENCE_CODES } from './guard-silence.ts';

/** A rollback to start, once under its name. */
export interface GuardRollback {
  readonly name: string;
  readonly input: JsonObject;
}

/** Causes by finding, the most urgent first: one that callers may already suffer from. */
const CAUSES: readonly (readonly [code: string, cause: Cause])[] = [
  ['INVALID_PREDICTIONS', 'data-corruption'],
  ['VOLUME_DROP', 'data-corruption'],
  ['ACCURACY_DEGRADED', 'metric-degradation'],
  ['DATA_DRIFT', 'data-drift'],
  ['UPSTREAM_CAUSE_LIKELY', 'data-corruption'],
  ['DEGRADING', 'metric-degradation'],
  ...[...SILENCE_CODES, 'FEWER_REQUESTS'].map((code) => [code, 'infrastructure'] as const),
];

const TRIGGER = 'system:guard';
const MAX_DETAIL = 4000;

/** Longer than a rollback takes. */
const FIRST_WAIT_MS = 15 * 60_000;

/**
 * The rollback that a decision asks for; null when it asks for none. A repeated look asks for the same one; while the
 * version still serves long after, the rollback failed, and it is asked for anew, each time after twice as long.
 */
export function rollbackOf(item: GuardItem, at = item.since): GuardRollback | null {
  const { model, promotionId, version, reasons, warnings } = item;
  if (!goesBack(item)) return null;
  const upstream = warnings.filter(({ code }) => code === 'UPSTREAM_CAUSE_LIKELY');
  const waited = Math.max(0, Date.parse(at) - Date.parse(item.since));
  const attempt = 1 + Math.floor(Math.log2(1 + waited / FIRST_WAIT_MS));
  const detail = detailOf([...reasons, ...upstream]);
  return {
    // The promotion's id may be as long as the name of an execution.
    name: `guard-${model}-${sha256Hex(promotionId).slice(0, 16)}${attempt > 1 ? `-${attempt}` : ''}`,
    input: { model, cause: causeOf(reasons), requestedBy: TRIGGER, withdrawVersion: version, detail },
  };
}

/**
 * What owner and approvers are to be told; null when they know all that holds. Of one decision the same findings are the
 * same alert, so that a repeated one reaches nobody twice. Silence alone is no version's fault.
 */
export function alertOf(item: GuardItem): Alert | null {
  const { model, promotionId, version, decision, since, reasons, warnings, alerted } = item;
  const fresh = [...reasons, ...warnings].filter(({ code }) => !alerted.includes(code));
  const [first] = fresh;
  if (first === undefined) return null;
  const rolledBack = goesBack(item);
  const named = JSON.stringify([promotionId, decision, since, fresh.map(({ code }) => code).sort()]);
  const isSilent = fresh.every(({ code }) => SILENCE_CODES.has(code));
  return {
    id: `guard-${model}-${sha256Hex(named).slice(0, 16)}`,
    model,
    version: isSilent && !rolledBack ? '' : version,
    cause: causeOf(fresh),
    trigger: TRIGGER,
    headline: `${rolledBack ? `Version ${version} goes back. ` : ''}${explainFinding(first).message}`,
    detail: detailOf(fresh, '\n'),
    rolledBack,
  };
}

/** Codes of all that holds: what an alert that was sent has told. */
export function codesOf({ reasons, warnings }: Pick<GuardItem, 'reasons' | 'warnings'>): readonly string[] {
  return [...reasons, ...warnings].map(({ code }) => code);
}

function goesBack({ decision, answer }: GuardItem): boolean {
  return decision === 'ROLLBACK' && answer === 'rollback';
}

function causeOf(findings: readonly Finding[]): Cause {
  return CAUSES.find(([code]) => findings.some((one) => one.code === code))?.[1] ?? 'metric-degradation';
}

function detailOf(findings: readonly Finding[], between = ' '): string {
  const told = findings.map((one) => {
    const { code, message, got, allowed } = explainFinding(one);
    return `${message} (${code}: ${got}; allowed: ${allowed}.)`;
  });
  return told.join(between).slice(0, MAX_DETAIL);
}
