import { ReleaseError } from '../platform/errors.ts';
import type { ModelItem, PointerMove, Run } from '../registry/items.ts';
import type { PointerPlace } from './appconfig-store.ts';
import { type Approval, approvalOf, notVouched } from './approved-gate.ts';
import { firstDocument, productionDocument } from './build.ts';
import { type DeployedState, type Deployment, isUndone } from './deployments.ts';
import type { PointerDocument, UnsignedDocument } from './document.ts';
import { findDocument, type HostedDocument, hostDocument, readDocument } from './hosted-document.ts';
import type { MovePorts } from './move-ports.ts';
import { assertOpen, openRun } from './open-run.ts';
import { recordIntent, recordMove } from './record-move.ts';
import { settled } from './settle.ts';

export interface Moved {
  readonly promotionId: string;
  readonly revision: number;
  readonly deploymentNumber: number;
}

/** A run that may move the pointer, with what it found. */
interface Move {
  readonly run: Run;
  readonly model: ModelItem;
  readonly place: PointerPlace;
  readonly approval: Approval;
  readonly state: DeployedState;
}

/**
 * Moves the pointer to what a run was approved for: a promotion's version, or an onboarding's first document. The intent
 * is recorded before the deployment starts. Safe to repeat after any interruption: a deployment that an earlier run of
 * the step started is taken up, never started again, and one that was taken back ends the step.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, NOT_VOUCHED; POINTER_BUSY when another deployment runs or came first
 */
export async function movePointer(ports: MovePorts, promotionId: string): Promise<Moved> {
  const before = await openOrMoved(ports, promotionId);
  if ('deploymentNumber' in before) return before;
  const { run, model, place } = before;
  const approval = approvalOf(run, await ports.gates(promotionId));
  const move: Move = { run, model, place, approval, state: await ports.appConfig.deployedState(place) };
  const { hosted, deployment } = (await resumed(ports, move)) ?? (await deployed(ports, move));
  await settled(ports, place, deployment.number, `the move of ${promotionId}`);
  const pointer: PointerMove = {
    revision: hosted.document.revision,
    deploymentNumber: deployment.number,
    documentSha256: hosted.documentSha256,
    movedAt: deployment.startedAt,
  };
  await recordMove(ports, { run, document: hosted.document, pointer });
  return { promotionId, revision: pointer.revision, deploymentNumber: pointer.deploymentNumber };
}

async function openOrMoved(ports: MovePorts, promotionId: string) {
  const open = await openRun(ports.registry, promotionId);
  const { pointer, kind } = open.run;
  if (kind === 'change') throw notVouched('MOVES_NOTHING', 'A change of the model moves no pointer.', kind, 'onboard');
  return pointer === undefined
    ? open
    : { promotionId, revision: pointer.revision, deploymentNumber: pointer.deploymentNumber };
}

interface Deployed {
  readonly hosted: HostedDocument;
  readonly deployment: Pick<Deployment, 'number' | 'startedAt'>;
}

/** What an earlier run of this step deployed; null when it did not come so far. */
async function resumed(ports: MovePorts, { run, place, state }: Move): Promise<Deployed | null> {
  const versions = await ports.appConfig.hostedVersions(place.profileId);
  const own = versions.filter((version) => version.description === describe(run)).map(({ number }) => number);
  const deployment = state.history.find(({ hostedVersion }) => own.includes(hostedVersion));
  if (deployment === undefined) return null;
  const superseded = deployment.number !== state.inProgress?.number && deployment.number !== state.live?.number;
  if (isUndone(deployment) || superseded) throw takenBack(run, deployment.number);
  const hosted = await readDocument(ports, run.model, { ...place, hostedVersion: deployment.hostedVersion });
  return { hosted, deployment };
}

async function deployed(ports: MovePorts, move: Move): Promise<Deployed> {
  const { run, place, state } = move;
  if (state.inProgress !== null) throw busy(`Deployment ${state.inProgress.number} still runs.`);
  const build = await builder(ports, move);
  const hosted = await hostDocument(ports, {
    model: run.model,
    profileId: place.profileId,
    versions: await ports.appConfig.hostedVersions(place.profileId),
    build,
    description: describe(run),
  });
  await recordIntent(ports, { run, hosted, approvalSeq: move.approval.seq });
  await assertStillApproved(ports, move);
  const number = await ports.appConfig.startDeployment({
    place,
    strategyId: ports.strategyId,
    hostedVersion: hosted.hostedVersion,
    latestNumber: state.latestNumber,
    description: describe(run),
  });
  const after = await ports.appConfig.deployedState(place);
  const deployment = after.history.find((one) => one.number === number);
  if (deployment === undefined) throw busy(`Deployment ${number} is not listed yet.`);
  return { hosted, deployment };
}

