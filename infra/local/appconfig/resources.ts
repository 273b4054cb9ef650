import * as z from 'zod';
import { type Call, json, page, param, type Routes, readBody, readMembers } from '../gateway/rest-routes.ts';
import { AwsError } from '../service.ts';
import {
  type AppConfigState,
  type Association,
  arns,
  badRequest,
  byId,
  type Environment,
  type Extension,
  type Named,
  newId,
  notFound,
  type Profile,
  type Strategy,
} from './state.ts';

/** AWS's default; it can be raised there. */
const MAX_ENVIRONMENTS = 20;

const named = { Name: z.string().min(1).max(64), Description: z.string().max(1024).optional() };
const NamedSchema = z.object(named);
const unsupported = z.array(z.unknown()).max(0, 'does not run on this machine').optional();
const EnvironmentSchema = z.object({ ...named, Monitors: unsupported });
const ProfileSchema = z.object({
  ...named,
  LocationUri: z.literal('hosted', 'only hosted configurations run on this machine'),
  Type: z.string().default('AWS.Freeform'),
  Validators: unsupported,
});
const minutes = z.coerce.number().int().min(0).max(1440);
const StrategySchema = z.object({
  ...named,
  DeploymentDurationInMinutes: minutes,
  FinalBakeTimeInMinutes: minutes.default(0),
  GrowthFactor: z.coerce.number().min(1).max(100),
  GrowthType: z.enum(['LINEAR', 'EXPONENTIAL']).default('LINEAR'),
});
const ActionSchema = z.object({ Name: z.string(), Uri: z.string().includes(':lambda:') });
const point = z.enum(['PRE_CREATE_HOSTED_CONFIGURATION_VERSION', 'PRE_START_DEPLOYMENT']);
const ExtensionSchema = z.object({ ...named, Actions: z.partialRecord(point, z.array(ActionSchema).min(1)) });
const AssociationSchema = z.object({
  ExtensionIdentifier: z.string(),
  ExtensionVersionNumber: z.coerce.number().int().optional(),
  ResourceIdentifier: z.string(),
  Parameters: z.record(z.string(), z.string()).default({}),
});

/**
 * Creates what a request or a template describes; with the id of an existing resource, replaces it.
 * @throws AwsError BadRequestException and others of AppConfig
 */
export interface AppConfigCreator {
  application(properties: unknown, id?: string): Named;
  environment(applicationId: string, properties: unknown): Environment;
  profile(applicationId: string, properties: unknown): Profile;
  strategy(properties: unknown, id?: string): Strategy;
  extension(properties: unknown, id?: string): Extension;
  association(properties: unknown): Association;
}

export function createCreator(state: AppConfigState): AppConfigCreator {
  return {
    application: (properties, Id = newId()) => put(state.applications, { Id, ...readMembers(properties, NamedSchema) }),
    environment: (ApplicationId, properties) => {
      byId(state.applications, 'Application', ApplicationId);
      const { Monitors: _, ...rest } = readMembers(properties, EnvironmentSchema);
      const count = state.environments.filter((environment) => environment.ApplicationId === ApplicationId).length;
      if (count >= MAX_ENVIRONMENTS) {
        const message = `The application has ${count} environments, the most that it may have.`;
        throw new AwsError('ServiceQuotaExceededException', message, 402);
      }
      return put(state.environments, { ApplicationId, Id: newId(), ...rest });
    },
    profile: (ApplicationId, properties) => {
      byId(state.applications, 'Application', ApplicationId);
      const { Validators: _, ...rest } = readMembers(properties, ProfileSchema);
      return put(state.profiles, { ApplicationId, Id: newId(), ...rest });
    },
    strategy: (properties, Id = newId()) => put(state.strategies, { Id, ...readMembers(properties, StrategySchema) }),
    extension: (properties, Id = newId()) => {
      const Arn = arns.extension(Id, 1);
      return put(state.extensions, { Id, Arn, VersionNumber: 1, ...readMembers(properties, ExtensionSchema) });
    },
    association: (properties) => put(state.associations, associationOf(state, properties)),
  };
}

function put<T extends { readonly Id: string }>(items: T[], item: T): T {
  const index = items.findIndex(({ Id }) => Id === item.Id);
  if (index < 0) items.push(item);
  else items[index] = item;
  return item;
}

function associationOf(state: AppConfigState, properties: unknown): Association {
  const { ExtensionIdentifier: id, ResourceIdentifier, Parameters } = readMembers(properties, AssociationSchema);
  const extension = state.extensions.find(({ Id, Name, Arn }) => [Id, Name, Arn].includes(id));
  if (extension === undefined) throw notFound('Extension', id);
  const known = [
    ...state.applications.map(({ Id }) => arns.application(Id)),
    ...state.environments.map(({ ApplicationId, Id }) => arns.environment(ApplicationId, Id)),
    ...state.profiles.map(({ ApplicationId, Id }) => arns.profile(ApplicationId, Id)),
  ];
  if (!known.includes(ResourceIdentifier)) throw badRequest(`ResourceIdentifier names nothing: ${ResourceIdentifier}`);
  const same = ({ ExtensionArn, ResourceArn }: Association): boolean =>
    ExtensionArn === extension.Arn && ResourceArn === ResourceIdentifier;
  // AppConfig associates an extension with a resource once.
  const Id = state.associations.find(same)?.Id ?? newId();
  const ids = { Id, Arn: arns.association(Id), ExtensionArn: extension.Arn, ResourceArn: ResourceIdentifier };
  return { ...ids, ExtensionVersionNumber: extension.VersionNumber, Parameters };
}

