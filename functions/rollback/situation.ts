import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import { type DeployedState, type Deployment, isUndone } from '../pointer/deployments.ts';
import { isReturnDocument } from '../pointer/document.ts';
import { type DocumentSource, findDocument, type HostedDocument } from '../pointer/hosted-document.ts';

/** A repeated request within this time after a rollback means the same rollback. */
const REPEAT_MS = 15 * 60_000;
/** Clocks of two services may differ by this much. */
const SKEW_MS = 5_000;

export interface LookPorts extends DocumentSource {
  readonly appConfig: Pick<AppConfigStore, 'deployedState' | 'deployment' | 'hostedContent'>;
}

export interface Looker {
  readonly model: string;
  readonly place: PointerPlace;
  readonly executionName: string;
  /** When the execution started, UTC. */
  readonly startedAt: string;
}

export interface Situation {
  readonly state: DeployedState;
  /**
   * The document to go back from: the one that is being deployed, or was until this execution stopped it, else the one
   * that serves. Null when that is no document of ours.
   */
  readonly live: HostedDocument | null;
  /** The deployment that an earlier run of this step started. */
  readonly own: { readonly deployment: Deployment; readonly withdrew: string } | null;
  /** A rollback brought the live document within the last minutes. */
  readonly recent: boolean;
  /** The rollback that made what serves; null when something else did, or is at work on it. */
  readonly behind: RollbackDeployment | null;
}

/** Marks a rollback's deployment, so that a repeated step knows it without any other memory. */
export function describeRollback(executionName: string, withdraws: string): string {
  return `Rollback ${executionName} withdraws ${withdraws || 'nothing'}`;
}

/** A deployment that a rollback made. */
export interface RollbackDeployment {
  readonly executionName: string;
  readonly withdrew: string;
  readonly deploymentNumber: number;
}

/** The rollback that made what is live; null when something else did. */
export async function rollbackBehind(
  ports: { readonly appConfig: Pick<AppConfigStore, 'deployment'> },
  place: PointerPlace,
  { live, inProgress }: DeployedState,
): Promise<RollbackDeployment | null> {
  if (live === null || inProgress !== null) return null;
  const { description } = await ports.appConfig.deployment(place.environmentId, live.number);
  const found = rollbackIn(description);
  return found === null ? null : { ...found, deploymentNumber: live.number };
}

function rollbackIn(description: string): Omit<RollbackDeployment, 'deploymentNumber'> | null {
  // The name of an execution holds no space.
  const executionName = /^Rollback (\S+) withdraws /.exec(description)?.[1] ?? '';
  const withdrew = withdrawnBy(executionName, description);
  return withdrew === null ? null : { executionName, withdrew };
}

function withdrawnBy(executionName: string, description: string): string | null {
  const prefix = describeRollback(executionName, 'x').slice(0, -1);
  if (!description.startsWith(prefix)) return null;
  const version = description.slice(prefix.length);
  return version === 'nothing' ? '' : version;
}

/** Looks at a model's environment, whatever state it is in. */
export async function look(ports: LookPorts, looker: Looker): Promise<Situation> {
  const state = await ports.appConfig.deployedState(looker.place);
  const since = Date.parse(looker.startedAt) - SKEW_MS;
  const own = await ownDeployment(ports, looker, state.history, since);
  const of = await liveDeployment(ports, looker, state, since);
  const live =
    of === null ? null : await findDocument(ports, looker.model, { ...looker.place, hostedVersion: of.hostedVersion });
  const made = await rollbackThatMade(ports, looker.place, { of, live });
  const recent = of !== null && Date.parse(looker.startedAt) - Date.parse(of.startedAt) < REPEAT_MS;
  const serves = of !== null && of.number === state.live?.number && state.inProgress === null;
  return { state, live, own, recent: recent && made !== null, behind: serves ? made : null };
}

/**
 * The rollback that made a deployment. None deploys anything but documents to go back to, so that of others nothing is
 * asked. A candidate that was taken out by its own promotion leaves the same document behind, but nobody rolled back.
 */
async function rollbackThatMade(
  ports: LookPorts,
  { environmentId }: PointerPlace,
  { of, live }: { readonly of: Deployment | null; readonly live: HostedDocument | null },
): Promise<RollbackDeployment | null> {
  if (of === null || live === null || !isReturnDocument(live.document)) return null;
  const { description } = await ports.appConfig.deployment(environmentId, of.number);
  const found = rollbackIn(description);
  return found === null ? null : { ...found, deploymentNumber: of.number };
}

async function ownDeployment(
  ports: LookPorts,
  looker: Looker,
  history: readonly Deployment[],
  since: number,
): Promise<Situation['own']> {
  for (const deployment of history.filter(({ startedAt }) => Date.parse(startedAt) >= since)) {
    if (isUndone(deployment)) continue;
    const { description } = await ports.appConfig.deployment(looker.place.environmentId, deployment.number);
    const withdrew = withdrawnBy(looker.executionName, description);
    if (withdrew !== null) return { deployment, withdrew };
  }
  return null;
}

async function liveDeployment(
  ports: LookPorts,
  looker: Looker,
  state: DeployedState,
  since: number,
): Promise<Deployment | null> {
  const newest = state.history[0];
  if (newest === undefined || newest.number === state.live?.number) return state.live;
  if (!isUndone(newest)) return newest;
  // Undone since this execution began: by an earlier run of this step, or by its twin. What it was to go back from is
  // still that document; an older one is history.
  const { changedAt } = await ports.appConfig.deployment(looker.place.environmentId, newest.number);
  return Date.parse(changedAt) >= since ? newest : state.live;
}
