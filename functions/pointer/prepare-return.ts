import * as z from 'zod';
import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { systemActor } from '../platform/people.ts';
import type { Sign } from '../platform/signing.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import { returnDocument } from './build.ts';
import {
  attributesOf,
  documentSha256,
  hasCandidate,
  isReturnDocument,
  type PointerDocument,
  servesTheSame,
} from './document.ts';
import { findDocument, type HostedDocument, hostDocument, readDocument } from './hosted-document.ts';
import { openRun } from './open-run.ts';
import { prepareReturns } from './prepare-returns.ts';
import { RETURN_LABEL, returnDescription } from './return-label.ts';

export const stepEvent = z.object({ promotionId: z.string() });

export { RETURN_LABEL, returnDescription };

export interface PrepareReturnPorts {
  readonly registry: Pick<
    RegistryStore,
    'run' | 'model' | 'version' | 'versions' | 'returnDocument' | 'returnDocuments'
  >;
  readonly writes: Pick<RegistryWrites, 'returnDocument' | 'runIsOpen'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'find'>;
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'hostedVersions' | 'hostedContent' | 'createVersion'>;
  readonly sign: Sign;
  readonly publicKeyPem: string;
}

/**
 * Makes sure that there is a way back before the pointer moves: the document that serves what is deployed now, without a
 * candidate, exists, is signed, was read back and is recorded; its version was promoted, is not withdrawn, and its
 * artifact lies where it was recorded. Before a kill switch is left, every way back that carries it is made anew without
 * it. Safe to repeat.
 * @throws ReleaseError PROMOTION_ENDED; POINTER_BUSY while a deployment runs; NO_ROLLBACK_TARGET when nothing is
 * deployed, a version that is not promoted, or one whose artifact is gone; SIGNATURE_INVALID when what is deployed is
 * not our document
 */
export async function prepareReturn(
  ports: PrepareReturnPorts,
  promotionId: string,
  at: string,
): Promise<{ readonly promotionId: string }> {
  const { run, model, place } = await openRun(ports.registry, promotionId);
  const deployed = await deployedDocument(ports, run.model, place);
  await assertUsable(ports, run.model, deployed.productionVersion);
  if (run.kind === 'restore') {
    const { safeForecast } = model.policy;
    const returns = { model: run.model, place, deployed, under: null, safeForecast, run };
    await prepareReturns({ ...ports, now: () => at }, returns);
    return { promotionId };
  }
  const hosted = await hostReturn(ports, { model: run.model, place, deployed });
  await record(ports, { run, place, hosted }, at);
  return { promotionId };
}

async function deployedDocument(
  ports: PrepareReturnPorts,
  model: string,
  place: PointerPlace,
): Promise<PointerDocument> {
  const { live, inProgress } = await ports.appConfig.deployedState(place);
  if (inProgress !== null) throw new ReleaseError('POINTER_BUSY', `Deployment ${inProgress.number} still runs.`);
  if (live === null) throw new ReleaseError('NO_ROLLBACK_TARGET', `Nothing is deployed for ${model} to go back to.`);
  const { document } = await readDocument(ports, model, { ...place, hostedVersion: live.hostedVersion });
  return document;
}

/**
 * A version that was never recorded as promoted could not be gone back to, nor one whose artifact inference cannot load:
 * nothing may be built on it.
 */
async function assertUsable(ports: PrepareReturnPorts, model: string, version: string): Promise<void> {
  if (version === '') return;
  const item = await ports.registry.version(model, version);
  const status = item?.status ?? 'unknown';
  if (item === null || (status !== 'production' && status !== 'retained')) {
    const message = `Version ${version} is deployed, but its status is ${status}: roll it back first.`;
    throw noTarget({ code: 'UNFIT_TARGET', path: version, message, got: status, allowed: 'production or retained' });
  }
  const { key, versionId, sha256 } = item.artifact;
  const stored = await ports.evidence.find(key);
  if (stored?.versionId === versionId && stored.sha256 === sha256) return;
  throw noTarget({
    code: 'ARTIFACT_GONE',
    path: key,
    message: `The artifact of version ${version}, which would be gone back to, is not what was recorded.`,
    got: stored === null ? 'nothing' : `version ${stored.versionId}, sha256 ${stored.sha256}`,
    allowed: `version ${versionId}, sha256 ${sha256}`,
    next: 'Find out who changed it; the recorded version is kept under retention.',
  });
}

function noTarget(reason: Reason): ReleaseError {
  return new ReleaseError('NO_ROLLBACK_TARGET', reason.message, { reasons: [reason] });
}

/** The document of an earlier promotion serves as well, if it still says the same. */
async function hostReturn(
  ports: PrepareReturnPorts,
  of: { readonly model: string; readonly place: PointerPlace; readonly deployed: PointerDocument },
): Promise<HostedDocument> {
  const { model, place, deployed } = of;
  const { profileId } = place;
  const kept = await keptReturn(ports, of);
  if (kept !== null && saysTheSame(model, kept, deployed)) return kept;
  return hostDocument(ports, {
    model,
    profileId,
    versions: await ports.appConfig.hostedVersions(profileId),
    build: (revision) => returnDocument(deployed, revision),
    description: returnDescription(deployed.productionVersion),
    label: (revision) => `${RETURN_LABEL}${revision}`,
  });
}

async function keptReturn(
  ports: PrepareReturnPorts,
  of: { readonly model: string; readonly place: PointerPlace; readonly deployed: PointerDocument },
): Promise<HostedDocument | null> {
  const { model, place, deployed } = of;
  const kept = await ports.registry.returnDocument(model, deployed.productionVersion);
  if (kept === null) return null;
  const found = await findDocument(ports, model, { profileId: place.profileId, hostedVersion: kept.hostedVersion });
  return found?.documentSha256 === kept.documentSha256 ? found : null;
}

/**
 * With a candidate in it, the deployed document names the candidate's promotion, approvers and reason. Those of the
 * production version itself are in the document from before, which is preferred as long as it serves the same.
 */
function saysTheSame(model: string, kept: HostedDocument, deployed: PointerDocument): boolean {
  if (hasCandidate(deployed)) return isReturnDocument(kept.document) && servesTheSame(kept.document, deployed);
  return kept.documentSha256 === documentSha256(model, returnDocument(deployed, kept.hostedVersion));
}

async function record(
  ports: PrepareReturnPorts,
  of: { readonly run: Run; readonly place: PointerPlace; readonly hosted: HostedDocument },
  at: string,
): Promise<void> {
  const { run, place, hosted } = of;
  const { model, promotionId } = run;
  const version = hosted.document.productionVersion;
  const { hostedVersion, documentSha256: digest } = hosted;
  const kept = await ports.registry.returnDocument(model, version);
  if (kept?.documentSha256 === digest && kept.promotionId === promotionId) return;
  const { document } = hosted;
  const { environmentId, profileId } = place;
  const item = {
    ...{ model, version, hostedVersion, documentSha256: digest, preparedAt: at, promotionId },
    ...{ environmentId, profileId, document: attributesOf(document) },
  };
  try {
    await ports.ledger.append(
      {
        model,
        type: 'return-prepared',
        at,
        actor: systemActor('prepare-return'),
        data: { promotionId, version, hostedVersion, documentSha256: digest },
      },
      [ports.writes.returnDocument(item), ports.writes.runIsOpen(run)],
    );
  } catch (cause) {
    if (!isReleaseError(cause, 'CONDITION_FAILED')) throw cause;
    throw new ReleaseError('PROMOTION_ENDED', `${promotionId} ended while its way back was prepared.`, { cause });
  }
}
