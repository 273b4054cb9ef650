import {
  type AppConfigState,
  badRequest,
  conflict,
  type Deployment,
  type DeploymentEvent,
  type DeploymentRecord,
  notFound,
} from './state.ts';

const MINUTE_MS = 60_000;
const REVERTIBLE_MS = 72 * 60 * MINUTE_MS;

/** The deployments of an environment as they stand now, newest first. */
export function deploymentsOf(state: AppConfigState, environmentId: string, now: Date): readonly DeploymentRecord[] {
  state.deployments.forEach((record, index) => {
    const deployment = advance(record.deployment, now);
    if (deployment !== record.deployment) state.deployments[index] = { ...record, deployment };
  });
  return state.deployments.filter(({ deployment }) => deployment.EnvironmentId === environmentId).reverse();
}

/** @throws AwsError ResourceNotFoundException */
export function deploymentOf(
  state: AppConfigState,
  environmentId: string,
  deploymentNumber: number,
  now: Date,
): DeploymentRecord {
  const records = deploymentsOf(state, environmentId, now);
  const record = records.find(({ deployment }) => deployment.DeploymentNumber === deploymentNumber);
  if (record === undefined) throw notFound('Deployment', String(deploymentNumber));
  return record;
}

/**
 * The number of the next deployment of an environment.
 * @throws AwsError ConflictException while another is in progress or when `latest` is not the newest
 */
export function nextNumber(newestFirst: readonly DeploymentRecord[], latest: number | undefined): number {
  const newest = newestFirst[0]?.deployment;
  if (newest !== undefined && isInProgress(newest)) {
    throw conflict(`Deployment number ${newest.DeploymentNumber} is in progress in this environment`);
  }
  const number = newest?.DeploymentNumber ?? 0;
  if (latest !== undefined && latest !== number) {
    throw conflict(`The latest deployment number is ${number}, not ${latest}`);
  }
  return number + 1;
}

/** Makes a deployment the one of its environment and profile. */
export function addDeployment(
  state: AppConfigState,
  record: Omit<DeploymentRecord, 'previousNumber' | 'stopEvents'>,
  now: Date,
): DeploymentRecord {
  const key = liveKey(record.deployment);
  const added = {
    ...record,
    deployment: advance(record.deployment, now),
    previousNumber: state.live[key] ?? 0,
    stopEvents: [],
  };
  state.deployments.push(added);
  state.live[key] = record.deployment.DeploymentNumber;
  return added;
}

/**
 * Stops a deployment in progress, or reverts a completed one of the last 72 hours: what was live before it is live again.
 * @throws AwsError BadRequestException
 */
export function stopDeployment(
  state: AppConfigState,
  record: DeploymentRecord,
  allowRevert: boolean,
  now: Date,
): DeploymentRecord {
  const { deployment } = record;
  const number = deployment.DeploymentNumber;
  if (!isInProgress(deployment)) {
    const busy = deploymentsOf(state, deployment.EnvironmentId, now).some((other) => isInProgress(other.deployment));
    if (deployment.State !== 'COMPLETE')
      throw badRequest(`Deployment ${number} is ${deployment.State} and cannot be stopped.`);
    if (!allowRevert) throw badRequest(`Deployment ${number} is COMPLETE: reverting it takes AllowRevert.`);
    if (now.getTime() - Date.parse(deployment.CompletedAt ?? '') > REVERTIBLE_MS) {
      throw badRequest(`Deployment ${number} was completed more than 72 hours ago and cannot be reverted.`);
    }
    if (busy) throw badRequest(`Deployment ${number} cannot be reverted while another is in progress.`);
  }
  const stopped = { ...record, ...stoppedBy(deployment, now) };
  state.deployments[state.deployments.indexOf(record)] = stopped;
  state.live[liveKey(deployment)] = record.previousNumber;
  return stopped;
}

function stoppedBy(deployment: Deployment, now: Date): Pick<DeploymentRecord, 'deployment' | 'stopEvents'> {
  const event = (EventType: string, Description: string): DeploymentEvent => ({
    ...{ EventType, Description, TriggeredBy: 'USER', OccurredAt: now.toISOString() },
  });
  const CompletedAt = now.toISOString();
  if (!isInProgress(deployment)) {
    const reverted = { ...deployment, State: 'REVERTED', CompletedAt } as const;
    return { deployment: reverted, stopEvents: [event('REVERT_COMPLETED', 'Deployment was reverted')] };
  }
  const stopEvents = [
    event('ROLLBACK_COMPLETED', 'Rollback completed'),
    event('ROLLBACK_STARTED', 'A request stopped the deployment'),
  ];
  return { deployment: { ...deployment, State: 'ROLLED_BACK', PercentageComplete: 0, CompletedAt }, stopEvents };
}

