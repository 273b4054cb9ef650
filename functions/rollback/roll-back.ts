import * as z from 'zod';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import type { Deployment } from '../pointer/deployments.ts';
import { findDocument } from '../pointer/hosted-document.ts';
import { findModel } from './find-model.ts';
import { isAutomation, parseRollbackInput } from './input.ts';
import { intend } from './intend.ts';
import { firstUnproven, isGone, toOf, without } from './proof.ts';
import { revertInstead } from './revert-instead.ts';
import type { RefusedRollback, RollbackAnswer } from './rollback-answer.ts';
import type { Going, RollBackPorts, Rollback, RollbackEvent } from './rollback-ports.ts';
import { describeRollback, look, type Situation } from './situation.ts';
import { decideTarget } from './target.ts';
import type { Known, ReturnTo } from './targets.ts';
import { underTheSwitch } from './under-the-switch.ts';
import { withDocument } from './went-out.ts';

/** Tries against an environment that others are deploying to, and the pause between them. */
const TRIES = 15;
const PAUSE_MS = 500;

/**
 * Goes back: stops a deployment in progress and deploys the document to go back to; where that fails, reverts. Needs
 * AppConfig alone; registry and ledger are asked for a bounded time. Legal from every state, and safe to repeat: the
 * deployment carries the execution's name.
 * @throws ReleaseError NO_ROLLBACK_TARGET when nothing can be gone back to; POINTER_BUSY when others keep deploying
 */
export async function rollBack(ports: RollBackPorts, event: RollbackEvent): Promise<RollbackAnswer> {
  const parsed = parseRollbackInput(event.input);
  if (!parsed.ok) return refused(event, modelOf(event.input), parsed.reasons);
  const input = parsed.value;
  const found = await findModel(ports, input);
  if (found === null) return refused(event, input.model, [unknownModel(input.model)]);
  const { place, known } = found;
  const { executionName, executionArn, startedAt } = event;
  const rollback: Rollback = { event: { executionName, executionArn, startedAt }, input, place };
  for (let attempt = 1; ; attempt++) {
    try {
      return await withDocument(ports, rollback, await attemptOnce(ports, rollback, known));
    } catch (error) {
      if (!isReleaseError(error, 'POINTER_BUSY') || attempt === TRIES) throw error;
      await ports.sleep(PAUSE_MS);
    }
  }
}

async function attemptOnce(ports: RollBackPorts, rollback: Rollback, known: Known): Promise<RollbackAnswer> {
  const { input, place, event } = rollback;
  const situation = await look(ports, { model: input.model, place, ...event });
  const own = await ownAnswer(ports, rollback, situation);
  if (own !== null) return own;
  const unrecorded = unrecordedAnswer(rollback, { situation, known });
  if (unrecorded !== null) return unrecorded;
  const target = await decide(ports, rollback, { situation, known });
  if (target.outcome === 'none') throw noTarget(input.model, target.reasons);
  if (target.outcome !== 'go') return { ...refused(event, input.model, target.reasons), outcome: target.outcome };
  await Promise.all([intend(ports, rollback, target), stopRunning(ports, place, situation.state.inProgress)]);
  return go(ports, rollback, { situation, target, known });
}

interface Plan {
  readonly situation: Situation;
  readonly target: Going;
  readonly known: Known;
}

async function go(ports: RollBackPorts, rollback: Rollback, plan: Plan): Promise<RollbackAnswer> {
  const { place, event, input } = rollback;
  const { situation, target, known } = plan;
  try {
    const deploymentNumber = await ports.appConfig.startDeployment({
      place,
      strategyId: ports.strategyId,
      hostedVersion: target.to.hostedVersion,
      latestNumber: situation.state.latestNumber,
      description: describeRollback(event.executionName, target.from),
    });
    return went(rollback, { ...target, deploymentNumber, how: 'deployed' });
  } catch (cause) {
    if (isReleaseError(cause, 'POINTER_BUSY')) throw cause;
    // The answer may have been lost, not the deployment.
    const own = await ownAnswer(ports, rollback, await look(ports, { model: input.model, place, ...event }));
    if (own !== null) return own;
    if (await isGone(ports, rollback, target.to)) return attemptOnce(ports, rollback, without(known, target.to));
    const served = situation.live?.document.productionVersion;
    const keeps = served === undefined || served === target.from ? {} : { keeps: target.to.version };
    const { from } = target;
    const reverted = await revertInstead(ports, { model: input.model, place, from, known, ...keeps });
    if (reverted === null) throw cause;
    return went(rollback, { from: target.from, ...reverted, how: 'reverted' });
  }
}

