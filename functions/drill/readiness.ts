import type { Fetched, VersionArtifact } from '../inference/predictors/model-store.ts';
import { isSafeForecast } from '../inference/predictors/safe-forecasts.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import { isReturnDocument, type PointerDocument } from '../pointer/document.ts';
import { findDocument, type HostedDocument } from '../pointer/hosted-document.ts';
import type { ModelItem, ReturnDocumentItem, VersionItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { type NeededTarget, targetsNeeded } from './targets-needed.ts';

/** How a version answered a smoke request; null: with a usable number for each day. */
export type Smoke = (artifact: VersionArtifact) => Promise<Pick<Reason, 'code' | 'message' | 'got'> | null>;

export interface ReadinessPorts {
  readonly registry: Pick<RegistryStore, 'model' | 'versions' | 'returnDocuments'>;
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'hostedContent'>;
  readonly publicKeyPem: string;
  /** The version's bytes by its signed manifest, as inference gets them; nothing of an earlier check is remembered. */
  readonly fetch: (model: string, version: string) => Promise<Fetched>;
  readonly smoke: Smoke;
}

interface Known {
  readonly model: ModelItem;
  readonly versions: readonly VersionItem[];
  readonly returnDocuments: readonly ReturnDocumentItem[];
}

/**
 * Checks whether a model can be gone back from: for each target that a rollback may need, that its document is there, is
 * signed, is the one that was recorded, and is made to go back to; that its version's manifest verifies and its artifact
 * is there; and that the version loads and answers. Answers everything that stands against it; changes nothing.
 * @throws ReleaseError NOT_FOUND for an unknown model
 */
export async function readinessFaults(ports: ReadinessPorts, model: string): Promise<readonly Reason[]> {
  const item = await ports.registry.model(model);
  if (item === null) throw new ReleaseError('NOT_FOUND', `There is no model ${model}.`);
  const [live, versions, returnDocuments] = await Promise.all([
    liveDocument(ports, item),
    ports.registry.versions(model),
    ports.registry.returnDocuments(model),
  ]);
  if (live === null) return [nothingLive(model)];
  const known = { model: item, versions, returnDocuments };
  const faults: Reason[] = [];
  // One after the other: each version is run in the one process apart.
  for (const target of targetsNeeded(live, versions)) faults.push(...(await faultsOf(ports, known, target)));
  return faults;
}

async function liveDocument(
  ports: ReadinessPorts,
  { model, environmentId, profileId }: ModelItem,
): Promise<PointerDocument | null> {
  const place: PointerPlace = { environmentId, profileId };
  const { live } = await ports.appConfig.deployedState(place);
  if (live === null) return null;
  return (await findDocument(ports, model, { profileId, hostedVersion: live.hostedVersion }))?.document ?? null;
}

async function faultsOf(
  ports: ReadinessPorts,
  known: Known,
  { version, required }: NeededTarget,
): Promise<readonly Reason[]> {
  const recorded = known.returnDocuments.find((one) => one.version === version);
  if (recorded === undefined) return required ? [noDocument(version)] : [];
  const { model, profileId } = known.model;
  const found = await findDocument(ports, model, { profileId, hostedVersion: recorded.hostedVersion });
  const fault = faultOfDocument(recorded, found);
  if (fault !== null) return [fault];
  const versionFault = version === '' ? faultOfSafe(found) : await faultOfVersion(ports, known, version);
  return versionFault === null ? [] : [versionFault];
}

function faultOfDocument(recorded: ReturnDocumentItem, found: HostedDocument | null): Reason | null {
  const path = wordsOf(recorded.version);
  const { hostedVersion, documentSha256 } = recorded;
  if (found === null) {
    const message = `Hosted version ${hostedVersion}, which goes back to ${path}, is gone or not signed for this model.`;
    return { code: 'RETURN_DOCUMENT_BROKEN', path, message, got: 'none', allowed: documentSha256, next: PREPARE };
  }
  if (found.documentSha256 !== documentSha256) {
    const message = `Hosted version ${hostedVersion}, which goes back to ${path}, is not what was recorded.`;
    return {
      ...{ code: 'RETURN_DOCUMENT_BROKEN', path, message },
      ...{ got: found.documentSha256, allowed: documentSha256, next: PREPARE },
    };
  }
  if (isReturnDocument(found.document) && found.document.productionVersion === recorded.version) return null;
  const message = `Hosted version ${hostedVersion} is no document that goes back to ${path}.`;
  return { code: 'RETURN_DOCUMENT_BROKEN', path, message, got: documentSha256, next: PREPARE };
}

function faultOfSafe(found: HostedDocument | null): Reason | null {
  const fallback = found?.document.fallback ?? '';
  if (isSafeForecast(fallback)) return null;
  const message = 'The safe forecast that would be gone back to is none that inference knows.';
  return { code: 'SAFE_FORECAST_UNKNOWN', path: wordsOf(''), message, got: fallback };
}

async function faultOfVersion(ports: ReadinessPorts, known: Known, version: string): Promise<Reason | null> {
  const { model } = known.model;
  const item = known.versions.find((one) => one.version === version);
  const fetched = await ports.fetch(model, version);
  if (!fetched.ok) {
    const message = `Version ${version} does not load: its manifest does not verify, or its artifact is not there.`;
    return { code: 'TARGET_NOT_LOADED', path: version, message, got: fetched.code, next: RESTORE };
  }
  if (item === undefined || fetched.loaded.sha256 !== item.artifact.sha256) {
    const message = `The manifest of version ${version} vouches for another artifact than was registered.`;
    const allowed = item?.artifact.sha256 ?? 'a registered version';
    return { code: 'ARTIFACT_DIFFERS', path: version, message, got: fetched.loaded.sha256, allowed, next: RESTORE };
  }
  const answered = await ports.smoke(fetched.loaded);
  return answered === null ? null : { ...answered, path: version, next: RESTORE };
}

const PREPARE = 'Prepare it anew: the runbook rollback-not-ready says how.';
const RESTORE =
  'Find out who changed it and restore the recorded object version: the runbook rollback-not-ready says how.';

function noDocument(version: string): Reason {
  const path = wordsOf(version);
  return { code: 'NO_RETURN_DOCUMENT', path, message: `No document goes back to ${path}.`, next: PREPARE };
}

function nothingLive(model: string): Reason {
  const message = 'Nothing that is signed for the model is deployed, so that nothing says what would be gone back to.';
  return {
    code: 'NOTHING_LIVE',
    path: model,
    message,
    next: 'Find out who deployed what, in AppConfig and the ledger.',
  };
}

function wordsOf(version: string): string {
  return version === '' ? 'safe forecast' : version;
}
