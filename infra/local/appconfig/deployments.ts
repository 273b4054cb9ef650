import * as z from 'zod';
import { type Call, json, page, param, type Routes, readBody, readMembers } from '../gateway/rest-routes.ts';
import type { Invoke, Now, ServiceResponse } from '../service.ts';
import { askExtensions } from './extensions.ts';
import { guarded } from './resources.ts';
import {
  type AppConfigState,
  arns,
  badRequest,
  byId,
  conflict,
  type Deployment,
  type DeploymentEvent,
  type DeploymentRecord,
  type Environment,
  notFound,
} from './state.ts';
import { findVersion } from './versions.ts';

export interface Deployments {
  readonly state: AppConfigState;
  readonly invoke: Invoke;
  readonly now: Now;
}

const startSchema = z.object({
  DeploymentStrategyId: z.string(),
  ConfigurationProfileId: z.string(),
  ConfigurationVersion: z.string(),
  Description: z.string().max(1024).default(''),
  LatestDeploymentNumber: z.int().optional(),
});

/** Operations on deployments: everything at once, then baking for the time that the strategy sets. */
export function deploymentRoutes(parts: Deployments): Routes {
  const path = '/applications/{app}/environments/{env}/deployments';
  const starting = new Set<string>();
  return {
    [`POST ${path}`]: async (call) => {
      const env = param(call, 'env');
      // While its extensions are asked, a deployment has no number yet but the environment is taken.
      if (starting.has(env)) throw conflict('Another deployment is being started in this environment');
      starting.add(env);
      return startDeployment(parts, call).finally(() => starting.delete(env));
    },
    [`GET ${path}`]: guarded('ListDeployments', (call) => {
      const newestFirst = deploymentsOf(parts, environmentOf(parts.state, call).Id);
      return page(
        newestFirst.map(({ deployment: { EventLog: _, ...summary } }) => summary),
        call,
      );
    }),
    [`GET ${path}/{number}`]: guarded('GetDeployment', (call) => json(200, find(parts, call).deployment)),
    [`DELETE ${path}/{number}`]: guarded('StopDeployment', (call) => json(202, stopDeployment(parts, call))),
  };
}

/** The deployments of an environment as they stand now, newest first. */
function deploymentsOf({ state, now }: Deployments, environmentId: string): readonly DeploymentRecord[] {
  const ours = state.deployments.filter(({ deployment }) => deployment.EnvironmentId === environmentId);
  return ours.map((record) => ({ ...record, deployment: settled(record.deployment, now()) })).reverse();
}

/** What an environment serves of a profile. */
export function servedBy(
  { state }: Deployments,
  target: Pick<Deployment, 'EnvironmentId' | 'ConfigurationProfileId'>,
): DeploymentRecord | undefined {
  return state.deployments.find(
    ({ deployment: { EnvironmentId, DeploymentNumber } }) =>
      EnvironmentId === target.EnvironmentId && DeploymentNumber === state.live[liveKey(target)],
  );
}

async function startDeployment(parts: Deployments, call: Call): Promise<ServiceResponse> {
  const { state } = parts;
  const given = readBody(call, startSchema);
  const app = param(call, 'app');
  call.authorize('appconfig:StartDeployment', [
    arns.application(app),
    arns.environment(app, param(call, 'env')),
    arns.profile(app, given.ConfigurationProfileId),
    arns.strategy(given.DeploymentStrategyId),
  ]);
  const application = byId(state.applications, 'Application', app);
  const environment = environmentOf(state, call);
  const profile = byId(state.profiles, 'ConfigurationProfile', given.ConfigurationProfileId);
  const strategy = byId(state.strategies, 'DeploymentStrategy', given.DeploymentStrategyId);
  const { version, content } = findVersion(state, profile, given.ConfigurationVersion);
  const DeploymentNumber = nextNumber(deploymentsOf(parts, environment.Id), given.LatestDeploymentNumber);
  const details = { Description: given.Description, ConfigurationVersion: String(version.VersionNumber) };
  const target = { point: 'PRE_START_DEPLOYMENT', application, environment, profile } as const;
  await askExtensions(state, parts.invoke, { ...target, content, members: { DeploymentNumber, ...details } });
  const StartedAt = parts.now().toISOString();
  const deployment: Deployment = {
    ...{ ApplicationId: app, EnvironmentId: environment.Id, ConfigurationProfileId: profile.Id },
    ...{ DeploymentStrategyId: strategy.Id, FinalBakeTimeInMinutes: strategy.FinalBakeTimeInMinutes },
    ...{ DeploymentNumber, ...details, ConfigurationName: profile.Name, VersionLabel: version.VersionLabel },
    ...{ State: 'BAKING', PercentageComplete: 100, StartedAt },
    EventLog: [{ EventType: 'DEPLOYMENT_STARTED', TriggeredBy: 'USER', OccurredAt: StartedAt }],
  };
  const previousNumber = state.live[liveKey(deployment)] ?? 0;
  state.deployments.push({ deployment, contentType: version.ContentType, content, previousNumber });
  state.live[liveKey(deployment)] = DeploymentNumber;
  return json(201, settled(deployment, parts.now()));
}

