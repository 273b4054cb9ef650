import { plusDays, plusDuration } from '../../platform/duration.ts';
import type { JsonObject } from '../../platform/json.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { PointerMove, PromotionItem, Run, VersionItem } from '../../registry/items.ts';
import type { Cause } from '../../rollback/input.ts';
import { explainFinding } from '../explain-finding.ts';
import { type Finding, finding } from '../finding.ts';
import type { AccuracyLook, GuardItem, OperationsLook } from './guard-item.ts';
import type { GuardResult } from './guard-result.ts';

/** A promoted version that serves, and is guarded until its accuracy is confirmed. */
export interface Guarded {
  readonly run: PromotionItem & { readonly pointer: PointerMove };
  /** What the guard found of it so far; null: nothing. */
  readonly item: GuardItem | null;
  /** The model's guard item, which may be of an earlier promotion. */
  readonly stored: GuardItem | null;
}

/** The version in production; undefined when the safe forecast serves. */
export function servingOf(versions: readonly VersionItem[]): VersionItem | undefined {
  return versions.find(({ status }) => status === 'production');
}

/**
 * The version in production, when it came there by a promotion whose guard was not disarmed yet; else null. One that was
 * gone back to is not guarded: what went wrong may be the input, and would take the next version out as well.
 */
export function guardedOf(versions: readonly VersionItem[], run: Run | null, stored: GuardItem | null): Guarded | null {
  const version = servingOf(versions);
  if (version === undefined || run?.kind !== 'promotion' || run.version !== version.version) return null;
  const { promotedAt = '' } = version;
  if (versions.some((other) => (other.promotedAt ?? '') > promotedAt)) return null;
  const { pointer } = run;
  if (pointer === undefined) return null;
  const item = stored?.promotionId === run.promotionId ? stored : null;
  return item?.status === 'disarmed' ? null : { run: { ...run, pointer }, item, stored };
}

/** What lies in the bucket at the time of a look. */
export interface Seen {
  /** Digest of the outcomes. */
  readonly accuracy: string;
  /** Newest as-of date with forecasts that the promoted document, or a later one, routed; empty: none yet. */
  readonly asOf: string;
  /** Newest day with outcomes; empty: none. */
  readonly newestOutcomes: string;
}

export interface Looks {
  readonly seen: Seen;
  /** Null: there was nothing new. */
  readonly operations: OperationsLook | null;
  readonly accuracy: AccuracyLook | null;
}

const UNSEEN: Pick<GuardItem, 'operations' | 'accuracy'> = {
  operations: { seen: '', asOf: '', volumes: [], warnings: [] },
  accuracy: { seen: '', through: '', decision: 'INSUFFICIENT', warnings: [], comparator: '' },
};

/**
 * The guard's item after a look. It is disarmed once the confirmation period is over, the outcomes up to its last as-of
 * date are known, and closed days were enough to find nothing to go back for; until they are enough, the period goes on.
 */
export function itemAfter({ run, item, stored }: Guarded, { seen, ...looks }: Looks, at: string): GuardItem {
  const before = item ?? UNSEEN;
  const operations = looks.operations === null ? before.operations : operationsOf(looks.operations);
  const accuracy = looks.accuracy === null ? before.accuracy : accuracyOf(looks.accuracy);
  const found = [...(looks.operations?.reasons ?? []), ...(looks.accuracy?.judged.reasons ?? [])];
  const reasons = byFirst([...(item?.reasons ?? []), ...found]);
  const warnings = byFirst([...operations.warnings, ...accuracy.warnings, ...silence(seen)]);
  const decision = decide(reasons, accuracy.decision, warnings);
  const over = at >= plusDuration(run.pointer.movedAt, run.plan.confirmation);
  const shown = over && accuracy.decision !== 'INSUFFICIENT';
  const periodEnd = shown && seen.asOf !== '' ? (item?.periodEnd ?? seen.asOf) : undefined;
  // An earlier look set the end, so that the days up to it are what was judged.
  const known = item?.periodEnd !== undefined && isKnown(item.periodEnd, { accuracy, seen });
  const confirmed = known && (decision === 'OK' || decision === 'WARN');
  return {
    ...{ model: run.model, promotionId: run.promotionId, version: run.version },
    status: confirmed ? 'disarmed' : 'armed',
    decision,
    since: item?.decision === decision ? item.since : at,
    ...{ reasons: [...reasons], warnings: [...warnings], operations, accuracy },
    ...(periodEnd === undefined ? {} : { periodEnd }),
    lookedAt: at,
    revision: (stored?.revision ?? 0) + 1,
  };
}

/** Days of sales without a forecast after which nobody seems to ask any more. */
const SILENT_DAYS = 3;

