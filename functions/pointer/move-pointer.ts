import { durationSeconds } from '../platform/duration.ts';
import { ReleaseError } from '../platform/errors.ts';
import type { ModelItem, PointerMove, Run } from '../registry/items.ts';
import type { PointerPlace } from './appconfig-store.ts';
import { type Approval, approvalOf } from './approved-gate.ts';
import {
  adoptedDocument,
  canaryDocument,
  firstDocument,
  type Ground,
  productionDocument,
  restoredDocument,
  shadowDocument,
} from './build.ts';
import { type DeployedState, type Deployment, isUndone } from './deployments.ts';
import type { UnsignedDocument } from './document.ts';
import { type DueMove, describeMove, dueMove, type MoveKind } from './due-move.ts';
import {
  type DocumentSource,
  findDocument,
  type HostedDocument,
  hostDocument,
  readDocument,
} from './hosted-document.ts';
import { assertMayFollow, assertNotRolledBack } from './may-move.ts';
import type { MovePorts } from './move-ports.ts';
import { notVouched } from './not-vouched.ts';
import { assertOpen, openRun } from './open-run.ts';
import { recordIntent, recordMove } from './record-move.ts';
import { settled } from './settle.ts';

export interface Moved {
  readonly promotionId: string;
  readonly kind: MoveKind;
  readonly revision: number;
  readonly deploymentNumber: number;
  /** How long the flow waits before it looks for evidence; 0 where there is none to come. */
  readonly waitSeconds: number;
}

/** A move that is due, with what was found. */
interface Move {
  readonly due: DueMove;
  readonly model: ModelItem;
  readonly place: PointerPlace;
  readonly approval: Approval;
  readonly state: DeployedState;
}

/**
 * Makes the move of the pointer that is due for a run: an onboarding's first document or adopted version; a promotion's
 * shadow, next canary step, or new production version; the end of a kill switch. The intent is recorded before the deployment starts. Safe to
 * repeat after any interruption: a deployment that an earlier run of the step started is taken up, never started again,
 * and one that was taken back ends the step.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, NOT_VOUCHED; NO_ROLLBACK_TARGET when nothing goes back from it;
 * POINTER_BUSY when another deployment runs or came first
 */
export async function movePointer(ports: MovePorts, promotionId: string): Promise<Moved> {
  const { run, model, place } = await openRun(ports.registry, promotionId);
  const due = dueMove(run);
  if (due === null) throw nothingDue(run);
  if (due.recorded !== null) return answer(due, due.recorded);
  const approval = approvalOf(due, await ports.gates(promotionId));
  const move: Move = { due, model, place, approval, state: await ports.appConfig.deployedState(place) };
  const { hosted, deployment } = (await resumed(ports, move)) ?? (await deployed(ports, move));
  await settled(ports, place, deployment.number, `the move of ${promotionId}`);
  const pointer: PointerMove = {
    revision: hosted.document.revision,
    deploymentNumber: deployment.number,
    documentSha256: hosted.documentSha256,
    movedAt: deployment.startedAt,
  };
  await recordMove(ports, { due, document: hosted.document, pointer });
  return answer(due, pointer);
}

function answer({ kind, run }: DueMove, { revision, deploymentNumber }: PointerMove): Moved {
  const waitSeconds = run.kind === 'promotion' ? durationSeconds(run.plan.poll) : 0;
  return { promotionId: run.promotionId, kind, revision, deploymentNumber, waitSeconds };
}

interface Deployed {
  readonly hosted: HostedDocument;
  readonly deployment: Pick<Deployment, 'number' | 'startedAt'>;
}

/** What an earlier run of this step deployed; null when it did not come so far. */
export async function resumed(
  ports: DocumentSource & { readonly appConfig: Pick<MovePorts['appConfig'], 'hostedVersions'> },
  { due, place, state }: Pick<Move, 'due' | 'place' | 'state'>,
): Promise<Deployed | null> {
  const versions = await ports.appConfig.hostedVersions(place.profileId);
  const own = versions.filter(({ description }) => description === describeMove(due)).map(({ number }) => number);
  const deployment = state.history.find(({ hostedVersion }) => own.includes(hostedVersion));
  if (deployment === undefined) return null;
  const superseded = deployment.number !== state.inProgress?.number && deployment.number !== state.live?.number;
  if (isUndone(deployment) || superseded) throw takenBack(due.run, deployment.number);
  const hosted = await readDocument(ports, due.run.model, { ...place, hostedVersion: deployment.hostedVersion });
  return { hosted, deployment };
}

