import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { systemActor } from '../platform/people.ts';
import type { PromotionItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { AppConfigStore, PointerPlace } from './appconfig-store.ts';
import type { DeployedState, Deployment } from './deployments.ts';
import { isReturnDocument, type PointerDocument, servesTheSame } from './document.ts';
import { type Replaced, wentOutData } from './document-record.ts';
import type { ExposureEndWrites } from './exposure-end-store.ts';
import { type DocumentSource, findDocument, type HostedDocument } from './hosted-document.ts';
import { settled } from './settle.ts';

export interface EndExposurePorts extends DocumentSource {
  readonly registry: Pick<RegistryStore, 'run' | 'model' | 'returnDocument'>;
  readonly writes: Pick<ExposureEndWrites, 'newEnd'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'deployment' | 'hostedContent' | 'startDeployment'>;
  readonly strategyId: string;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

export interface ExposureEnded {
  readonly promotionId: string;
  /** False when the pointer did not expose the candidate (any more). */
  readonly ended: boolean;
}

/** How a document exposes a promotion's candidate; null when it does not, or when the candidate is production itself. */
export function exposedAs(
  { promotionId, version }: Pick<PromotionItem, 'promotionId' | 'version'>,
  document: PointerDocument,
): 'shadow' | 'canary' | null {
  // Under another promotion the same version may run beside production for a reason of its own.
  if (document.promotionId !== promotionId || document.productionVersion === version) return null;
  if (document.canaryVersion === version) return 'canary';
  return document.shadowVersion === version ? 'shadow' : null;
}

/** Marks the deployment, so that a repeated step knows it without any other memory. */
export function describeEnd({ promotionId }: Pick<PromotionItem, 'promotionId'>): string {
  return `Ends the exposure of ${promotionId}`;
}

/** Such a description, and the promotion in it. */
export const ENDS_EXPOSURE = /^Ends the exposure of (\S+)$/;

interface Ending {
  readonly run: PromotionItem;
  readonly place: PointerPlace;
}

interface Ended {
  readonly stage: 'shadow' | 'canary';
  readonly to: HostedDocument;
  readonly deploymentNumber: number;
  /** By the clock of AppConfig, UTC. */
  readonly deployedAt: string;
  /** The document with the candidate; null when it was deployed so long ago that it is not listed. */
  readonly replaced: Replaced | null;
}

/**
 * Takes a promotion's candidate out of the pointer: deploys the document to go back to, an existing hosted version. Asks
 * nothing but what is deployed, so it is harmless at any time, for an ended or an unknown run too; production stays what
 * it is. Safe to repeat.
 * @throws ReleaseError POINTER_BUSY when another deployment runs or came first; NO_ROLLBACK_TARGET when no document
 * serves the same without the candidate; NOT_VOUCHED when AppConfig refused it
 */
export async function endExposure(ports: EndExposurePorts, promotionId: string): Promise<ExposureEnded> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([ports.registry.run(name, promotionId), ports.registry.model(name)]);
  if (run?.kind !== 'promotion' || model === null) return { promotionId, ended: false };
  const ending = { run, place: { environmentId: model.environmentId, profileId: model.profileId } };
  const state = await settledState(ports, ending);
  const ended = await endedAt(ports, ending, state);
  if (ended !== null) await record(ports, ending, ended);
  return { promotionId, ended: ended !== null };
}

/** What is deployed once nothing runs: whether a deployment in progress exposes the candidate shows when it is over. */
async function settledState(ports: EndExposurePorts, { run, place }: Ending): Promise<DeployedState> {
  const state = await ports.appConfig.deployedState(place);
  if (state.inProgress === null) return state;
  await over(ports, place, { number: state.inProgress.number, what: `looked at for ${run.promotionId}` });
  const after = await ports.appConfig.deployedState(place);
  if (after.inProgress === null) return after;
  throw new ReleaseError('POINTER_BUSY', `Deployment ${after.inProgress.number} runs.`);
}

/** Waits for the end of a deployment, completed or taken back. */
async function over(
  ports: EndExposurePorts,
  place: PointerPlace,
  deployment: { readonly number: number; readonly what: string },
): Promise<void> {
  try {
    await settled(ports, place, deployment.number, deployment.what);
  } catch (error) {
    if (!isReleaseError(error, 'PROMOTION_ENDED')) throw error;
  }
}

async function endedAt(ports: EndExposurePorts, ending: Ending, state: DeployedState): Promise<Ended | null> {
  const { live } = state;
  const hosted = live === null ? null : await documentAt(ports, ending, live);
  // A document that nobody signed is refused by every reader, and is nothing to go back from.
  if (live === null || hosted === null) return null;
  const stage = exposedAs(ending.run, hosted.document);
  return stage === null
    ? endedBefore(ports, ending, { state, live, hosted })
    : takeOut(ports, ending, { state, stage, from: hosted.document, replaced: replacedBy(hosted, live) });
}

function documentAt(
  ports: EndExposurePorts,
  { run, place }: Ending,
  { hostedVersion }: Pick<Deployment, 'hostedVersion'>,
): Promise<HostedDocument | null> {
  return findDocument(ports, run.model, { profileId: place.profileId, hostedVersion });
}

async function takeOut(
  ports: EndExposurePorts,
  ending: Ending,
  out: Pick<Ended, 'stage' | 'replaced'> & { readonly state: DeployedState; readonly from: PointerDocument },
): Promise<Ended> {
  const { run, place } = ending;
  const to = await returnTo(ports, ending, out.from);
  const deploymentNumber = await ports.appConfig.startDeployment({
    place,
    strategyId: ports.strategyId,
    hostedVersion: to.hostedVersion,
    latestNumber: out.state.latestNumber,
    description: describeEnd(run),
  });
  try {
    await settled(ports, place, deploymentNumber, describeEnd(run));
  } catch (cause) {
    if (!isReleaseError(cause, 'PROMOTION_ENDED')) throw cause;
    throw new ReleaseError('POINTER_BUSY', `Deployment ${deploymentNumber} was taken back: look again.`, { cause });
  }
  const { changedAt: deployedAt } = await ports.appConfig.deployment(place.environmentId, deploymentNumber);
  return { stage: out.stage, to, deploymentNumber, deployedAt, replaced: out.replaced };
}

/** The prepared document that serves the same without the candidate, read back as it was recorded. */
async function returnTo(ports: EndExposurePorts, ending: Ending, from: PointerDocument): Promise<HostedDocument> {
  const { model } = ending.run;
  const kept = await ports.registry.returnDocument(model, from.productionVersion);
  const found = kept === null ? null : await documentAt(ports, ending, kept);
  const fits =
    found !== null &&
    found.documentSha256 === kept?.documentSha256 &&
    isReturnDocument(found.document) &&
    servesTheSame(found.document, from);
  if (fits) return found;
  const served = from.productionVersion || 'the safe forecast';
  throw new ReleaseError('NO_ROLLBACK_TARGET', `No document of ${model} serves ${served} as now, without a candidate.`);
}

/** What an earlier run of this step deployed, if that is what serves; null when something else took the candidate out. */
async function endedBefore(
  ports: EndExposurePorts,
  ending: Ending,
  at: { readonly state: DeployedState; readonly live: Deployment; readonly hosted: HostedDocument },
): Promise<Ended | null> {
  const { live, hosted, state } = at;
  const { description, changedAt } = await ports.appConfig.deployment(ending.place.environmentId, live.number);
  if (description !== describeEnd(ending.run)) return null;
  const before = state.history.find((one) => one.number < live.number && one.state === 'COMPLETE');
  const from = before === undefined ? null : await documentAt(ports, ending, before);
  const stage = from === null ? null : exposedAs(ending.run, from.document);
  const newest = ending.run.exposures.at(-1)?.stage ?? 'shadow';
  const replaced = before === undefined || from === null ? null : replacedBy(from, before);
  return { stage: stage ?? newest, to: hosted, deploymentNumber: live.number, deployedAt: changedAt, replaced };
}

function replacedBy({ documentSha256, document }: HostedDocument, { startedAt }: Deployment): Replaced {
  return { documentSha256, revision: document.revision, deployedAt: startedAt };
}

/** Once per deployment: a repeated step finds it recorded. */
async function record(ports: EndExposurePorts, { run }: Ending, ended: Ended): Promise<void> {
  const { model, promotionId, version } = run;
  const { stage, to, deploymentNumber, deployedAt, replaced } = ended;
  const { hostedVersion, documentSha256, document } = to;
  const what = { promotionId, version, stage, hostedVersion, documentSha256, deploymentNumber };
  const before = replaced === null ? {} : { replaced: { ...replaced } };
  const data = { ...what, ...wentOutData({ document, deployedAt }), ...before };
  try {
    await ports.ledger.append(
      { model, type: 'exposure-ended', at: ports.now(), actor: systemActor('end-exposure'), data },
      (ledgerSeq) => [ports.writes.newEnd({ model, promotionId, deploymentNumber, ledgerSeq })],
    );
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}
