import * as z from 'zod';
import { within } from '../platform/deadline.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import type { Deployment } from '../pointer/deployments.ts';
import { isReturnDocument } from '../pointer/document.ts';
import { findDocument, type HostedDocument } from '../pointer/hosted-document.ts';
import { RETURN_LABEL } from '../pointer/prepare-return.ts';
import type { ModelItem } from '../registry/items.ts';
import { isAutomation, parseRollbackInput } from './input.ts';
import { intend } from './intend.ts';
import { revertInstead } from './revert-instead.ts';
import type { RefusedRollback, RollbackAnswer } from './rollback-answer.ts';
import type { Going, RollBackPorts, Rollback, RollbackEvent } from './rollback-ports.ts';
import { describeRollback, look, rollbackBehind, type Situation } from './situation.ts';
import { decideTarget, type Known, type ReturnTo } from './target.ts';
import { withDocument } from './went-out.ts';

/** How long the registry is waited for before AppConfig alone must do. */
const REGISTRY_PATIENCE_MS = 2_000;
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
  const place = await placeOf(ports, input.model);
  if (place === null) return refused(event, input.model, [unknownModel(input.model)]);
  const { executionName, executionArn, startedAt } = event;
  const rollback: Rollback = { event: { executionName, executionArn, startedAt }, input, place };
  const known = await knownOf(ports, rollback);
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
  const unrecorded = await unrecordedAnswer(ports, rollback, { situation, known });
  if (unrecorded !== null) return unrecorded;
  const target = await decide(ports, rollback, { situation, known });
  if (target.outcome === 'none') throw noTarget(input.model, target.reasons);
  if (target.outcome !== 'go') return { ...refused(event, input.model, target.reasons), outcome: target.outcome };
  await intend(ports, rollback, target);
  return go(ports, rollback, { situation, target, known });
}

interface Plan {
  readonly situation: Situation;
  readonly target: Going;
  readonly known: Known;
}

async function go(ports: RollBackPorts, rollback: Rollback, plan: Plan): Promise<RollbackAnswer> {
  const { place, event, input } = rollback;
  const { situation, target } = plan;
  await stopRunning(ports, place, situation.state.inProgress);
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
    const served = situation.live?.document.productionVersion;
    const keeps = served === undefined || served === target.from ? {} : { keeps: target.to.version };
    const { from } = target;
    const reverted = await revertInstead(ports, { model: input.model, place, from, known: plan.known, ...keeps });
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
async function unrecordedAnswer(
  ports: RollBackPorts,
  rollback: Rollback,
  { situation, known }: Pick<Plan, 'situation' | 'known'>,
): Promise<RollbackAnswer | null> {
  const { input, event, place } = rollback;
  const behind = await rollbackBehind(ports, place, situation.state);
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

async function placeOf(ports: RollBackPorts, model: string): Promise<PointerPlace | null> {
  const answer = await within<ModelItem | null>(REGISTRY_PATIENCE_MS, () => ports.registry.model(model));
  return answer.done ? answer.value : ports.findPlace(model);
}

async function knownOf(ports: RollBackPorts, { input, place }: Rollback): Promise<Known> {
  const { model } = input;
  const answer = await within(REGISTRY_PATIENCE_MS, () =>
    Promise.all([ports.registry.versions(model), ports.registry.returnDocuments(model)]),
  );
  if (answer.done) return { versions: answer.value[0], returnDocuments: answer.value[1], complete: true };
  // Every document to go back to is labelled as one, and says which version it serves.
  const hosted = (await ports.appConfig.hostedVersions(place.profileId)).filter(({ label }) =>
    label.startsWith(RETURN_LABEL),
  );
  const found: ReturnTo[] = [];
  for (const { number } of hosted.slice(0, 20)) {
    const document = await findDocument(ports, model, { ...place, hostedVersion: number });
    if (document !== null) found.push(toOf(document));
  }
  const versions = found.filter(({ version }) => version !== '');
  return { versions: versions.map(({ version }) => ({ version, status: 'retained' })), returnDocuments: found };
}

/** Decides on documents that read back as what they were recorded as: signed, and made to go back to. */
async function decide(ports: RollBackPorts, { input, place }: Rollback, given: Pick<Plan, 'situation' | 'known'>) {
  const { live, recent: justRolledBack } = given.situation;
  const asked = { input, justRolledBack, byPerson: !isAutomation(input.requestedBy.name), at: ports.now() };
  let { returnDocuments } = given.known;
  for (;;) {
    const known = { ...given.known, returnDocuments };
    const target = decideTarget({ ...asked, live: live?.document ?? null, known });
    if (target.outcome !== 'go') return target;
    const found = await findDocument(ports, input.model, { ...place, hostedVersion: target.to.hostedVersion });
    if (found?.documentSha256 === target.to.documentSha256 && isReturnDocument(found.document)) return target;
    returnDocuments = returnDocuments.filter((item) => item.hostedVersion !== target.to.hostedVersion);
  }
}

export function toOf({ document, hostedVersion, documentSha256 }: HostedDocument): ReturnTo {
  return { version: document.productionVersion, hostedVersion, documentSha256 };
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
