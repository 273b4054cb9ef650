import type { ReadEntry } from '../ledger/ledger.ts';
import type { Reason } from '../platform/errors.ts';
import { sha256Hex } from '../platform/json.ts';
import { verifySignature } from '../platform/signing.ts';
import type { IntentItem, Run, VersionItem } from '../registry/items.ts';
import { movingStage } from './approved-gate.ts';
import { documentSha256, type PointerDocument } from './document.ts';

/** What registry and ledger know about a document that goes forward; null where there is no such item or entry. */
export interface Proof {
  readonly intent: IntentItem | null;
  /** The entry that the intent names. */
  readonly intended: ReadEntry | null;
  /** The entry at the intended entry's `approvalSeq`. */
  readonly approved: ReadEntry | null;
  readonly run: Run | null;
  /** The version that would serve; null for none, also for a document without a version. */
  readonly version: VersionItem | null;
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
  return (
    faultOfIntent(claim, proof, digest) ??
    faultOfApproval(claim, proof) ??
    faultOfRun(proof, document) ??
    faultOfVersion(document, proof.version)
  );
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

function faultOfIntent(claim: Claim, { intent, intended }: Proof, digest: string): Reason | null {
  const found = provenBody(claim, intended, 'pointer-move-intended');
  if (found === null) {
    return fault('INTENT_NOT_PROVEN', 'The decision is not a valid entry of the ledger.', `${intent?.ledgerSeq}`);
  }
  const { document } = claim;
  const same =
    found['documentSha256'] === digest &&
    found['promotionId'] === document.promotionId &&
    found['productionVersion'] === document.productionVersion &&
    found['previousVersion'] === document.previousVersion &&
    found['kind'] === (document.productionVersion === '' ? 'onboard' : 'promote');
  return same ? null : fault('INTENT_DIFFERS', 'The recorded decision is about another document.', digest);
}

function faultOfApproval(claim: Claim, { approved, intended, run }: Proof): Reason | null {
  const found = provenBody(claim, approved, 'approval-decided');
  const position = String(intended?.body.data['approvalSeq']);
  if (found === null) {
    return fault('APPROVAL_NOT_PROVEN', 'The approval is not a valid entry of the ledger.', position);
  }
  const { promotionId, productionVersion } = claim.document;
  const same =
    approved?.body.seq === intended?.body.data['approvalSeq'] &&
    found['gateStatus'] === 'approved' &&
    found['promotionId'] === promotionId &&
    found['stage'] === (run === null ? '' : movingStage(run)) &&
    (productionVersion === '' || found['version'] === productionVersion);
  return same ? null : fault('NOT_APPROVED', 'No completed approval stands behind it.', position, 'a full quorum');
}

/** A document goes out while its run runs; afterwards going forward needs a new decision, going back needs none. */
function faultOfRun({ run }: Proof, document: PointerDocument): Reason | null {
  if (run?.promotionId !== document.promotionId || run.end !== undefined) {
    return fault('RUN_ENDED', 'The run that it belongs to is over.', run?.end ?? 'unknown', 'a run that has not ended');
  }
  const { shadowVersion, canaryVersion, canaryPercentage } = document;
  if (shadowVersion === '' && canaryVersion === '' && canaryPercentage === 0) return null;
  const got = `shadow ${shadowVersion || '-'}, canary ${canaryVersion || '-'} ${canaryPercentage} %`;
  return fault('WIDER_THAN_APPROVED', 'It exposes more than was approved.', got, 'the production version alone');
}

function faultOfVersion(document: PointerDocument, version: VersionItem | null): Reason | null {
  if (document.productionVersion === '') return null;
  if (version?.status === 'withdrawn') return withdrawn(document.productionVersion);
  return version === null
    ? fault('UNKNOWN_VERSION', 'The version is not registered.', document.productionVersion)
    : null;
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
