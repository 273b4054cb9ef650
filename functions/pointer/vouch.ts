import type { ReadEntry } from '../ledger/ledger.ts';
import type { Reason } from '../platform/errors.ts';
import { sha256Hex } from '../platform/json.ts';
import { verifySignature } from '../platform/signing.ts';
import type { IntentItem, Run, VersionItem } from '../registry/items.ts';
import { faultOfExposure } from './approved-exposure.ts';
import { documentSha256, hasCandidate, type PointerDocument } from './document.ts';
import { dueMove, MOVE_KINDS, type MoveKind, movingStage } from './due-move.ts';
import { carries, type Switch } from './switch.ts';

/** What registry and ledger know about a document that goes forward; null where there is no such item or entry. */
export interface Proof {
  readonly intent: IntentItem | null;
  /** The entry that the intent names. */
  readonly intended: ReadEntry | null;
  /** The entry at the intended entry's `approvalSeq`. */
  readonly approved: ReadEntry | null;
  readonly run: Run | null;
  /** Each version that would make forecasts; null for one that is not registered. */
  readonly versions: Readonly<Record<string, VersionItem | null>>;
  /** The kill switch that stands, and the entry by which it was thrown or renewed last. */
  readonly standing: (Switch & { readonly ledgerSeq: number }) | null;
}

export interface Claim {
  readonly model: string;
  readonly document: PointerDocument;
  readonly ledgerPublicKeyPem: string;
}

/**
 * Why a document that goes forward may not: null when a recorded decision stands behind it. The registry is only the way
 * to the entries; what counts is signed with the ledger key, which no part that writes the registry alone can use.
 */
export function faultOfForward(claim: Claim, proof: Proof): Reason | null {
  const { model, document } = claim;
  const digest = documentSha256(model, document);
  if (proof.intent === null || proof.intent.documentSha256 !== digest) {
    return fault('NO_INTENT', 'No recorded decision names this document.', digest, 'a pointer-move-intended entry');
  }
  const intended = intendedMove(claim, proof, digest);
  if ('code' in intended) return intended;
  return (
    faultOfApproval(claim, proof, intended.kind) ??
    faultOfRun(proof, document, intended.kind) ??
    faultOfExposure({
      kind: intended.kind,
      document,
      approved: { exposure: proof.approved?.body.data['exposure'], at: proof.approved?.body.at ?? '' },
      run: proof.run?.kind === 'promotion' ? proof.run : null,
    }) ??
    faultOfVersions(claim, proof, intended.kind) ??
    faultOfSwitch(claim, proof, intended.kind)
  );
}

/**
 * Why a document that went forward may not be rehearsed with: null when the ledger says that it was once decided on. In the
 * environment of drills it serves nobody, so that neither its run nor its versions have to be what they were then; nothing
 * that is let in there is let in anywhere else.
 */
export function faultOfRehearsed(claim: Claim, proof: Pick<Proof, 'intent' | 'intended'>): Reason | null {
  const digest = documentSha256(claim.model, claim.document);
  if (proof.intent === null || proof.intent.documentSha256 !== digest) {
    return fault('NO_INTENT', 'No recorded decision names this document.', digest, 'a document that was decided on');
  }
  const found = provenBody(claim, proof.intended, 'pointer-move-intended');
  if (found?.['documentSha256'] === digest) return null;
  return fault('INTENT_NOT_PROVEN', 'The decision is not a valid entry of the ledger.', `${proof.intent.ledgerSeq}`);
}

/**
 * Why a document to go back to may not go out: null when its version was promoted and is not withdrawn.
 * `version` is the registry's answer: null for an unknown version, 'no-answer' when it gave none in time, which lets the
 * document pass, so that a broken registry cannot stop a rollback.
 */
export function faultOfReturn(document: PointerDocument, version: VersionItem | null | 'no-answer'): Reason | null {
  if (document.productionVersion === '' || version === 'no-answer') return null;
  const status = version?.status ?? 'unknown';
  if (status === 'production' || status === 'retained') return null;
  if (status === 'withdrawn') return withdrawn(document.productionVersion);
  return fault('NEVER_PROMOTED', 'Only a version that was promoted can be gone back to.', status, 'retained');
}

function intendedMove(claim: Claim, { intent, intended }: Proof, digest: string): Reason | { readonly kind: MoveKind } {
  const found = provenBody(claim, intended, 'pointer-move-intended');
  if (found === null) {
    return fault('INTENT_NOT_PROVEN', 'The decision is not a valid entry of the ledger.', `${intent?.ledgerSeq}`);
  }
  const { document } = claim;
  const kind = MOVE_KINDS.find((one) => one === found['kind']);
  const same =
    found['documentSha256'] === digest &&
    found['promotionId'] === document.promotionId &&
    found['productionVersion'] === document.productionVersion &&
    found['previousVersion'] === document.previousVersion &&
    (kind === 'restore' || (kind === 'onboard') === (document.productionVersion === '' && !hasCandidate(document)));
  if (same && kind !== undefined) return { kind };
  return fault('INTENT_DIFFERS', 'The recorded decision is about another document.', digest);
}