/** The last look before the pointer moves: a rollback or a closed gate in the meantime stops it here. */
async function assertStillApproved(ports: MovePorts, { run, approval }: Move): Promise<void> {
  const now = await ports.registry.run(run.model, run.promotionId);
  if (now === null) throw new ReleaseError('NOT_FOUND', `The run ${run.promotionId} is gone.`);
  assertOpen(now);
  const again = approvalOf(now, await ports.gates(run.promotionId));
  if (again.seq !== approval.seq) {
    throw notVouched('NOT_APPROVED', 'Another approval took its place.', `${again.seq}`, `${approval.seq}`);
  }
}

async function builder(ports: MovePorts, move: Move): Promise<(revision: number) => UnsignedDocument> {
  const { run, model, place, approval, state } = move;
  if (run.kind !== 'promotion') {
    await assertFirst(ports, move);
    return (revision) => firstDocument(revision, approval, model.policy.safeForecast);
  }
  if (state.live === null) {
    throw new ReleaseError('NO_ROLLBACK_TARGET', `Nothing is deployed for ${run.model} to go back to.`);
  }
  const source = { ...place, hostedVersion: state.live.hostedVersion };
  const { document } = await readDocument(ports, run.model, source);
  const previousVersion = await assertMayFollow(ports, move, document);
  if (run.manifest === undefined) throw notVouched('NO_MANIFEST', 'No signed manifest.', 'none', 'a signed manifest');
  const next = { version: run.version, manifestSha256: run.manifest.sha256, previousVersion };
  return (revision) => productionDocument(document, revision, next, approval);
}

/** A first document may follow nothing, or the one of an onboarding that died before it was recorded: that serves no version. */
async function assertFirst(ports: MovePorts, { run, place, state }: Move): Promise<void> {
  if (state.live === null) return;
  const { hostedVersion } = state.live;
  const live = await findDocument(ports, run.model, { ...place, hostedVersion });
  if (live?.document.productionVersion === '') return;
  throw notVouched('ALREADY_DEPLOYED', 'The model has a document already.', `${hostedVersion}`, 'none');
}

/** Answers the version to go back to, once the candidate may replace what is deployed. */
async function assertMayFollow(ports: MovePorts, { run }: Move, live: PointerDocument): Promise<string> {
  if (run.kind !== 'promotion') return '';
  const served = live.productionVersion;
  if (served !== run.baseline) {
    throw notVouched('BASELINE_CHANGED', 'It was judged against another production version.', served, run.baseline);
  }
  const candidate = await ports.registry.version(run.model, run.version);
  if (candidate === null || candidate.status === 'withdrawn') {
    throw notVouched('VERSION_WITHDRAWN', `${run.version} cannot serve.`, candidate?.status ?? 'unknown', 'candidate');
  }
  if ((await ports.registry.returnDocument(run.model, served)) === null) {
    throw new ReleaseError('NO_ROLLBACK_TARGET', `No document goes back to ${served || 'the safe forecast'}.`);
  }
  const previous = served === '' ? null : await ports.registry.version(run.model, served);
  return previous?.status === 'withdrawn' ? '' : served;
}

/** Marks versions and deployments of a run; AppConfig takes ASCII only, and a promotion id is. */
function describe(run: Run): string {
  return `Moves the pointer for ${run.promotionId}`;
}

function busy(message: string): ReleaseError {
  return new ReleaseError('POINTER_BUSY', message);
}

function takenBack(run: Run, deployment: number): ReleaseError {
  return new ReleaseError('PROMOTION_ENDED', `Deployment ${deployment} of ${run.promotionId} was taken back.`, {
    reasons: [
      {
        code: 'TAKEN_BACK',
        message: 'The document was deployed and taken back since; it is never deployed a second time.',
        got: String(deployment),
        next: 'Start a new attempt if the version is still wanted.',
      },
    ],
  });
}
