import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { systemActor } from '../platform/people.ts';
import type { Sign } from '../platform/signing.ts';
import type { Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import { returnDocument } from './build.ts';
import { documentSha256, type PointerDocument } from './document.ts';
import { findDocument, type HostedDocument, hostDocument, readDocument } from './hosted-document.ts';
import { openRun } from './open-run.ts';

export const stepEvent = z.object({ promotionId: z.string() });

/** Label of a hosted version that holds a document to go back to. */
export const RETURN_LABEL = 'return-';
/** Description of such a version; a rollback that cannot read the registry finds the document by it. */
export function returnDescription(version: string): string {
  return version === '' ? 'Goes back to the safe forecast' : `Goes back to version ${version}`;
}

export interface PrepareReturnPorts {
  readonly registry: Pick<RegistryStore, 'run' | 'model' | 'version' | 'returnDocument'>;
  readonly writes: Pick<RegistryWrites, 'returnDocument' | 'runIsOpen'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'hostedVersions' | 'hostedContent' | 'createVersion'>;
  readonly sign: Sign;
  readonly publicKeyPem: string;
}

/**
 * Makes sure that the document to go back to exists before a promotion moves the pointer: built from what is deployed,
 * signed, read back and verified, and recorded. Safe to repeat.
 * @throws ReleaseError PROMOTION_ENDED; POINTER_BUSY while a deployment runs; NO_ROLLBACK_TARGET when nothing is
 * deployed, or a version that is not promoted; SIGNATURE_INVALID when what is deployed is not our document
 */
export async function prepareReturn(
  ports: PrepareReturnPorts,
  promotionId: string,
  at: string,
): Promise<{ readonly promotionId: string }> {
  const { run, place } = await openRun(ports.registry, promotionId);
  const deployed = await deployedDocument(ports, run.model, place);
  await assertPromoted(ports, run.model, deployed.productionVersion);
  const hosted = await hostReturn(ports, { model: run.model, place, deployed });
  await record(ports, run, hosted, at);
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

/** A version that was never recorded as promoted could not be gone back to: nothing may be built on it. */
async function assertPromoted(ports: PrepareReturnPorts, model: string, version: string): Promise<void> {
  if (version === '') return;
  const status = (await ports.registry.version(model, version))?.status ?? 'unknown';
  if (status === 'production' || status === 'retained') return;
  const message = `Version ${version} is deployed, but its status is ${status}: roll it back first.`;
  const reason = { code: 'UNFIT_TARGET', path: version, message, got: status, allowed: 'production or retained' };
  throw new ReleaseError('NO_ROLLBACK_TARGET', message, { reasons: [reason] });
}

/** The document of an earlier promotion serves as well, if it still says the same. */
async function hostReturn(
  ports: PrepareReturnPorts,
  of: { readonly model: string; readonly place: PointerPlace; readonly deployed: PointerDocument },
): Promise<HostedDocument> {
  const { model, place, deployed } = of;
  const { profileId } = place;
  const kept = await ports.registry.returnDocument(model, deployed.productionVersion);
  if (kept !== null) {
    const found = await findDocument(ports, model, { profileId, hostedVersion: kept.hostedVersion });
    if (found?.documentSha256 === documentSha256(model, returnDocument(deployed, kept.hostedVersion))) return found;
  }
  return hostDocument(ports, {
    model,
    profileId,
    versions: await ports.appConfig.hostedVersions(profileId),
    build: (revision) => returnDocument(deployed, revision),
    description: returnDescription(deployed.productionVersion),
    label: (revision) => `${RETURN_LABEL}${revision}`,
  });
}

async function record(ports: PrepareReturnPorts, run: Run, hosted: HostedDocument, at: string): Promise<void> {
  const { model, promotionId } = run;
  const version = hosted.document.productionVersion;
  const { hostedVersion, documentSha256: digest } = hosted;
  const kept = await ports.registry.returnDocument(model, version);
  if (kept?.documentSha256 === digest && kept.promotionId === promotionId) return;
  const item = { model, version, hostedVersion, documentSha256: digest, preparedAt: at, promotionId };
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