async function deployed(ports: MovePorts, move: Move): Promise<Deployed> {
  const { due, place, state } = move;
  if (state.inProgress !== null) throw busy(`Deployment ${state.inProgress.number} still runs.`);
  const live = await liveDocument(ports, move);
  const build = await builder(ports, move, live);
  await assertNotRolledBack(ports, due, move);
  const hosted = await hostDocument(ports, {
    model: due.run.model,
    profileId: place.profileId,
    versions: await ports.appConfig.hostedVersions(place.profileId),
    build,
    description: describeMove(due),
  });
  await recordIntent(ports, { due, hosted, approvalSeq: move.approval.seq, replaced: live?.document ?? null });
  await assertStillApproved(ports, move);
  const number = await ports.appConfig.startDeployment({
    place,
    strategyId: ports.strategyId,
    hostedVersion: hosted.hostedVersion,
    latestNumber: state.latestNumber,
    description: describeMove(due),
  });
  const after = await ports.appConfig.deployedState(place);
  const deployment = after.history.find((one) => one.number === number);
  if (deployment === undefined) throw busy(`Deployment ${number} is not listed yet.`);
  return { hosted, deployment };
}

/** The last look before the pointer moves: a rollback or a closed gate in the meantime stops it here. */
async function assertStillApproved(ports: MovePorts, { due, approval }: Move): Promise<void> {
  const { model, promotionId } = due.run;
  const now = await ports.registry.run(model, promotionId);
  if (now === null) throw new ReleaseError('NOT_FOUND', `The run ${promotionId} is gone.`);
  assertOpen(now);
  const dueNow = dueMove(now);
  if (dueNow?.kind !== due.kind || dueNow.step !== due.step) throw nothingDue(now);
  const again = approvalOf(dueNow, await ports.gates(promotionId));
  if (again.seq !== approval.seq) {
    throw notVouched('NOT_APPROVED', 'Another approval took its place.', `${again.seq}`, `${approval.seq}`);
  }
}

/** What is deployed; null when nothing is, or a first document goes over what the one before it left. */
async function liveDocument(ports: MovePorts, { due, place, state }: Move): Promise<HostedDocument | null> {
  const { model } = due.run;
  if (due.kind === 'onboard') {
    await assertFirst(ports, model, { place, state });
    return null;
  }
  if (state.live === null)
    throw new ReleaseError('NO_ROLLBACK_TARGET', `Nothing is deployed for ${model} to go back to.`);
  return readDocument(ports, model, { ...place, hostedVersion: state.live.hostedVersion });
}

/** A first document may follow nothing, or the one of an onboarding that died before it was recorded: that serves no version. */
async function assertFirst(
  ports: MovePorts,
  model: string,
  { place, state }: Pick<Move, 'place' | 'state'>,
): Promise<void> {
  if (state.live === null) return;
  const { hostedVersion } = state.live;
  const live = await findDocument(ports, model, { ...place, hostedVersion });
  if (live?.document.productionVersion === '') return;
  throw notVouched('ALREADY_DEPLOYED', 'The model has a document already.', `${hostedVersion}`, 'none');
}

async function builder(
  ports: MovePorts,
  { due, approval, model }: Move,
  live: HostedDocument | null,
): Promise<(revision: number) => UnsignedDocument> {
  const { safeForecast } = model.policy;
  if (live === null) return (revision) => firstDocument(revision, approval, safeForecast);
  const standing = await ports.registry.killSwitch(model.model);
  const previousVersion = await assertMayFollow(ports, due, { live, standing });
  const ground = { deployed: live.document, sanction: approval, previousVersion, standing };
  if (due.kind === 'restore') return (revision) => restoredDocument({ ...ground, revision }, safeForecast);
  const manifestSha256 = manifestOf(due.run);
  return (revision) => documentOf(due, { ...ground, revision }, manifestSha256);
}

function manifestOf({ manifest }: DueMove['run']): string {
  if (manifest !== undefined) return manifest.sha256;
  throw notVouched('NO_MANIFEST', 'No signed manifest.', 'none', 'a signed manifest');
}

function documentOf(
  due: Exclude<DueMove, { kind: 'restore' }>,
  ground: Ground,
  manifestSha256: string,
): UnsignedDocument {
  switch (due.kind) {
    case 'shadow':
      return shadowDocument(ground, due.run);
    case 'canary':
      return canaryDocument(ground, due.run, due.step);
    case 'promote': {
      const { version, plan } = due.run;
      return productionDocument(ground, { version, manifestSha256, confirmation: plan.confirmation });
    }
    case 'adopt':
    case 'onboard':
      return adoptedDocument(ground, { version: due.run.adopt?.version ?? '', manifestSha256 });
  }
}

function nothingDue(run: Run): ReleaseError {
  if (run.kind === 'change')
    return notVouched('MOVES_NOTHING', 'A change of the model moves no pointer.', run.kind, 'onboard');
  const stands = run.kind === 'promotion' ? `${run.awaitingApproval ? 'awaiting ' : 'in '}${run.stage}` : run.kind;
  return notVouched('NOT_DUE', 'No move of the pointer is due where the run stands.', stands, 'an approved stage');
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