/** @throws AwsError ConflictException while another is in progress or when `latest` is not the newest */
function nextNumber(newestFirst: readonly DeploymentRecord[], latest: number | undefined): number {
  const { DeploymentNumber: number = 0, State } = newestFirst[0]?.deployment ?? {};
  if (State === 'BAKING') throw conflict(`Deployment number ${number} is in progress in this environment`);
  if ((latest ?? number) !== number) throw conflict(`The latest deployment number is ${number}, not ${latest}`);
  return number + 1;
}

/** Stops a deployment in progress, or reverts a completed one: what was live before it is live again. */
function stopDeployment(parts: Deployments, call: Call): Deployment {
  const { state, now } = parts;
  const { deployment, ...record } = find(parts, call);
  const { DeploymentNumber: number, State, EnvironmentId } = deployment;
  if (State !== 'BAKING') {
    if (State !== 'COMPLETE') throw badRequest(`Deployment ${number} is ${State} and cannot be stopped.`);
    if (call.headers['allow-revert'] !== 'true') {
      throw badRequest(`Deployment ${number} is COMPLETE: reverting it takes AllowRevert.`);
    }
    if (deploymentsOf(parts, EnvironmentId)[0]?.deployment.State === 'BAKING') {
      throw badRequest(`Deployment ${number} cannot be reverted while another is in progress.`);
    }
  }
  const CompletedAt = now().toISOString();
  const event = (EventType: string): DeploymentEvent => ({ EventType, TriggeredBy: 'USER', OccurredAt: CompletedAt });
  const stopped: Deployment =
    State === 'BAKING'
      ? {
          ...deployment,
          State: 'ROLLED_BACK',
          PercentageComplete: 0,
          CompletedAt,
          EventLog: [event('ROLLBACK_COMPLETED'), ...deployment.EventLog],
        }
      : {
          ...deployment,
          State: 'REVERTED',
          CompletedAt,
          EventLog: [event('REVERT_COMPLETED'), ...deployment.EventLog],
        };
  const index = state.deployments.findIndex(
    (one) => one.deployment.EnvironmentId === EnvironmentId && one.deployment.DeploymentNumber === number,
  );
  state.deployments[index] = { ...record, deployment: stopped };
  state.live[liveKey(deployment)] = record.previousNumber;
  return stopped;
}

function find(parts: Deployments, call: Call): DeploymentRecord {
  const number = readMembers(param(call, 'number'), z.coerce.number().int());
  const records = deploymentsOf(parts, environmentOf(parts.state, call).Id);
  const record = records.find(({ deployment }) => deployment.DeploymentNumber === number);
  if (record === undefined) throw notFound('Deployment', String(number));
  return record;
}

function environmentOf(state: AppConfigState, call: Call): Environment {
  const ours = state.environments.filter(({ ApplicationId }) => ApplicationId === param(call, 'app'));
  return byId(ours, 'Environment', param(call, 'env'));
}

function liveKey(target: Pick<Deployment, 'EnvironmentId' | 'ConfigurationProfileId'>): string {
  return `${target.EnvironmentId}/${target.ConfigurationProfileId}`;
}

/** A deployment whose bake time is over is complete. */
function settled(deployment: Deployment, now: Date): Deployment {
  const end = new Date(Date.parse(deployment.StartedAt) + deployment.FinalBakeTimeInMinutes * 60_000);
  if (deployment.State !== 'BAKING' || now < end) return deployment;
  const OccurredAt = end.toISOString();
  const completed = { EventType: 'DEPLOYMENT_COMPLETED', TriggeredBy: 'APPCONFIG', OccurredAt } as const;
  return { ...deployment, State: 'COMPLETE', CompletedAt: OccurredAt, EventLog: [completed, ...deployment.EventLog] };
}