/** One that completed or was stopped in the meantime needs no stopping. */
async function stopRunning(ports: RollBackPorts, place: PointerPlace, running: Deployment | null): Promise<void> {
  if (running === null) return;
  try {
    await ports.appConfig.stopDeployment(place.environmentId, running.number);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}

async function ownAnswer(ports: RollBackPorts, rollback: Rollback, { own }: Situation): Promise<RollbackAnswer | null> {
  if (own === null) return null;
  const { deployment, withdrew } = own;
  const to = await findDocument(ports, rollback.input.model, { ...rollback.place, ...deployment });
  return to === null
    ? null
    : went(rollback, { from: withdrew, to: toOf(to), deploymentNumber: deployment.number, how: 'deployed' });
}

/**
 * A rollback that was deployed, while the registry does not know that its version is withdrawn: it died, or the tables
 * were down. It is completed under its own name, so that it is recorded once, whoever comes first.
 */
function unrecordedAnswer(
  rollback: Rollback,
  { situation, known }: Pick<Plan, 'situation' | 'known'>,
): RollbackAnswer | null {
  const { input, event } = rollback;
  const { behind } = situation;
  if (behind === null || situation.live === null || input.targetVersion !== undefined) return null;
  const { executionName, withdrew, deploymentNumber } = behind;
  const meant = input.withdrawVersion === undefined || input.withdrawVersion === withdrew;
  const status = known.versions.find(({ version }) => version === withdrew)?.status ?? 'withdrawn';
  if (!meant || status === 'withdrawn') return null;
  const to = toOf(situation.live);
  return went(
    { ...rollback, event: { ...event, executionName } },
    { from: withdrew, to, deploymentNumber, how: 'deployed' },
  );
}

/** Decides on documents that prove to be what they were recorded as: signed, and made to go back to. */
async function decide(ports: RollBackPorts, rollback: Rollback, given: Pick<Plan, 'situation' | 'known'>) {
  const { input } = rollback;
  const { live, recent: justRolledBack } = given.situation;
  const asked = { input, justRolledBack, byPerson: !isAutomation(input.requestedBy.name), at: ports.now() };
  const rehearsed = ports.place !== undefined;
  let known = await underTheSwitch(ports, rollback, { live: live?.document ?? null, known: given.known });
  for (;;) {
    const target = decideTarget({ ...asked, live: live?.document ?? null, known, rehearsed });
    if (target.outcome === 'already-withdrawn') return target;
    const unproven = await firstUnproven(
      ports,
      rollback,
      target.outcome === 'go' ? [target.to] : known.returnDocuments,
    );
    // A refusal says what there is to go back to: nothing that would not prove itself may be among it.
    if (unproven === null) return target;
    known = without(known, unproven);
  }
}

interface Went {
  readonly from: string;
  readonly to: ReturnTo;
  readonly deploymentNumber: number;
  readonly how: 'deployed' | 'reverted';
}

function went({ event, input }: Rollback, { from, to, deploymentNumber, how }: Went): RollbackAnswer {
  const { hostedVersion, documentSha256, version } = to;
  const { model, cause, requestedBy, detail } = input;
  return {
    ...event,
    model,
    outcome: 'deployed',
    cause,
    requestedBy,
    ...(detail === undefined ? {} : { detail }),
    from,
    to: version,
    hostedVersion,
    documentSha256,
    deploymentNumber,
    how,
    reasons: [],
  };
}

function refused(
  { executionName, executionArn, startedAt }: Omit<RollbackEvent, 'input'>,
  model: string,
  reasons: readonly Reason[],
): RefusedRollback {
  return { executionName, executionArn, startedAt, model, outcome: 'rejected', reasons };
}

/** The model that a refused input names, if it names one at all. */
function modelOf(input: unknown): string {
  return z.looseObject({ model: z.string().max(80) }).safeParse(input).data?.model ?? '';
}

function unknownModel(model: string): Reason {
  return { code: 'UNKNOWN_MODEL', path: 'model', message: 'No model of this name was onboarded.', got: model };
}

function noTarget(model: string, reasons: readonly Reason[]): ReleaseError {
  const tried = reasons.map(({ path, code }) => `${path || 'safe forecast'}: ${code}`).join(', ');
  return new ReleaseError('NO_ROLLBACK_TARGET', `Nothing to go back to for ${model} (${tried}).`, { reasons });
}