function silence({ asOf, newestOutcomes }: Seen): readonly Finding[] {
  return finding(asOf !== '' && newestOutcomes >= plusDays(asOf, SILENT_DAYS), 'NO_FORECASTS', {
    got: `no forecast since ${asOf}, with sales up to ${newestOutcomes}`,
    allowed: `fewer than ${SILENT_DAYS} days`,
  });
}

/** The last day may be one on which nothing was sold at all; later days tell that its outcomes will not come. */
const LAST_DAYS = 7;

/** Whether the newest outcomes were judged, and reach to the end of the confirmation period. */
function isKnown(end: string, { accuracy, seen }: { readonly accuracy: GuardItem['accuracy']; readonly seen: Seen }) {
  const { through } = accuracy;
  if (accuracy.seen !== seen.accuracy || through === '') return false;
  return through >= end || (seen.newestOutcomes > end && through > plusDays(end, -LAST_DAYS));
}

/** Codes of warnings that were not there before. */
export function newWarnings(before: GuardItem | null, after: GuardItem): readonly string[] {
  const known = new Set(before?.warnings.map(({ code }) => code));
  return after.warnings.map(({ code }) => code).filter((code) => !known.has(code));
}

/** What became of a look: nothing, what was seen, or another decision or warning, which the ledger has to tell. */
export function changeOf(before: GuardItem | null, after: GuardItem): 'none' | 'seen' | 'decided' {
  if (before === null || before.decision !== after.decision || before.status !== after.status) return 'decided';
  if (newWarnings(before, after).length > 0) return 'decided';
  const told = ({ lookedAt: _at, revision: _revision, ...rest }: GuardItem) => JSON.stringify(rest);
  return told(before) === told(after) ? 'none' : 'seen';
}

function operationsOf({ seen, asOf, volumes, warnings }: OperationsLook): GuardItem['operations'] {
  return { seen, asOf, volumes: [...volumes], warnings: [...warnings] };
}

function accuracyOf({ seen, through, comparator, judged }: AccuracyLook): GuardItem['accuracy'] {
  return { seen, through, comparator, decision: judged.result.decision, warnings: [...judged.warnings] };
}

function decide(
  reasons: readonly Finding[],
  accuracy: GuardResult['decision'],
  warnings: readonly Finding[],
): GuardResult['decision'] {
  if (reasons.length > 0) return 'ROLLBACK';
  if (accuracy === 'INSUFFICIENT') return 'INSUFFICIENT';
  return warnings.length > 0 ? 'WARN' : 'OK';
}

/** Of each code the finding that came first. */
function byFirst(findings: readonly Finding[]): readonly Finding[] {
  const first = new Map<string, Finding>();
  for (const one of findings) if (!first.has(one.code)) first.set(one.code, one);
  return [...first.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** A rollback to start, once under its name. */
export interface GuardRollback {
  readonly name: string;
  readonly input: JsonObject;
}

/** Causes by reason, the most urgent first: one that callers may already suffer from. */
const CAUSES: readonly (readonly [code: string, cause: Cause])[] = [
  ['INVALID_PREDICTIONS', 'data-corruption'],
  ['VOLUME_DROP', 'data-corruption'],
  ['ACCURACY_DEGRADED', 'metric-degradation'],
  ['DATA_DRIFT', 'data-drift'],
];

const MAX_DETAIL = 4000;

/** Longer than a rollback takes. */
const FIRST_WAIT_MS = 15 * 60_000;

/**
 * The rollback that a decision asks for; null when it asks for none. A repeated look asks for the same one; while the
 * version still serves long after, the rollback failed, and it is asked for anew, each time after twice as long.
 */
export function rollbackOf(item: GuardItem, at = item.since): GuardRollback | null {
  const { model, promotionId, version, decision, reasons, warnings } = item;
  if (decision !== 'ROLLBACK') return null;
  const cause = CAUSES.find(([code]) => reasons.some((one) => one.code === code))?.[1] ?? 'metric-degradation';
  const upstream = warnings.filter(({ code }) => code === 'UPSTREAM_CAUSE_LIKELY');
  const told = [...reasons, ...upstream].map((one) => {
    const { code, message, got, allowed } = explainFinding(one);
    return `${message} (${code}: ${got}; allowed: ${allowed}.)`;
  });
  const detail = told.join(' ').slice(0, MAX_DETAIL);
  const waited = Math.max(0, Date.parse(at) - Date.parse(item.since));
  const attempt = 1 + Math.floor(Math.log2(1 + waited / FIRST_WAIT_MS));
  return {
    // The promotion's id may be as long as the name of an execution.
    name: `guard-${model}-${sha256Hex(promotionId).slice(0, 16)}${attempt > 1 ? `-${attempt}` : ''}`,
    input: { model, cause, requestedBy: 'system:guard', withdrawVersion: version, detail },
  };
}
