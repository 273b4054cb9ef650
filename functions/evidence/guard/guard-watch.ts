import { durationSeconds, plusDuration } from '../../platform/duration.ts';
import type { PointerMove, PromotionItem, Run, VersionItem } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import type { Finding } from '../finding.ts';
import { codesOf } from './guard-answer.ts';
import type { AccuracyLook, Arrival, GuardItem, OperationsLook } from './guard-item.ts';
import type { GuardResult } from './guard-result.ts';
import { overdue, SILENCE_CODES, type SilenceRules, soldWithoutForecast } from './guard-silence.ts';

/** The run that brought a version where it serves: a promotion, or the onboarding that took it over. */
export interface GuardedRun extends Pick<PromotionItem, 'model' | 'promotionId' | 'policyVersion' | 'policyDigest'> {
  readonly version: string;
  /** The version before; empty: there was none, or it is not known. */
  readonly baseline: string;
  readonly pointer: PointerMove;
  /** How long it is armed; null: it is not. */
  readonly confirmation: string | null;
}

/** A version that serves. */
export interface Guarded {
  readonly run: GuardedRun;
  /** It came by a promotion, its accuracy is not confirmed yet, and no later version was gone back from. */
  readonly isArmed: boolean;
  /** No later version was gone back from: what went wrong then may be the input, and would take this one out as well. */
  readonly isLatest: boolean;
  /** What the guard found of it so far; null: nothing. */
  readonly item: GuardItem | null;
  /** The model's guard item, which may be of an earlier promotion. */
  readonly stored: GuardItem | null;
}

/** The version in production; undefined when the safe forecast serves. */
export function servingOf(versions: readonly VersionItem[]): VersionItem | undefined {
  return versions.find(({ status }) => status === 'production');
}

/** The version in production as the guard watches it; null when there is none, or it is not known how it came there. */
export function guardedOf(versions: readonly VersionItem[], run: Run | null, stored: GuardItem | null): Guarded | null {
  const version = servingOf(versions);
  const guarded = version === undefined || run === null ? null : runOf(run, version.version);
  if (version === undefined || guarded === null) return null;
  const { promotedAt = '' } = version;
  const isLatest = !versions.some((other) => (other.promotedAt ?? '') > promotedAt);
  const item = stored?.promotionId === guarded.promotionId ? stored : null;
  const isArmed = isLatest && guarded.confirmation !== null && item?.status !== 'disarmed';
  return { run: guarded, isArmed, isLatest, item, stored };
}

function runOf(run: Run, version: string): GuardedRun | null {
  const { model, promotionId, policyVersion, policyDigest } = run;
  const known = { model, promotionId, policyVersion, policyDigest, version };
  if (run.kind === 'promotion') {
    const { pointer, baseline, plan } = run;
    if (pointer === undefined || run.version !== version) return null;
    return { ...known, baseline, pointer, confirmation: plan.confirmation };
  }
  if (run.adopted === undefined || run.adopt?.version !== version) return null;
  return { ...known, baseline: '', pointer: run.adopted, confirmation: null };
}

/** What lies in the bucket at the time of a look. */
export interface Seen {
  /** Digest of the outcomes. */
  readonly accuracy: string;
  /** Newest as-of date with forecasts that the promoted document, or a later one, routed; empty: none yet. */
  readonly asOf: string;
  /** Newest day with outcomes; empty: none. */
  readonly newestOutcomes: string;
  /** When the first forecasts of the newest as-of dates came, and the first outcomes of every day. */
  readonly arrivals: readonly Arrival[];
  readonly outcomeArrivals: readonly Arrival[];
}

export interface Looks {
  readonly seen: Seen;
  /** Null: there was nothing new. */
  readonly operations: OperationsLook | null;
  readonly accuracy: AccuracyLook | null;
}

const UNSEEN: Pick<GuardItem, 'operations' | 'accuracy'> = {
  operations: { seen: '', asOf: '', at: '', volumes: [], spreads: [], reasons: [], warnings: [], silence: [] },
  accuracy: {
    ...{ seen: '', through: '', decision: 'INSUFFICIENT', reasons: [], warnings: [], silence: [] },
    ...{ coverage: null, comparator: '' },
  },
};

/** As-of dates that are kept for what is usual. */
const KEPT_ARRIVALS = 28;

export function silenceRules({ watch }: Pick<Policy, 'watch'>): SilenceRules {
  return { graceSeconds: durationSeconds(watch.grace), missingShare: watch.missingShare };
}

/**
 * The guard's item after a look. It is disarmed once the confirmation period is over, the outcomes up to its last as-of
 * date are known, nothing is silent, and as large a share of its days as usual was closed and showed nothing to go back
 * for; until then the period goes on: what nobody said confirms nothing.
 */