/** What a template creates. A resource that an earlier run of the platform made keeps its id. */
export function createFromTemplate(state: AppConfigState, create: AppConfigCreator) {
  const idOf = (items: readonly Named[], properties: unknown): string | undefined => {
    const { Name } = readMembers(properties, NamedSchema);
    return items.find((item) => item.Name === Name)?.Id;
  };
  return {
    createApplication: (properties: unknown) => create.application(properties, idOf(state.applications, properties)),
    createDeploymentStrategy: (properties: unknown) => create.strategy(properties, idOf(state.strategies, properties)),
    createExtension: (properties: unknown) => create.extension(properties, idOf(state.extensions, properties)),
    createExtensionAssociation: create.association,
  };
}

type InApplication = <T extends { readonly ApplicationId: string }>(items: readonly T[], call: Call) => readonly T[];

/** Operations on applications, environments, profiles, strategies, extensions and associations. */
export function resourceRoutes(
  state: AppConfigState,
  create: AppConfigCreator,
  described: (environment: Environment) => object,
): Routes {
  const inApplication: InApplication = (items, call) => {
    const app = byId(state.applications, 'Application', param(call, 'app'));
    return items.filter(({ ApplicationId }) => ApplicationId === app.Id);
  };
  return {
    ...accountRoutes(state, create),
    ...profileRoutes(state, create, inApplication),
    'POST /applications/{app}/environments': (call) => {
      call.authorize('appconfig:CreateEnvironment', [arns.application(param(call, 'app'))]);
      return json(201, described(create.environment(param(call, 'app'), readBody(call, z.unknown()))));
    },
    'GET /applications/{app}/environments': (call) => {
      call.authorize('appconfig:ListEnvironments', [arns.application(param(call, 'app'))]);
      return page(inApplication(state.environments, call).map(described), call);
    },
    'GET /applications/{app}/environments/{env}': (call) => {
      const app = param(call, 'app');
      call.authorize('appconfig:GetEnvironment', [arns.application(app), arns.environment(app, param(call, 'env'))]);
      return json(200, described(byId(inApplication(state.environments, call), 'Environment', param(call, 'env'))));
    },
  };
}

function profileRoutes(state: AppConfigState, create: AppConfigCreator, inApplication: InApplication): Routes {
  return {
    'POST /applications/{app}/configurationprofiles': (call) => {
      call.authorize('appconfig:CreateConfigurationProfile', [arns.application(param(call, 'app'))]);
      return json(201, create.profile(param(call, 'app'), readBody(call, z.unknown())));
    },
    'GET /applications/{app}/configurationprofiles': (call) => {
      call.authorize('appconfig:ListConfigurationProfiles', [arns.application(param(call, 'app'))]);
      const type = call.query.get('type');
      return page(
        inApplication(state.profiles, call).filter(({ Type }) => type === null || Type === type),
        call,
      );
    },
    'GET /applications/{app}/configurationprofiles/{profile}': (call) => {
      const [app, profile] = [param(call, 'app'), param(call, 'profile')];
      call.authorize('appconfig:GetConfigurationProfile', [arns.application(app), arns.profile(app, profile)]);
      return json(200, byId(inApplication(state.profiles, call), 'ConfigurationProfile', profile));
    },
  };
}

interface AccountResource<T> {
  readonly path: string;
  readonly name: string;
  readonly items: readonly T[];
  readonly make: (properties: unknown) => T;
  readonly arn: (id: string) => string;
}

/** A resource of the account: create, list, and get by id. */
function routesOf<T extends { readonly Id: string }>({ path, name, items, make, arn }: AccountResource<T>): Routes {
  return {
    [`POST ${path}`]: (call) => {
      call.authorize(`appconfig:Create${name}`, ['*']);
      return json(201, make(readBody(call, z.unknown())));
    },
    [`GET ${path}`]: (call) => {
      call.authorize(`appconfig:List${name.replace(/y$/, 'ie')}s`, ['*']);
      return page(items, call);
    },
    [`GET ${path}/{id}`]: (call) => {
      const id = param(call, 'id');
      call.authorize(`appconfig:Get${name}`, [arn(id)]);
      const found = items.find(({ Id }) => Id === id);
      if (found === undefined) throw notFound(name, id);
      return json(200, found);
    },
  };
}

function accountRoutes(state: AppConfigState, create: AppConfigCreator): Routes {
  const applications = { path: '/applications', name: 'Application', arn: arns.application };
  const strategies = { path: '/deploymentstrategies', name: 'DeploymentStrategy', arn: arns.strategy };
  const extensions = { path: '/extensions', name: 'Extension', arn: (id: string) => arns.extension(id, 1) };
  const associations = { path: '/extensionassociations', name: 'ExtensionAssociation', arn: arns.association };
  return {
    ...routesOf({ ...applications, items: state.applications, make: create.application }),
    ...routesOf({ ...strategies, items: state.strategies, make: create.strategy }),
    ...routesOf({ ...extensions, items: state.extensions, make: create.extension }),
    ...routesOf({ ...associations, items: state.associations, make: create.association }),
    'DELETE /extensionassociations/{id}': (call) => {
      const id = param(call, 'id');
      call.authorize('appconfig:DeleteExtensionAssociation', [arns.association(id)]);
      const index = state.associations.findIndex(({ Id }) => Id === id);
      if (index < 0) throw notFound('ExtensionAssociation', id);
      state.associations.splice(index, 1);
      return { status: 204 };
    },
  };
}
