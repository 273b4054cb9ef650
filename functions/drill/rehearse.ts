import * as z from 'zod';
import { parseInput } from '../platform/boundary.ts';
import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import { DRILL_ENVIRONMENT } from '../platform/ids.ts';
import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import { settled } from '../pointer/settle.ts';
import type { ModelItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import { confirmRollback } from '../rollback/confirm-rollback.ts';
import type { DeployedRollback } from '../rollback/rollback-answer.ts';
import { brokenForecasts, noticed } from './broken-forecasts.ts';
import { drillInput } from './drill-input.ts';
import { type DrillPlan, planDrill } from './drill-plan.ts';
import type { DrillStore } from './drill-store.ts';
import type { RehearsedRollback } from './rehearsed-rollback.ts';
import type { RehearsalEvent } from './roll-back-store.ts';
import type { Moments } from './score.ts';
import type { Watch } from './watching-reader-store.ts';

export const rehearseEvent = z.object({ executionName: z.string().min(1), startedAt: z.string(), input: z.unknown() });
export type RehearseEvent = z.infer<typeof rehearseEvent>;

export interface RehearsePorts {
  readonly registry: Pick<RegistryStore, 'model'>;
  readonly lease: Pick<DrillStore, 'take' | 'giveBack'>;
  /** The id of the environment of drills, made where it does not exist. */
  readonly environment: () => Promise<string>;
  readonly appConfig: Pick<
    AppConfigStore,
    'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent' | 'startDeployment'
  >;
  readonly strategyId: string;
  readonly publicKeyPem: string;
  /** Asks the function that goes back, to do so in the environment of drills. */
  readonly rollBack: (event: RehearsalEvent) => Promise<RehearsedRollback>;
  readonly watch: (model: string) => Watch;
  readonly pollSeconds: number;
  /** What the data plane serves to a new session in the environment of drills. */
  readonly served: (model: string) => Promise<Uint8Array>;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What a drill saw. */
export interface Rehearsed {
  readonly outcome: 'rehearsed';
  readonly model: string;
  readonly from: string;
  readonly to: string;
  readonly production: string;
  readonly pollSeconds: number;
  readonly maxSeconds: number;
  readonly moments: Moments;
  /** Hosted versions and digests of the document that was gone back from, and of the one gone back to. */
  readonly documents: { readonly from?: Document; readonly to?: Document };
  readonly reasons: readonly Reason[];
  readonly at: string;
}
interface Document {
  readonly hostedVersion: number;
  readonly documentSha256: string;
}

export type RehearseAnswer =
  | Rehearsed
  | { readonly outcome: 'rejected'; readonly model: string; readonly reasons: readonly Reason[] };

/** For how long the environment is taken: longer than the function may run. */
const LEASE_MS = 480_000;
/** A reader that begins waits for one answer of AppConfig. */
const START_PATIENCE_MS = 30_000;
/** A drill that is too slow is still measured, but not without end. */
const MORE_PATIENCE_MS = 30_000;

/**
 * Rehearses going back: places the model's document in the environment of drills under a watching reader, breaks forecasts,
 * and goes back by the function that would do so in earnest. Safe to repeat: each run places the document anew, and goes
 * back from that. What stands in its way is a result; only what may pass by itself is thrown.
 * @throws ReleaseError POINTER_BUSY while another drill has the environment
 */
export async function rehearse(ports: RehearsePorts, event: RehearseEvent): Promise<RehearseAnswer> {
  const parsed = parseInput(drillInput, event.input, 'Correct the fields and start the drill again under a new name.');
  if (!parsed.ok) return { outcome: 'rejected', model: '', reasons: parsed.reasons };
  const model = await ports.registry.model(parsed.value.model);
  if (model === null) return { outcome: 'rejected', model: parsed.value.model, reasons: [unknown(parsed.value.model)] };
  const now = ports.now();
  const until = new Date(Date.parse(now) + LEASE_MS).toISOString();
  if (!(await ports.lease.take(event.executionName, { now, until }))) {
    throw new ReleaseError('POINTER_BUSY', 'Another drill has the environment of drills.');
  }
  try {
    return await inEnvironment(ports, event, model);
  } finally {
    await ports.lease.giveBack(event.executionName);
  }
}

interface Stage {
  readonly event: RehearseEvent;
  readonly model: ModelItem;
  readonly place: PointerPlace;
  readonly plan: DrillPlan;
}

async function inEnvironment(ports: RehearsePorts, event: RehearseEvent, model: ModelItem): Promise<Rehearsed> {
  const { profileId, environmentId } = model;
  const plan = await planDrill(ports, model.model, { environmentId, profileId });
  const seen = { moments: {}, documents: {}, to: '', reasons: [] };
  if (plan === null) return resultOf(ports, model, { ...seen, plan, reasons: [nothingLive(model.model)] });
  const place = { environmentId: await ports.environment(), profileId };
  const stage = { event, model, place, plan };
  return resultOf(ports, model, { plan, ...(await goneBack(ports, stage)) });
}

interface Seen {
  readonly moments: Moments;
  readonly documents: Rehearsed['documents'];
  readonly to: string;
  readonly reasons: readonly Reason[];
}

async function goneBack(ports: RehearsePorts, stage: Stage): Promise<Seen> {
  const { model, plan } = stage;
  const { hostedVersion, documentSha256 } = plan.placed;
  const from = { hostedVersion, documentSha256 };
  const failed = (reasons: readonly Reason[], moments: Moments = {}): Seen => ({
    ...{ moments, documents: { from }, to: '', reasons },
  });
  const placed = await placeDocument(ports, stage);
  if ('reason' in placed) return failed([placed.reason]);
  const watch = ports.watch(model.model);
  if ((await watch.sees(documentSha256, START_PATIENCE_MS)) === null) return failed([notWatching()]);
  const faultAt = ports.now();
  if (!noticed(brokenForecasts(), model.policy.guard)) return failed([notNoticed()], { faultAt });
  const noticedAt = ports.now();
  const rolledBack = await ports.rollBack({
    // A run of this step that died has gone back under a name of its own.
    executionName: `${stage.event.executionName}-${placed.deploymentNumber}`,
    startedAt: noticedAt,
    profileId: model.profileId,
    input: rollbackInput(stage),
  });
  if (!rolledBack.ok) return failed(rolledBack.reasons, { faultAt, noticedAt });
  const { rollback, decidedAt } = rolledBack;
  const patienceMs = model.policy.drill.maxSeconds * 1000 + MORE_PATIENCE_MS;
  const [served, converged] = await Promise.all([
    servedAt(ports, rollback, patienceMs),
    watch.sees(rollback.documentSha256, patienceMs),
  ]);
  return {
    moments: { faultAt, noticedAt, decidedAt, ...present({ servedAt: served, convergedAt: converged }) },
    documents: { from, to: { hostedVersion: rollback.hostedVersion, documentSha256: rollback.documentSha256 } },
    to: rollback.to,
    reasons: [...(served === null ? [notServed()] : []), ...(converged === null ? [notConverged()] : [])],
  };
}

/** What a person would give who goes back in haste. The drill asks in the owner's name, which is recorded nowhere. */
function rollbackInput({ model, plan }: Stage) {
  const { name, email } = model.owner;
  const input = { model: model.model, cause: 'infrastructure', requestedBy: { name, email }, detail: 'A drill.' };
  return plan.withdraws === '' ? input : { ...input, withdrawVersion: plan.withdraws };
}

async function placeDocument(
  ports: RehearsePorts,
  { event, model, place, plan }: Stage,
): Promise<{ readonly deploymentNumber: number } | { readonly reason: Reason }> {
  const { inProgress } = await ports.appConfig.deployedState(place);
  const what = `the drill ${event.executionName}`;
  // Whoever had the environment before may have died; an instant deployment is over soon.
  if (inProgress !== null) await untilFree(ports, place, inProgress.number);
  const { latestNumber } = await ports.appConfig.deployedState(place);
  try {
    const deploymentNumber = await ports.appConfig.startDeployment({
      ...{ place, strategyId: ports.strategyId, latestNumber },
      hostedVersion: plan.placed.hostedVersion,
      description: `Drill ${event.executionName} places what serves ${model.model}`,
    });
    await settled(ports, place, deploymentNumber, what);
    return { deploymentNumber };
  } catch (error) {
    if (!isReleaseError(error, 'NOT_VOUCHED')) throw error;
    const message = 'The document that serves may not be rehearsed with: no recorded decision stands behind it.';
    return { reason: { code: 'NOT_PLACED', message, got: error.message, next: 'See the ledger for who deployed it.' } };
  }
}

async function untilFree(ports: RehearsePorts, place: PointerPlace, number: number): Promise<void> {
  try {
    await settled(ports, place, number, 'left in the environment of drills');
  } catch (error) {
    if (!isReleaseError(error, 'PROMOTION_ENDED')) throw error;
  }
}

/** The moment at which the data plane was first seen to serve the document, as a rollback confirms it. */
async function servedAt(ports: RehearsePorts, rollback: DeployedRollback, patienceMs: number): Promise<string | null> {
  const until = Date.parse(ports.now()) + patienceMs;
  for (;;) {
    try {
      return (await confirmRollback(ports, rollback)).confirmedAt;
    } catch (error) {
      if (!isReleaseError(error, 'POINTER_BUSY')) throw error;
      if (Date.parse(ports.now()) >= until) return null;
    }
  }
}

function present(moments: { readonly [Name in keyof Moments]: string | null }): Moments {
  return Object.fromEntries(Object.entries(moments).filter(([, at]) => at !== null));
}

function resultOf(ports: RehearsePorts, model: ModelItem, seen: Seen & { readonly plan: DrillPlan | null }): Rehearsed {
  const { plan, moments, documents, to, reasons } = seen;
  return {
    outcome: 'rehearsed',
    model: model.model,
    from: plan?.withdraws ?? '',
    to,
    production: plan?.production ?? '',
    pollSeconds: ports.pollSeconds,
    maxSeconds: model.policy.drill.maxSeconds,
    ...{ moments, documents, reasons },
    at: ports.now(),
  };
}

function unknown(model: string): Reason {
  return { code: 'UNKNOWN_MODEL', path: 'model', message: 'No model of this name was onboarded.', got: model };
}

function nothingLive(model: string): Reason {
  const message = 'Nothing that is signed for the model is deployed, so that there is nothing to go back from.';
  return { code: 'NOTHING_LIVE', path: model, message };
}

function notWatching(): Reason {
  const message = `A reader did not get the document from the environment ${DRILL_ENVIRONMENT}.`;
  return { code: 'READER_NOT_WATCHING', message, next: 'See whether AppConfig answers, and drill again.' };
}

function notNoticed(): Reason {
  const message = 'The check that guards operations lets forecasts pass of which half are no numbers.';
  return { code: 'NOT_NOTICED', path: 'policy.guard', message };
}

function notServed(): Reason {
  return { code: 'NOT_SERVED', path: 'switch', message: 'The data plane never served what was gone back to.' };
}

function notConverged(): Reason {
  return {
    code: 'NOT_CONVERGED',
    path: 'converge',
    message: 'The watching reader never went by what was gone back to.',
  };
}
