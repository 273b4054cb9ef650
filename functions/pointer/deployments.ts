/** States as AppConfig names them. */
export type DeploymentState =
  | 'VALIDATING'
  | 'DEPLOYING'
  | 'BAKING'
  | 'COMPLETE'
  | 'ROLLING_BACK'
  | 'ROLLED_BACK'
  | 'REVERTED';

export interface Deployment {
  /** Position in its environment, from 1. */
  readonly number: number;
  readonly profileId: string;
  readonly hostedVersion: number;
  readonly state: DeploymentState;
  /** UTC. */
  readonly startedAt: string;
}

/** What an environment serves, and what happens in it. */
export interface DeployedState {
  /** Number of the newest deployment of any profile; 0 before the first. */
  readonly latestNumber: number;
  /** The deployment whose configuration is served; null before the first. */
  readonly live: Deployment | null;
  /** The one that runs now, of whichever profile: an environment takes one at a time. */
  readonly inProgress: Deployment | null;
  /** Deployments of the profile, newest first, down to the live one at least. */
  readonly history: readonly Deployment[];
}

/** Undone deployments count as never made: a revert brings back what was live before them. */
export function isUndone({ state }: Pick<Deployment, 'state'>): boolean {
  return state === 'ROLLED_BACK' || state === 'REVERTED';
}

export function isSettled(deployment: Pick<Deployment, 'state'>): boolean {
  return deployment.state === 'COMPLETE' || isUndone(deployment);
}

/** Reads the state of an environment from its deployments (any order). */
export function deployedState(deployments: readonly Deployment[], profileId: string): DeployedState {
  const newestFirst = deployments.toSorted((a, b) => b.number - a.number);
  const history = newestFirst.filter((deployment) => deployment.profileId === profileId);
  return {
    latestNumber: newestFirst[0]?.number ?? 0,
    live: history.find(({ state }) => state === 'COMPLETE') ?? null,
    inProgress: newestFirst.find((deployment) => !isSettled(deployment)) ?? null,
    history,
  };
}
