import { canonicalJson, type JsonValue } from '../../platform/json.ts';
import type { ReturnDocumentItem, VersionItem } from '../../registry/items.ts';
import type { DeployedState, Deployment } from '../deployments.ts';
import { isReturnDocument } from '../document.ts';
import type { HostedDocument } from '../hosted-document.ts';
import type { AcceptedBook, AcceptedDeployment } from './accepted.ts';
import { directionOf } from './direction.ts';
import type { Finding } from './finding.ts';

/** The deployment that serves, as AppConfig tells of it. */
export interface LiveDeployment {
  readonly deployment: Deployment;
  /** Null when its hosted version is gone, or holds nothing that was signed for the model. */
  readonly hosted: HostedDocument | null;
  /** The rollback that made it, by its description; `known` when such an execution exists. */
  readonly rollback: { readonly executionName: string; readonly withdrew: string; readonly known: boolean } | null;
  /** The promotion whose exposure it ended, by its description; empty: none. */
  readonly ends: string;
}

/** Everything that one look at a model sees. */
export interface Seen {
  /** UTC. */
  readonly now: string;
  readonly state: Pick<DeployedState, 'inProgress'>;
  /** Null when nothing is deployed. */
  readonly live: LiveDeployment | null;
  /** When the newest deployment was taken back, UTC; absent unless it was. */
  readonly takenBackAt?: string;
  /** Digest of what the data plane serves; null: nothing that was signed for the model. Absent when it did not answer. */
  readonly servedSha256?: string | null;
  readonly hostedVersions: readonly number[];
  readonly returnDocuments: readonly ReturnDocumentItem[];
  readonly versions: readonly VersionItem[];
  readonly settings: SeenSettings;
}

export interface SeenSettings {
  readonly policyVersion: number;
  readonly policyDigest: string;
  /** Digest of the policy that is stored under that version; null when there is none. */
  readonly storedDigest: string | null;
  /** Whether the model's own copy says the same. */
  readonly sameCopy: boolean;
  readonly people: { readonly owner: JsonValue; readonly approvers: JsonValue; readonly downstream: JsonValue };
}

/** So long an act may take to be recorded after its document went out. */
export const RECORDING_MS = 5 * 60_000;

/**
 * What does not fit together for one model. While a deployment runs nothing is said of the pointer: what will serve is not
 * known yet.
 */
export function compare(seen: Seen, book: AcceptedBook): readonly Finding[] {
  const moving = seen.state.inProgress !== null;
  return [
    ...(moving ? [] : pointerFindings(seen, book)),
    ...deletedVersions(seen),
    ...settingsFindings(seen.settings, book),
  ];
}

function pointerFindings(seen: Seen, book: AcceptedBook): readonly Finding[] {
  const { live } = seen;
  if (live === null) return book.last === null ? [] : [stopped(seen, book.last, 'nothing')];
  const { deployment, hosted } = live;
  const deleted = !seen.hostedVersions.includes(deployment.hostedVersion);
  if (hosted === null && !deleted) return [unsigned(deployment)];
  const sha256 = hosted?.documentSha256 ?? seen.servedSha256 ?? null;
  const accepted = book.at(deployment.number);
  if (accepted === null || accepted.documentSha256 !== sha256) return outOfPlace(seen, book, live);
  if (book.last !== null && book.last.deploymentNumber !== deployment.number) {
    return [stopped(seen, book.last, `deployment ${deployment.number}`)];
  }
  return [...servedFindings(seen, sha256), ...productionFindings(seen, hosted)];
}

/** A document that no entry stands behind: not yet, or not at all. */
function outOfPlace(seen: Seen, book: AcceptedBook, live: LiveDeployment): readonly Finding[] {
  const { deployment, hosted, rollback, ends } = live;
  const { number, hostedVersion, startedAt } = deployment;
  const late = Date.parse(seen.now) - Date.parse(startedAt) > RECORDING_MS;
  const at = { deploymentNumber: number, hostedVersion, got: `deployment ${number}, hosted version ${hostedVersion}` };
  const goesBack = hosted !== null && isReturnDocument(hosted.document);
  if (goesBack && rollback?.known === true && !book.isRecordedRollback(rollback.executionName)) {
    const message = `The rollback ${rollback.executionName} went out and is not recorded.`;
    const allowed = 'a rolled-back entry within five minutes';
    return late ? [{ code: 'ROLLBACK_UNRECORDED', id: `ROLLBACK_UNRECORDED:${number}`, message, ...at, allowed }] : [];
  }
  const direction =
    hosted === null ? 'forward' : directionOf(hosted.document, book.last?.document ?? null, seen.versions);
  const ending = goesBack && ends !== '';
  const pending = hosted === null ? null : book.pendingOf(hosted.documentSha256);
  const takesOut = ending || pending?.stops === true;
  // Anybody can write a description, or find an old intent of a kill switch: neither is leave to let more forecast.
  if ((takesOut && direction === 'backward') || (!takesOut && pending !== null)) {
    const message = 'A document went out by a decision, and that it did is not recorded.';
    const entry = ending ? 'an exposure-ended' : pending?.stops === true ? 'a kill-switch-thrown' : 'a pointer-moved';
    const allowed = `${entry} entry within five minutes`;
    return late ? [{ code: 'MOVE_UNRECORDED', id: `MOVE_UNRECORDED:${number}`, message, ...at, allowed }] : [];
  }
  const finding: Finding = {
    code: 'FOREIGN_DEPLOYMENT',
    id: `FOREIGN_DEPLOYMENT:${number}`,
    message: 'A document serves that no recorded decision let out.',
    ...at,
    allowed: acceptedText(book.last),
    direction,
  };
  return [finding];
}

