import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { systemActor } from '../../platform/people.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { AppConfigStore, PointerPlace } from '../appconfig-store.ts';
import { returnDocument } from '../build.ts';
import type { DeployedState } from '../deployments.ts';
import { isReturnDocument, type PointerDocument, servesTheSame } from '../document.ts';
import { type RecordedDocument, wentOutData } from '../document-record.ts';
import { findDocument, type HostedDocument, type HostingPorts, hostDocument } from '../hosted-document.ts';
import { RETURN_LABEL, returnDescription } from '../prepare-return.ts';
import { settled } from '../settle.ts';
import { sameSwitch, switchOf } from '../switch.ts';
import type { AcceptedDeployment } from './accepted.ts';
import type { Reconciled, ReconcileStore, Undoing } from './reconcile-store.ts';

export interface UndoPorts extends HostingPorts {
  readonly registry: Pick<RegistryStore, 'returnDocument'>;
  readonly store: Pick<ReconcileStore, 'keep' | 'kept' | 'newUndone'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly appConfig: HostingPorts['appConfig'] &
    Pick<AppConfigStore, 'deployedState' | 'deployment' | 'hostedVersions' | 'startDeployment'>;
  readonly strategyId: string;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** A deployment to be undone, and what should serve instead. */
export interface Undo {
  readonly model: string;
  readonly place: PointerPlace;
  readonly accepted: AcceptedDeployment;
  /** The deployment that nobody decided, or that was stopped; position of the entry that says so. */
  readonly deploymentNumber: number;
  readonly ledgerSeq: number;
  readonly kept: Reconciled;
}

/** Marks the deployment, so that a repeated look knows it. */
export function describeUndo(deploymentNumber: number): string {
  return `Undoes deployment ${deploymentNumber}`;
}

/**
 * Puts back what was decided: deploys the document to go back to that serves what the ledger says, without a candidate,
 * and records it. An existing hosted version where there is one; it is vouched for like any document to go back to, and no
 * version is withdrawn. Safe to repeat.
 * @throws ReleaseError NO_ROLLBACK_TARGET when what was decided cannot be rebuilt; POINTER_BUSY; NOT_VOUCHED
 */
export async function undoDeployment(ports: UndoPorts, undo: Undo): Promise<void> {
  const { model, place, deploymentNumber, ledgerSeq, kept } = undo;
  const to = await targetOf(ports, undo);
  const undoing: Undoing = { deploymentNumber, hostedVersion: to.hostedVersion, ledgerSeq };
  const next = { ...kept, revision: kept.revision + 1, undoing };
  await ports.store.keep(model, next);
  const { latestNumber } = await ports.appConfig.deployedState(place);
  const started = await ports.appConfig.startDeployment({
    place,
    strategyId: ports.strategyId,
    hostedVersion: to.hostedVersion,
    latestNumber,
    description: describeUndo(deploymentNumber),
  });
  await settled(ports, place, started, describeUndo(deploymentNumber));
  await record(ports, { model, place, kept: next, undoing, to, started });
}

/**
 * Records an undoing that was deployed while the look that did it was cut. True when there was one: what serves is then
 * decided again.
 */
export async function completeUndo(
  ports: UndoPorts,
  { model, place, kept, state }: Pick<Undo, 'model' | 'place' | 'kept'> & { readonly state: DeployedState },
): Promise<boolean> {
  const { undoing } = kept;
  const { live } = state;
  if (undoing === undefined || live === null || live.hostedVersion !== undoing.hostedVersion) return false;
  if (live.number <= undoing.deploymentNumber) return false;
  const { description } = await ports.appConfig.deployment(place.environmentId, live.number);
  if (description !== describeUndo(undoing.deploymentNumber)) return false;
  const to = await findDocument(ports, model, { ...place, hostedVersion: live.hostedVersion });
  if (to === null || !isReturnDocument(to.document)) return false;
  return record(ports, { model, place, kept, undoing, to, started: live.number });
}

interface Undone extends Pick<Undo, 'model' | 'place' | 'kept'> {
  readonly undoing: Undoing;
  readonly to: HostedDocument;
  /** The deployment that undid. */
  readonly started: number;
}

async function record(ports: UndoPorts, { model, place, kept, undoing, to, started }: Undone): Promise<boolean> {
  const { changedAt: deployedAt } = await ports.appConfig.deployment(place.environmentId, started);
  const { document, documentSha256, hostedVersion } = to;
  const data = {
    undoes: undoing.deploymentNumber,
    noticed: undoing.ledgerSeq,
    ...{ deploymentNumber: started, documentSha256, revision: document.revision, hostedVersion },
    productionVersion: document.productionVersion,
    ...wentOutData({ document, deployedAt }),
  };
  const { undoing: _, ...rest } = kept;
  const draft = { model, type: 'change-undone' as const, at: ports.now(), actor: systemActor('reconcile'), data };
  try {
    await ports.ledger.append(draft, (seq) => [
      ports.store.newUndone(model, started, seq),
      ports.store.kept(model, { ...rest, revision: kept.revision + 1 }),
    ]);
    return true;
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    return false;
  }
}

/** The document without a candidate that serves what the ledger says should serve; made where there is none yet. */
async function targetOf(ports: UndoPorts, { model, place, accepted }: Undo): Promise<HostedDocument> {
  const { profileId } = place;
  const deployed = accepted.revision === null ? null : await at(ports, model, profileId, accepted.revision);
  const genuine = deployed?.documentSha256 === accepted.documentSha256 ? deployed : null;
  const production = genuine?.document.productionVersion ?? accepted.document?.productionVersion;
  if (production === undefined) throw noTarget(model, 'the ledger does not hold the document that should serve');
  const prepared = await ports.registry.returnDocument(model, production);
  const found = prepared === null ? null : await at(ports, model, profileId, prepared.hostedVersion);
  const isIt = found?.documentSha256 === prepared?.documentSha256 && found !== null && isReturnDocument(found.document);
  if (isIt && servesAs(found.document, genuine?.document ?? null, accepted.document)) return found;
  if (genuine === null) throw noTarget(model, `no document goes back to ${production || 'the safe forecast'}`);
  return hostDocument(ports, {
    ...{ model, profileId, versions: await ports.appConfig.hostedVersions(profileId) },
    build: (revision) => returnDocument(genuine.document, revision),
    description: returnDescription(production),
    label: (revision) => `${RETURN_LABEL}${revision}`,
  });
}

/** A document to go back to must serve what was decided, as far as that is known: a kill switch that stands goes on. */
function servesAs(
  document: PointerDocument,
  genuine: PointerDocument | null,
  recorded: RecordedDocument | null,
): boolean {
  if (genuine !== null) return servesTheSame(document, genuine);
  const same = document.productionVersion === recorded?.productionVersion;
  return recorded !== null && same && sameSwitch(switchOf(document), switchOf(recorded));
}

function at(ports: UndoPorts, model: string, profileId: string, hostedVersion: number) {
  return findDocument(ports, model, { profileId, hostedVersion });
}

function noTarget(model: string, why: string): ReleaseError {
  return new ReleaseError('NO_ROLLBACK_TARGET', `What nobody decided about ${model} cannot be undone: ${why}.`);
}