function faultOfApproval(claim: Claim, { approved, intended }: Proof, kind: MoveKind): Reason | null {
  const found = provenBody(claim, approved, 'approval-decided');
  const position = String(intended?.body.data['approvalSeq']);
  if (found === null) {
    return fault('APPROVAL_NOT_PROVEN', 'The approval is not a valid entry of the ledger.', position);
  }
  const same =
    approved?.body.seq === intended?.body.data['approvalSeq'] &&
    found['gateStatus'] === 'approved' &&
    found['promotionId'] === claim.document.promotionId &&
    found['stage'] === movingStage(kind) &&
    (isOfChange(kind) || found['version'] === candidateOf(claim.document, kind));
  return same ? null : fault('NOT_APPROVED', 'No completed approval stands behind it.', position, 'a full quorum');
}

/** A change is about no candidate of a promotion. */
function isOfChange(kind: MoveKind): kind is 'onboard' | 'adopt' | 'restore' {
  return movingStage(kind) === 'change';
}

/** The version that a promotion's document is about. */
function candidateOf(document: PointerDocument, kind: 'shadow' | 'canary' | 'promote'): string {
  const { shadowVersion, canaryVersion, productionVersion } = document;
  return { shadow: shadowVersion, canary: canaryVersion, promote: productionVersion }[kind];
}

/**
 * A document goes out while its run stands where the document belongs. Afterwards going forward needs a new decision:
 * an exposure that was ended does not come back. Going back needs none.
 */
function faultOfRun({ run }: Proof, document: PointerDocument, kind: MoveKind): Reason | null {
  if (run?.promotionId !== document.promotionId || run.end !== undefined) {
    return fault('RUN_ENDED', 'The run that it belongs to is over.', run?.end ?? 'unknown', 'a run that has not ended');
  }
  if (run.kind !== 'promotion') {
    const adopts = kind !== 'adopt' || run.adopt?.version === document.productionVersion;
    const brings = kind === 'restore' ? run.kind === 'restore' : run.kind === 'onboard' && adopts;
    if (brings && isOfChange(kind)) return null;
    return fault('NOT_DUE', 'The run brings no such document.', kind, 'an onboarding, or the end of a kill switch');
  }
  const stands = `${run.awaitingApproval ? 'awaiting ' : 'in '}${run.stage}`;
  if (dueMove(run)?.kind === kind) return null;
  return fault(
    'NOT_DUE',
    'The promotion does not stand where it needs this document.',
    stands,
    `in ${movingStage(kind)}`,
  );
}

function faultOfVersions({ document }: Claim, { versions }: Proof, kind: MoveKind): Reason | null {
  for (const version of exposedVersions(document)) {
    const item = versions[version] ?? null;
    if (item === null) return fault('UNKNOWN_VERSION', 'The version is not registered.', version);
    if (item.status === 'withdrawn') return withdrawn(version);
  }
  const production = versions[document.productionVersion] ?? null;
  return (kind === 'shadow' || kind === 'canary' || kind === 'restore') && document.productionVersion !== ''
    ? faultOfReturn(document, production)
    : null;
}

/**
 * A switch that was thrown is left by its own decision and by no other: whatever goes forward meanwhile goes on with it. What
 * goes back is not asked, for nothing may stop a rollback; it chooses documents that carry the switch.
 */
function faultOfSwitch({ document }: Claim, { standing, run }: Proof, kind: MoveKind): Reason | null {
  if (kind === 'restore') return faultOfLeft(standing, run);
  if (carries(document, standing)) return null;
  const allowed = `${standing?.fallback} in ${standing?.fallbackSegments.join(', ') || 'everything'}`;
  return fault('KILL_SWITCH_STANDS', 'It would end a kill switch that stands.', document.fallback || 'none', allowed);
}

/** People agreed to leave one switch: one that was thrown or renewed since is not the one that they were asked about. */
function faultOfLeft(standing: Proof['standing'], run: Run | null): Reason | null {
  const agreed = run?.kind === 'restore' ? run.restore?.thrownSeq : undefined;
  if (standing === null || standing.ledgerSeq === agreed) return null;
  const message = 'Another kill switch stands than people agreed to leave.';
  return fault('SWITCH_CHANGED', message, `the one of entry ${standing.ledgerSeq}`, `the one of entry ${agreed}`);
}

/** Every version that a document lets make forecasts. */
export function exposedVersions(document: PointerDocument): readonly string[] {
  const { productionVersion, shadowVersion, canaryVersion } = document;
  return [productionVersion, shadowVersion, canaryVersion].filter((version) => version !== '');
}

/** The data of an entry of this model and type whose digest and signature hold; null otherwise. */
function provenBody(claim: Claim, entry: ReadEntry | null, type: ReadEntry['body']['type']) {
  if (entry === null || entry.body.type !== type || entry.body.model !== claim.model) return null;
  const { body, entryHash, signature } = entry.row;
  const signed = verifySignature(claim.ledgerPublicKeyPem, Buffer.from(body, 'utf8'), signature);
  return signed && sha256Hex(body) === entryHash ? entry.body.data : null;
}

function withdrawn(version: string): Reason {
  return fault('VERSION_WITHDRAWN', 'The version was withdrawn.', version, 'a version that is not withdrawn');
}

export function fault(code: string, message: string, got: string, allowed?: string): Reason {
  return { code, message, got, ...(allowed === undefined ? {} : { allowed }) };
}