/** What an environment serves of a profile to a reader at `rank` (0 to 100) of a gradual deployment. */
export function servedBy(
  state: AppConfigState,
  target: Pick<Deployment, 'EnvironmentId' | 'ConfigurationProfileId'>,
  rank: number,
  now: Date,
): DeploymentRecord | undefined {
  const records = deploymentsOf(state, target.EnvironmentId, now);
  const find = (number: number | undefined): DeploymentRecord | undefined =>
    records.find(({ deployment }) => deployment.DeploymentNumber === number);
  const live = find(state.live[liveKey(target)]);
  return live !== undefined && rank >= live.deployment.PercentageComplete ? find(live.previousNumber) : live;
}

/** The state of an environment follows from its newest deployment. */
export function environmentState(newestFirst: readonly DeploymentRecord[]): string {
  const state = newestFirst[0]?.deployment.State;
  if (state === 'ROLLED_BACK' || state === 'REVERTED') return state;
  return state === 'DEPLOYING' || state === 'BAKING' ? 'DEPLOYING' : 'READY_FOR_DEPLOYMENT';
}

/** The event log of a deployment, newest first. */
export function eventLog({ deployment, stopEvents }: DeploymentRecord): readonly DeploymentEvent[] {
  const event = (EventType: string, Description: string, minutes: number): DeploymentEvent => ({
    ...{ EventType, Description, TriggeredBy: minutes === 0 ? 'USER' : 'APPCONFIG' },
    OccurredAt: new Date(Date.parse(deployment.StartedAt) + minutes * MINUTE_MS).toISOString(),
  });
  const { DeploymentDurationInMinutes: duration, FinalBakeTimeInMinutes: bake } = deployment;
  const events = [event('DEPLOYMENT_STARTED', 'Deployment started', 0)];
  if (deployment.PercentageComplete === 100) {
    events.unshift(event('PERCENTAGE_UPDATED', 'Configuration available to 100.00% of clients', duration));
    events.unshift(event('BAKE_TIME_STARTED', `Deployment bake time started for ${bake} minutes`, duration));
  }
  const completed = deployment.State === 'COMPLETE' || deployment.State === 'REVERTED';
  if (completed) events.unshift(event('DEPLOYMENT_COMPLETED', 'Deployment completed', duration + bake));
  return [...stopEvents, ...events];
}

function isInProgress({ State: state }: Deployment): boolean {
  return state === 'DEPLOYING' || state === 'BAKING';
}

function liveKey(target: Pick<Deployment, 'EnvironmentId' | 'ConfigurationProfileId'>): string {
  return `${target.EnvironmentId}/${target.ConfigurationProfileId}`;
}

function advance(deployment: Deployment, now: Date): Deployment {
  if (!isInProgress(deployment)) return deployment;
  const { DeploymentDurationInMinutes: duration, FinalBakeTimeInMinutes: bake, StartedAt } = deployment;
  const elapsed = (now.getTime() - Date.parse(StartedAt)) / MINUTE_MS;
  if (elapsed < duration) return { ...deployment, PercentageComplete: grown(deployment, elapsed / duration) };
  if (elapsed < duration + bake) return { ...deployment, PercentageComplete: 100, State: 'BAKING' };
  const completedAt = new Date(Date.parse(StartedAt) + (duration + bake) * MINUTE_MS);
  return { ...deployment, PercentageComplete: 100, State: 'COMPLETE', CompletedAt: completedAt.toISOString() };
}

/** Equal steps of the growth factor, or doubling ones; the first at once. */
function grown({ GrowthType, GrowthFactor }: Deployment, share: number): number {
  const linear = GrowthType === 'LINEAR';
  const steps = linear ? Math.ceil(100 / GrowthFactor) : Math.ceil(Math.log2(100 / GrowthFactor)) + 1;
  const step = Math.floor(share * steps);
  return Math.min(100, linear ? GrowthFactor * (step + 1) : GrowthFactor * 2 ** step);
}