export function itemAfter(guarded: Guarded, { seen, ...looks }: Looks, policy: Policy, at: string): GuardItem {
  const { run, item, stored, isArmed } = guarded;
  const { watch } = policy;
  const before = item ?? UNSEEN;
  const operations = looks.operations === null ? before.operations : operationsOf(looks.operations, at);
  const accuracy = looks.accuracy === null ? before.accuracy : accuracyOf(looks.accuracy);
  const silence = byFirst([...silenceOf(seen, policy, at), ...operations.silence, ...accuracy.silence]);
  const silent =
    watch.silence === 'rollback' && isArmed ? { reasons: silence, warnings: [] } : { reasons: [], warnings: silence };
  // Armed, what once was a reason stays one.
  const found = [...(isArmed ? (item?.reasons ?? []) : []), ...operations.reasons, ...accuracy.reasons];
  const reasons = byFirst([...found, ...silent.reasons]);
  const warnings = byFirst([...operations.warnings, ...accuracy.warnings, ...silent.warnings]);
  const decision = decide(reasons, accuracy.decision, warnings);
  const isOver = run.confirmation !== null && at >= plusDuration(run.pointer.movedAt, run.confirmation);
  const isShown = accuracy.decision !== 'INSUFFICIENT' && (accuracy.coverage ?? 0) >= watch.minCoverage;
  const isPeriodOver = isArmed && isOver && isShown && silence.length === 0 && seen.asOf !== '';
  const periodEnd = isPeriodOver ? (item?.periodEnd ?? seen.asOf) : isArmed ? undefined : item?.periodEnd;
  // An earlier look set the end, so that the days up to it are what was judged.
  const isKnown = isPeriodOver && item?.periodEnd !== undefined && isJudged(item.periodEnd, { accuracy, seen });
  const isConfirmed = isKnown && (decision === 'OK' || decision === 'WARN');
  const codes = codesOf({ reasons: [...reasons], warnings: [...warnings] });
  return {
    ...{ model: run.model, promotionId: run.promotionId, version: run.version },
    status: isConfirmed || !isArmed ? 'disarmed' : 'armed',
    answer: isArmed || (guarded.isLatest && watch.afterConfirmation === 'rollback') ? 'rollback' : 'alert',
    decision,
    since: item?.decision === decision ? item.since : at,
    ...{ reasons: [...reasons], warnings: [...warnings], operations, accuracy },
    arrivals: [...seen.arrivals].slice(-KEPT_ARRIVALS),
    alerted: (item?.alerted ?? []).filter((code) => codes.includes(code)),
    ...(periodEnd === undefined ? {} : { periodEnd }),
    lookedAt: at,
    revision: (stored?.revision ?? 0) + 1,
  };
}

function silenceOf(seen: Seen, policy: Policy, at: string): readonly Finding[] {
  const rules = silenceRules(policy);
  return [
    ...overdue('NO_FORECASTS', seen.arrivals, at, rules),
    ...soldWithoutForecast(seen),
    ...overdue('NO_OUTCOMES', seen.outcomeArrivals, at, rules),
  ];
}

/** The last day may be one on which nothing was sold at all; later days tell that its outcomes will not come. */
const LAST_DAYS_MS = 7 * 86_400_000;

/** Whether the newest outcomes were judged, and reach to the end of the confirmation period. */
function isJudged(end: string, { accuracy, seen }: { readonly accuracy: GuardItem['accuracy']; readonly seen: Seen }) {
  const { through } = accuracy;
  if (accuracy.seen !== seen.accuracy || through === '') return false;
  const isNear = Date.parse(through) > Date.parse(end) - LAST_DAYS_MS;
  return through >= end || (seen.newestOutcomes > end && isNear);
}

/** Codes that were not there before, reasons and warnings alike. */
function newCodes(before: GuardItem | null, after: GuardItem): readonly string[] {
  const known = new Set(before === null ? [] : codesOf(before));
  return codesOf(after).filter((code) => !known.has(code));
}

/** Codes of warnings that were not there before, but for silence, which has a word of its own. */
export function newWarnings(before: GuardItem | null, after: GuardItem): readonly string[] {
  const fresh = new Set(newCodes(before, after));
  return after.warnings.map(({ code }) => code).filter((code) => fresh.has(code) && !SILENCE_CODES.has(code));
}

/** What fell silent since. */
export function newSilence(before: GuardItem | null, after: GuardItem): readonly Finding[] {
  const fresh = new Set(newCodes(before, after));
  return [...after.reasons, ...after.warnings].filter(({ code }) => fresh.has(code) && SILENCE_CODES.has(code));
}

/** What became of a look: nothing, what was seen, or another decision or finding, which the ledger has to tell. */
export function changeOf(before: GuardItem | null, after: GuardItem): 'none' | 'seen' | 'decided' {
  if (before === null || before.decision !== after.decision || before.status !== after.status) return 'decided';
  if (newCodes(before, after).length > 0) return 'decided';
  const told = ({ lookedAt: _at, revision: _revision, ...rest }: GuardItem) => JSON.stringify(rest);
  return told(before) === told(after) ? 'none' : 'seen';
}

function operationsOf(look: OperationsLook, at: string): GuardItem['operations'] {
  const { seen, asOf, volumes, spreads, reasons, warnings, silence } = look;
  return {
    ...{ seen, asOf, at, volumes: [...volumes], spreads: [...spreads] },
    ...{ reasons: [...reasons], warnings: [...warnings], silence: [...silence] },
  };
}

function accuracyOf({ seen, through, comparator, judged, ...look }: AccuracyLook): GuardItem['accuracy'] {
  const { reasons, warnings, result } = judged;
  return {
    ...{ seen, through, comparator, decision: result.decision, coverage: look.coverage },
    ...{ reasons: [...reasons], warnings: [...warnings], silence: [...look.silence] },
  };
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