function stopped(seen: Seen, last: AcceptedDeployment, got: string): Finding {
  const hosted = seen.live?.hosted ?? null;
  return {
    code: 'DEPLOYMENT_STOPPED',
    id: `DEPLOYMENT_STOPPED:${last.deploymentNumber}`,
    message: 'The deployment that was recorded last was taken back, by no recorded rollback.',
    got,
    allowed: acceptedText(last),
    direction: hosted === null ? 'forward' : directionOf(hosted.document, last.document, seen.versions),
    deploymentNumber: last.deploymentNumber,
  };
}

function unsigned({ number, hostedVersion }: Deployment): Finding {
  return {
    code: 'UNSIGNED_POINTER',
    id: `UNSIGNED_POINTER:${number}`,
    message:
      'What is deployed was not signed for this model: readers keep their last good document, and new ones have none.',
    got: `deployment ${number}, hosted version ${hostedVersion}`,
    allowed: 'a signed document',
    direction: 'forward',
    deploymentNumber: number,
    hostedVersion,
  };
}

function servedFindings({ servedSha256 }: Seen, deployed: string): readonly Finding[] {
  if (servedSha256 === undefined || servedSha256 === deployed) return [];
  const code = servedSha256 === null ? 'UNSIGNED_POINTER' : 'DATA_PLANE_DIFFERS';
  const message =
    'Readers are served something else than what is deployed; an experiment may have taken the flag over.';
  return [{ code, id: `${code}:served`, message, got: servedSha256 ?? 'no signed document', allowed: deployed }];
}

function productionFindings({ versions }: Seen, hosted: HostedDocument | null): readonly Finding[] {
  if (hosted === null) return [];
  const recorded = versions.find(({ status }) => status === 'production')?.version ?? '';
  const served = hosted.document.productionVersion;
  if (recorded === served) return [];
  const message = 'The registry calls another version production than the one that serves.';
  return [
    {
      code: 'PRODUCTION_DIFFERS',
      id: 'PRODUCTION_DIFFERS',
      message,
      got: recorded || 'none',
      allowed: served || 'none',
    },
  ];
}

/** Hosted versions that serve, or that a rollback would deploy: without them there is no way back. */
function deletedVersions({ hostedVersions, live, returnDocuments, versions }: Seen): readonly Finding[] {
  const withdrawn = new Set(versions.filter(({ status }) => status === 'withdrawn').map(({ version }) => version));
  const needed = returnDocuments.filter(({ version }) => !withdrawn.has(version)).map((item) => item.hostedVersion);
  const all = new Set(live === null ? needed : [...needed, live.deployment.hostedVersion]);
  return [...all]
    .filter((number) => !hostedVersions.includes(number))
    .map((hostedVersion) => ({
      code: 'VERSION_DELETED',
      id: `VERSION_DELETED:${hostedVersion}`,
      message: 'A hosted version is gone that serves, or that a rollback would deploy.',
      got: 'nothing',
      allowed: `hosted version ${hostedVersion}`,
      hostedVersion,
    }));
}

function settingsFindings(seen: SeenSettings, book: AcceptedBook): readonly Finding[] {
  const decided = book.settings;
  if (decided === null) return [];
  const faults = [
    seen.policyVersion === decided.policyVersion ? '' : 'policyVersion',
    seen.policyDigest === decided.policyDigest && seen.storedDigest === decided.policyDigest ? '' : 'policyDigest',
    seen.sameCopy ? '' : 'policy',
    ...(['owner', 'approvers', 'downstream'] as const).map((name) =>
      canonicalJson(seen.people[name]) === canonicalJson(decided[name]) ? '' : name,
    ),
  ].filter((name) => name !== '');
  if (faults.length === 0) return [];
  return [
    {
      code: 'POLICY_CHANGED',
      id: `POLICY_CHANGED:${faults.join('+')}`,
      message: 'What the registry has of the model is not what people decided.',
      got: `another ${faults.join(', ')}`,
      allowed: `policy ${decided.policyVersion} with digest ${decided.policyDigest}, and the people of that entry`,
    },
  ];
}

function acceptedText(last: AcceptedDeployment | null): string {
  return last === null ? 'nothing yet' : `deployment ${last.deploymentNumber}, by entry ${last.ledgerSeq}`;
}
