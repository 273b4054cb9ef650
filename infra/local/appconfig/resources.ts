import * as z from 'zod';
import { json, type Operation, page, param, type Routes, readBody, readMembers } from '../gateway/rest-routes.ts';
import { AwsError } from '../service.ts';
import {
  type AppConfigState,
  arns,
  badRequest,
  byId,
  type Environment,
  type Extension,
  extensionSchema,
  type Named,
  namedSchema,
  newId,
  profileSchema,
  type Strategy,
  strategySchema,
  strategyUpdateSchema,
} from './state.ts';

/** AWS's default; it can be raised there. */
const MAX_ENVIRONMENTS = 20;

const associationSchema = z.object({ ExtensionIdentifier: z.string(), ResourceIdentifier: z.string() });

/**
 * What a template creates. A resource that an earlier run of the platform made keeps its id.
 * @throws AwsError BadRequestException, ResourceNotFoundException
 */
export function createFromTemplate(state: AppConfigState) {
  const put = <T extends Named>(items: T[], given: Omit<T, 'Id'>, make: (id: string) => T): T => {
    const index = items.findIndex(({ Name }) => Name === given.Name);
    const item = make(items[index]?.Id ?? newId());
    items.splice(index < 0 ? items.length : index, 1, item);
    return item;
  };
  return {
    createApplication: (properties: unknown): Named => {
      const given = readMembers(properties, namedSchema);
      return put(state.applications, given, (Id) => ({ Id, ...given }));
    },
    createDeploymentStrategy: (properties: unknown): Strategy => {
      const given = readMembers(properties, strategySchema);
      return put(state.strategies, given, (Id) => ({ Id, ...given }));
    },
    createExtension: (properties: unknown): Extension => {
      const given = { ...readMembers(properties, extensionSchema), Arn: '' };
      return put(state.extensions, given, (Id) => ({ Id, ...given, Arn: arns.extension(Id) }));
    },
    createExtensionAssociation: (properties: unknown) => associate(state, properties),
  };
}

function associate(state: AppConfigState, properties: unknown) {
  const { ExtensionIdentifier: id, ResourceIdentifier: ResourceArn } = readMembers(properties, associationSchema);
  const { Arn: ExtensionArn = id } = state.extensions.find(({ Id, Arn }) => Id === id || Arn === id) ?? {};
  if (!state.applications.some(({ Id }) => arns.application(Id) === ResourceArn)) {
    throw badRequest(`ResourceIdentifier names no application: ${ResourceArn}`);
  }
  const same = state.associations.find((one) => one.ExtensionArn === ExtensionArn && one.ResourceArn === ResourceArn);
  if (same !== undefined) return same;
  const Id = newId();
  const made = { Id, Arn: arns.association(Id), ExtensionArn, ResourceArn };
  state.associations.push(made);
  return made;
}

/** An operation that is authorized on what its path names. */
export function guarded(action: string, run: Operation): Operation {
  return (call) => {
    const { app = '', env, profile, number, version } = call.params;
    const environment = env === undefined ? [] : [arns.environment(app, env)];
    const deployment = number === undefined ? [] : [`${environment[0]}/deployment/${number}`];
    const profiles = profile === undefined ? [] : [arns.profile(app, profile)];
    const versions = version === undefined ? [] : [`${profiles[0]}/hostedconfigurationversion/${version}`];
    const own = [...environment, ...deployment, ...profiles, ...versions];
    call.authorize(`appconfig:${action}`, app === '' ? ['*'] : [arns.application(app), ...own]);
    return run(call);
  };
}

/** Operations on applications, environments, profiles and strategies. */
export function resourceRoutes(state: AppConfigState): Routes {
  const within = <T extends Environment>(items: readonly T[], call: Parameters<Operation>[0]): readonly T[] => {
    const { Id } = byId(state.applications, 'Application', param(call, 'app'));
    return items.filter(({ ApplicationId }) => ApplicationId === Id);
  };
  return {
    'GET /applications': guarded('ListApplications', (call) => page(state.applications, call)),
    'POST /deploymentstrategies': guarded('CreateDeploymentStrategy', (call) => {
      const strategy = { Id: newId(), ...readBody(call, strategySchema) };
      state.strategies.push(strategy);
      return json(201, strategy);
    }),
    'GET /deploymentstrategies/{strategy}': (call) => {
      const strategy = byId(state.strategies, 'DeploymentStrategy', param(call, 'strategy'));
      call.authorize('appconfig:GetDeploymentStrategy', [arns.strategy(strategy.Id)]);
      return json(200, strategy);
    },
    'PATCH /deploymentstrategies/{strategy}': (call) => {
      const strategy = byId(state.strategies, 'DeploymentStrategy', param(call, 'strategy'));
      call.authorize('appconfig:UpdateDeploymentStrategy', [arns.strategy(strategy.Id)]);
      const changed = { ...strategy, ...readBody(call, strategyUpdateSchema) };
      state.strategies[state.strategies.indexOf(strategy)] = changed;
      return json(200, changed);
    },
    'POST /applications/{app}/environments': guarded('CreateEnvironment', (call) => {
      const given = readBody(call, namedSchema);
      const count = within(state.environments, call).length;
      if (count >= MAX_ENVIRONMENTS) {
        const message = `The application has ${count} environments, the most that it may have.`;
        throw new AwsError('ServiceQuotaExceededException', message, 402);
      }
      const environment = { ApplicationId: param(call, 'app'), Id: newId(), ...given };
      state.environments.push(environment);
      return json(201, environment);
    }),
    'GET /applications/{app}/environments': guarded('ListEnvironments', (call) =>
      page(within(state.environments, call), call),
    ),
    'POST /applications/{app}/configurationprofiles': guarded('CreateConfigurationProfile', (call) => {
      const given = readBody(call, profileSchema);
      const profile = { ApplicationId: param(call, 'app'), Id: newId(), ...given };
      within(state.profiles, call);
      state.profiles.push(profile);
      return json(201, profile);
    }),
    'GET /applications/{app}/configurationprofiles': guarded('ListConfigurationProfiles', (call) =>
      page(within(state.profiles, call), call),
    ),
  };
}
