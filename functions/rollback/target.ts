import type { Reason } from '../platform/errors.ts';
import { isReturnDocument, type PointerDocument } from '../pointer/document.ts';
import type { RollbackInput } from './input.ts';
import { isPromoted, type Known, type ReturnTo, targetWords } from './targets.ts';

export type { Known, ReturnTo } from './targets.ts';

export interface TargetQuestion {
  readonly input: Pick<RollbackInput, 'withdrawVersion' | 'targetVersion'>;
  /** The document that serves, or was about to; null when what is deployed is no document of ours. */
  readonly live: PointerDocument | null;
  /** A rollback completed so shortly before that the same request again most likely means the same thing. */
  readonly justRolledBack: boolean;
  /** A person asks; automation names what it saw at work, a person also what must not come to work. */
  readonly byPerson: boolean;
  /** UTC; past its bound a canary serves nobody, whatever the document says. */
  readonly at: string;
  readonly known: Known;
  /** A drill: nothing serves there, so that the safe forecast is gone back to although it is what would. */
  readonly rehearsed?: boolean;
}

export type Target =
  | { readonly outcome: 'go' /** Empty: no version is withdrawn. */; readonly from: string; readonly to: ReturnTo }
  /** What should not serve does not: no second step back. */
  | { readonly outcome: 'already-withdrawn'; readonly from: string; readonly reasons: readonly Reason[] }
  /** The asked target cannot be one. */
  | { readonly outcome: 'rejected'; readonly reasons: readonly Reason[] }
  /** Nothing at all can be gone back to. */
  | { readonly outcome: 'none'; readonly from: string; readonly reasons: readonly Reason[] };

/**
 * Decides what a rollback goes back to. A withdrawn version is never a target. From a candidate it goes to the version
 * beside it, which stays; from the production version, without a named target, the predecessors are tried in turn, past
 * withdrawn ones, down to the safe forecast.
 */
export function decideTarget(question: TargetQuestion): Target {
  const { input, live, justRolledBack } = question;
  const named = input.withdrawVersion;
  if (live !== null && named !== undefined && !exposed(live).includes(named)) {
    if (isUnknown(question.known, named)) {
      return { outcome: 'rejected', reasons: [unknownVersion(question.known, named)] };
    }
    return notLive(question, named, live);
  }
  if (live !== null && named === undefined && input.targetVersion === undefined && question.rehearsed !== true) {
    if (exposed(live).length === 0) return alreadyWithdrawn('', 'The safe forecast serves already.', live);
    if (justRolledBack && isReturnDocument(live)) {
      return alreadyWithdrawn('', 'The pointer was rolled back a moment ago.', live);
    }
  }
  const from = named ?? (live === null ? '' : suspect(question, live));
  return input.targetVersion === undefined
    ? nearest(question, from)
    : chosen(question, { from, version: input.targetVersion });
}

/** Every version that a document lets make forecasts. */
export function exposed(document: PointerDocument): readonly string[] {
  const { productionVersion, canaryVersion, shadowVersion } = document;
  return [productionVersion, canaryVersion, shadowVersion].filter((version) => version !== '');
}

/**
 * The version that is most likely at fault when nobody names one: an active canary, the newest change that serves anybody;
 * else the production version, since a shadow serves nobody. Beside the safe forecast only a candidate can be.
 */
function suspect({ input, at }: TargetQuestion, live: PointerDocument): string {
  const { productionVersion, canaryVersion, shadowVersion } = live;
  if (productionVersion === '') return canaryVersion || shadowVersion;
  const stays = input.targetVersion === undefined || input.targetVersion === productionVersion;
  return stays && canaryServes(live, at) ? canaryVersion : productionVersion;
}

function canaryServes({ canaryVersion, canaryPercentage, canaryUntil }: PointerDocument, at: string): boolean {
  return canaryVersion !== '' && canaryPercentage > 0 && Date.parse(at) < Date.parse(canaryUntil);
}

/**
 * A version that the document does not expose. A candidate that a person names is withdrawn all the same, where a document
 * keeps production as it is: its promotion may only be waiting for its next stage.
 */
function notLive(question: TargetQuestion, named: string, live: PointerDocument): Target {
  const status = question.known.versions.find((item) => item.version === named)?.status;
  const gone = alreadyWithdrawn(named, `${named} is not live${status === 'candidate' ? '' : ' any more'}.`, live);
  if (status !== 'candidate' || !question.byPerson || question.input.targetVersion !== undefined) return gone;
  const target = nearest(question, named);
  return target.outcome === 'go' ? target : gone;
}

