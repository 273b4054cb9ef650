import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Call, json, page, param, type Routes, readBody, readMembers, routed } from '../gateway/rest-routes.ts';
import type { Invoke, Now, Service, ServiceResponse } from '../service.ts';
import { createDataPlane } from './data-plane.ts';
import {
  addDeployment,
  deploymentOf,
  deploymentsOf,
  environmentState,
  eventLog,
  nextNumber,
  stopDeployment,
} from './deployments.ts';
import { runExtensions } from './extensions.ts';
import { createCreator, createFromTemplate, resourceRoutes } from './resources.ts';
import {
  type AppConfigState,
  arns,
  byId,
  conflict,
  type DeploymentRecord,
  type Environment,
  emptyState,
} from './state.ts';
import { assertValid, findVersion, versionRoutes } from './versions.ts';

export interface AppConfigOptions {
  /** Runs the functions of extensions. */
  readonly invoke: Invoke;
  readonly now?: Now;
  /** Keeps everything in a file of this directory; without it, it lives in memory. */
  readonly dataDir?: string;
}

/** AppConfig on this machine. What a template creates keeps its id over restarts with the same data directory. */
export interface AppConfig extends ReturnType<typeof createFromTemplate> {
  /** The service `appconfig`. */
  readonly control: Service;
  /** The service `appconfigdata`, which signs its requests as `appconfig` too. */
  readonly data: Service;
  /** Keeps what the template created; requests keep what they change themselves. */
  save(): void;
}

export function createAppConfig(options: AppConfigOptions): AppConfig {
  const now = options.now ?? (() => new Date());
  const file = options.dataDir === undefined ? undefined : join(options.dataDir, 'appconfig.json');
  const state = file !== undefined && existsSync(file) ? readState(file) : emptyState();
  const save = (): void => {
    if (file === undefined) return;
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const create = createCreator(state);
  const described = (environment: Environment): object => ({
    ...environment,
    State: environmentState(deploymentsOf(state, environment.Id, now())),
  });
  const route = routed({
    ...resourceRoutes(state, create, described),
    ...versionRoutes(state, options.invoke),
    ...deploymentRoutes(state, options.invoke, now),
  });
  const handle: Service['handle'] = async (request) => {
    const response = await route(request);
    if (request.method !== 'GET') save();
    return response;
  };
  return { ...createFromTemplate(state, create), control: { handle }, data: createDataPlane(state, now), save };
}

/** A file that this service wrote itself. */
function readState(file: string): AppConfigState {
  const state: AppConfigState = { ...emptyState(), ...JSON.parse(readFileSync(file, 'utf8')) };
  return state;
}

const StartSchema = z.object({
  DeploymentStrategyId: z.string(),
  ConfigurationProfileId: z.string(),
  ConfigurationVersion: z.string(),
  Description: z.string().max(1024).optional(),
  DynamicExtensionParameters: z.record(z.string(), z.string().max(2048)).optional(),
  LatestDeploymentNumber: z.int().optional(),
});

function deploymentRoutes(state: AppConfigState, invoke: Invoke, now: Now): Routes {
  const path = '/applications/{app}/environments/{env}/deployments';
  const starting = new Set<string>();
  const found = (call: Call, operation: string): DeploymentRecord => {
    const [app, env, number] = [param(call, 'app'), param(call, 'env'), param(call, 'number')];
    const own = `${arns.environment(app, env)}/deployment/${number}`;
    call.authorize(`appconfig:${operation}`, [arns.application(app), arns.environment(app, env), own]);
    const wanted = readMembers(number, z.coerce.number().int());
    return deploymentOf(state, environmentOf(state, call).Id, wanted, now());
  };
  return {
    [`POST ${path}`]: async (call) => {
      const { Id } = environmentOf(state, call);
      // While its extensions are asked, a deployment has no number yet but the environment is taken.
      if (starting.has(Id)) throw conflict('Another deployment is being started in this environment');
      starting.add(Id);
      return startDeployment({ state, invoke, now }, call).finally(() => starting.delete(Id));
    },
    [`GET ${path}`]: (call) => {
      const [app, env] = [param(call, 'app'), param(call, 'env')];
      call.authorize('appconfig:ListDeployments', [arns.application(app), arns.environment(app, env)]);
      const newestFirst = deploymentsOf(state, environmentOf(state, call).Id, now());
      return page(
        newestFirst.map(({ deployment }) => deployment),
        call,
      );
    },
    [`GET ${path}/{number}`]: (call) => json(200, shown(found(call, 'GetDeployment'))),
    [`DELETE ${path}/{number}`]: (call) => {
      const record = found(call, 'StopDeployment');
      return json(202, shown(stopDeployment(state, record, call.headers['allow-revert'] === 'true', now())));
    },
  };
}

interface Deploying {
  readonly state: AppConfigState;
  readonly invoke: Invoke;
  readonly now: Now;
}

async function startDeployment({ state, invoke, now }: Deploying, call: Call): Promise<ServiceResponse> {
  const given = readBody(call, StartSchema);
  const application = byId(state.applications, 'Application', param(call, 'app'));
  const { Id: app } = application;
  call.authorize('appconfig:StartDeployment', [
    arns.application(app),
    arns.environment(app, param(call, 'env')),
    arns.profile(app, given.ConfigurationProfileId),
    arns.strategy(given.DeploymentStrategyId),
  ]);
  const environment = environmentOf(state, call);
  const profile = byId(state.profiles, 'ConfigurationProfile', given.ConfigurationProfileId);
  const strategy = byId(state.strategies, 'DeploymentStrategy', given.DeploymentStrategyId);
  const { version, content } = findVersion(state, profile, given.ConfigurationVersion);
  const number = nextNumber(deploymentsOf(state, environment.Id, now()), given.LatestDeploymentNumber);
  assertValid(profile, content);
  const details = { Description: given.Description ?? '', ConfigurationVersion: String(version.VersionNumber) };
  const extended = await runExtensions(state, invoke, {
    ...{ point: 'PRE_START_DEPLOYMENT', application, environment, profile, content },
    members: { DeploymentNumber: number, ...details },
    dynamicParameters: given.DynamicExtensionParameters,
  });
  const { Id: DeploymentStrategyId, Name: _name, Description: _description, ...growth } = strategy;
  const deployment = {
    ...{ ApplicationId: app, EnvironmentId: environment.Id, ConfigurationProfileId: profile.Id },
    ...{ DeploymentStrategyId, ...growth, ...details, DeploymentNumber: number, VersionLabel: version.VersionLabel },
    ...{ ConfigurationName: profile.Name, ConfigurationLocationUri: profile.LocationUri },
    ...{ AppliedExtensions: extended.applied, StartedAt: now().toISOString() },
    ...({ State: 'DEPLOYING', PercentageComplete: 0 } as const),
  };
  const record = { deployment, contentType: version.ContentType, content: extended.content };
  return json(201, shown(addDeployment(state, record, now())));
}

/** @throws AwsError ResourceNotFoundException */
function environmentOf(state: AppConfigState, call: Call): Environment {
  const ours = state.environments.filter(({ ApplicationId }) => ApplicationId === param(call, 'app'));
  return byId(ours, 'Environment', param(call, 'env'));
}

function shown(record: DeploymentRecord): object {
  return { ...record.deployment, EventLog: eventLog(record) };
}