function chosen(question: TargetQuestion, asked: { readonly from: string; readonly version: string }): Target {
  const { from, version } = asked;
  const fault = faultOf(question, from, version);
  const to = returnTo(question, version);
  if (fault === null && to !== undefined) return { outcome: 'go', from, to };
  const allowed = targetWords(question.known, from);
  const next = 'Name one of the versions there are, or leave targetVersion out.';
  const reason = { ...(fault ?? noDocument(question.known, { from, version })), path: 'targetVersion', allowed, next };
  return { outcome: 'rejected', reasons: [reason] };
}

function nearest(question: TargetQuestion, from: string): Target {
  const reasons: Reason[] = [];
  for (const version of candidates(question, from)) {
    const fault = version === '' ? null : faultOf(question, from, version);
    const to = returnTo(question, version);
    if (fault === null && to !== undefined) return { outcome: 'go', from, to };
    reasons.push(fault ?? noDocument(question.known, { from, version }));
  }
  return { outcome: 'none', from, reasons };
}

/** Versions in the order in which they are tried, each once. */
function candidates({ live, known }: TargetQuestion, from: string): readonly string[] {
  // Whoever is served by production does not notice that the candidate beside it goes, even if nothing else can be done.
  if (live !== null && from !== live.productionVersion && mayStay(known, live)) return [live.productionVersion];
  const order: string[] = [];
  for (const start of starts({ live, known, from })) {
    for (let next = start; next !== '' && !order.includes(next); next = predecessorOf(known, next)) order.push(next);
  }
  return [...order, ''];
}

/** The safe forecast, or a version that was promoted; where the registry does not answer, whatever serves. */
function mayStay({ versions, complete }: Known, { productionVersion }: PointerDocument): boolean {
  const status = versions.find(({ version }) => version === productionVersion)?.status;
  return productionVersion === '' || (status === undefined ? complete !== true : isPromoted(status));
}

function starts(of: { readonly live: PointerDocument | null; readonly known: Known; readonly from: string }) {
  const { live, known, from } = of;
  if (live !== null && from !== live.productionVersion) return [live.productionVersion, live.previousVersion];
  if (live !== null) return [live.previousVersion || predecessorOf(known, from)];
  const production = known.versions.find(({ status }) => status === 'production')?.version ?? '';
  return [production === from ? predecessorOf(known, from) : production];
}

function predecessorOf({ versions }: Known, version: string): string {
  return versions.find((item) => item.version === version)?.predecessor ?? '';
}

function returnTo({ known }: TargetQuestion, version: string): ReturnTo | undefined {
  return known.returnDocuments.find((item) => item.version === version);
}

function faultOf({ known }: TargetQuestion, from: string, version: string): Reason | null {
  const status = known.versions.find((item) => item.version === version)?.status;
  const unfit = (message: string, got: string) => {
    return { code: 'UNFIT_TARGET', path: version, message, got, allowed: targetWords(known, from) };
  };
  if (version === from) return unfit('It is the version that is withdrawn.', version);
  if (isPromoted(status)) return null;
  return unfit('Only a version that was promoted and not withdrawn can serve again.', status ?? 'unknown');
}

/** True for a version that a document may name when it is gone back to. */
export function mayServe({ versions, complete }: Known, version: string): boolean {
  const status = versions.find((item) => item.version === version)?.status;
  return complete === true ? isPromoted(status) : status !== 'withdrawn';
}

/** A misspelt version must not pass for one that was withdrawn already: the bad one would go on serving. */
function isUnknown({ versions, complete }: Known, version: string): boolean {
  return complete === true && !versions.some((item) => item.version === version);
}

function unknownVersion(known: Known, version: string): Reason {
  const { versions } = known;
  return {
    code: 'UNKNOWN_VERSION',
    path: 'withdrawVersion',
    message: 'The model has no such version.',
    got: version,
    allowed: versions.map((item) => item.version).join(', ') || 'none: no version was registered',
    next: `Name the version that serves, or leave withdrawVersion out, and start the rollback again under a new name. What can be gone back to: ${targetWords(known, '')}.`,
  };
}

function noDocument(known: Known, { from, version }: { readonly from: string; readonly version: string }): Reason {
  const what = version === '' ? 'the safe forecast' : version;
  return {
    code: 'NO_RETURN_DOCUMENT',
    path: version,
    message: `No document that proves itself goes back to ${what}.`,
    allowed: targetWords(known, from),
    next: 'Name another targetVersion, or use the kill switch.',
  };
}

function alreadyWithdrawn(from: string, message: string, live: PointerDocument): Target {
  const reason = {
    code: 'ALREADY_WITHDRAWN',
    message,
    got: live.productionVersion === '' ? `safe forecast ${live.fallback}` : live.productionVersion,
    next: 'To go back a further step, name the version that serves now as withdrawVersion.',
  };
  return { outcome: 'already-withdrawn', from, reasons: [reason] };
}
