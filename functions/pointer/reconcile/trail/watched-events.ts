import { type Members, type TrailEvent, textOf } from './trail-event.ts';
import type { Lookup } from './trail-store.ts';

/** What an event changed of what the promises of the product rest on. */
export const CHANGE_CODES = [
  'DEPLOYMENT_STARTED', // by somebody who is no part of the flow
  'DEPLOYMENT_STOPPED',
  'EXTENSION_CHANGED',
  'STRATEGY_CHANGED',
  'PLACE_CHANGED', // an environment, profile or hosted version of AppConfig
  'EXPERIMENT_STARTED', // experiments take a flag over from its deployments
  'GUARD_CHANGED', // code, configuration, concurrency or permissions of a function
  'PERMISSIONS_CHANGED',
  'MACHINE_CHANGED',
  'STORAGE_CHANGED',
  'KEY_CHANGED',
  'SCHEDULE_CHANGED',
  'ALARM_CHANGED',
  'STACK_UPDATED', // a deploy
] as const;
export type ChangeCode = (typeof CHANGE_CODES)[number];

/** What is ours, by the names that events use. */
export interface Own {
  readonly stackName: string;
  /** Ids, names and ARNs that stand for themselves: application, strategy, extension, tables, buckets, keys. */
  readonly names: readonly string[];
  /** Names of the roles that deploy documents, and of those that stop a deployment. */
  readonly deployers: readonly string[];
  readonly stoppers: readonly string[];
  /** Each model with the ids of its environment and profile. */
  readonly places: readonly { readonly model: string; readonly environmentId: string; readonly profileId: string }[];
}

export interface Change {
  readonly code: ChangeCode;
  /** The model that it concerns; null: the stack. */
  readonly model: string | null;
  /** What was changed, as the event names it. */
  readonly resource: string;
  /** False for what a deploy does: it must be visible, and is nothing to be woken for. */
  readonly alarming: boolean;
}

const CODES: Readonly<Record<string, ChangeCode>> = {
  StartDeployment: 'DEPLOYMENT_STARTED',
  StopDeployment: 'DEPLOYMENT_STOPPED',
  UpdateExtension: 'EXTENSION_CHANGED',
  DeleteExtension: 'EXTENSION_CHANGED',
  UpdateExtensionAssociation: 'EXTENSION_CHANGED',
  DeleteExtensionAssociation: 'EXTENSION_CHANGED',
  UpdateDeploymentStrategy: 'STRATEGY_CHANGED',
  DeleteDeploymentStrategy: 'STRATEGY_CHANGED',
  DeleteHostedConfigurationVersion: 'PLACE_CHANGED',
  DeleteConfigurationProfile: 'PLACE_CHANGED',
  UpdateConfigurationProfile: 'PLACE_CHANGED',
  DeleteEnvironment: 'PLACE_CHANGED',
  UpdateEnvironment: 'PLACE_CHANGED',
  StartExperimentRun: 'EXPERIMENT_STARTED',
  UpdateStateMachine: 'MACHINE_CHANGED',
  DeleteStateMachine: 'MACHINE_CHANGED',
  UpdateStateMachineAlias: 'MACHINE_CHANGED',
  PutBucketPolicy: 'PERMISSIONS_CHANGED',
  DeleteBucketPolicy: 'PERMISSIONS_CHANGED',
  PutBucketVersioning: 'STORAGE_CHANGED',
  PutResourcePolicy: 'PERMISSIONS_CHANGED',
  DeleteResourcePolicy: 'PERMISSIONS_CHANGED',
  UpdateTable: 'STORAGE_CHANGED',
  DeleteTable: 'STORAGE_CHANGED',
  PutKeyPolicy: 'KEY_CHANGED',
  DisableKey: 'KEY_CHANGED',
  ScheduleKeyDeletion: 'KEY_CHANGED',
  DisableRule: 'SCHEDULE_CHANGED',
  DeleteRule: 'SCHEDULE_CHANGED',
  RemoveTargets: 'SCHEDULE_CHANGED',
  DisableAlarmActions: 'ALARM_CHANGED',
  DeleteAlarms: 'ALARM_CHANGED',
  UpdateStack: 'STACK_UPDATED',
  ExecuteChangeSet: 'STACK_UPDATED',
  DeleteStack: 'STACK_UPDATED',
};

/** Events of these services are looked up together: their names carry versions, or are many. */
const LAMBDA = 'lambda.amazonaws.com';
export const IAM = 'iam.amazonaws.com';
const SERVICES: Readonly<Record<string, readonly [RegExp, ChangeCode]>> = {
  [LAMBDA]: [/^(Update|Delete|Put|Add|Remove)/, 'GUARD_CHANGED'],
  [IAM]: [/^(Put|Attach|Detach|Delete|Update)Role|^UpdateAssumeRolePolicy$/, 'PERMISSIONS_CHANGED'],
};

export const START_EXECUTION = 'StartExecution';
/** What is looked up in the region of the stack. IAM is global: its events are in another region's history. */
export const LOOKUPS: readonly Lookup[] = [
  { key: 'EventSource', value: LAMBDA },
  ...[START_EXECUTION, ...Object.keys(CODES)].map((value) => ({ key: 'EventName' as const, value })),
];
export const GLOBAL_LOOKUPS: readonly Lookup[] = [{ key: 'EventSource', value: IAM }];

const CLOUDFORMATION = 'cloudformation.amazonaws.com';

/** What an event changed of ours that nobody of the flow decided; null for everything else. */
export function changeOf(event: TrailEvent, own: Own): Change | null {
  const code = codeOf(event);
  if (code === null || event.failed || isOurs(event, own)) return null;
  const resource = ownResource(event.request, own) ?? ownResource(event.response, own);
  if (resource === null) return null;
  const deploy = event.via === CLOUDFORMATION || (code === 'STACK_UPDATED' && event.name !== 'DeleteStack');
  return { code, model: modelOf(event, own), resource, alarming: !deploy };
}

function codeOf({ source, name }: TrailEvent): ChangeCode | null {
  const service = SERVICES[source];
  if (service !== undefined) return service[0].test(name) ? service[1] : null;
  return Object.hasOwn(CODES, name) ? (CODES[name] ?? null) : null;
}

/** Deployments are started and stopped by the roles of the flow, and that is no change of ours that nobody decided. */
function isOurs({ name, roleName }: TrailEvent, { stackName, deployers, stoppers }: Own): boolean {
  const role = roleName.startsWith(`${stackName}-`) ? roleName.slice(stackName.length + 1) : '';
  return (
    (name === 'StartDeployment' && deployers.includes(role)) || (name === 'StopDeployment' && stoppers.includes(role))
  );
}

/** The first value in a request that names something of ours. */
function ownResource(members: Members, own: Own): string | null {
  return leaves(members).find((leaf) => isOwn(leaf, own)) ?? null;
}

function isOwn(leaf: string, { stackName, names }: Own): boolean {
  const parts = leaf.split(/[/:]/);
  return (
    names.includes(leaf) ||
    parts.some((part) => names.includes(part) || part.startsWith(`${stackName}-`)) ||
    leaf === stackName ||
    leaf.includes(`:stack/${stackName}/`)
  );
}

/** Every text in a request, where it is a name: what is longer is a document, which may mention anything. */
function leaves(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.length <= 300 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(leaves);
}

function modelOf({ request }: TrailEvent, { places }: Own): string | null {
  const environment = textOf(request, 'environmentId');
  const profile = textOf(request, 'configurationProfileId');
  const found = places.find(
    ({ environmentId, profileId }) =>
      (environment || environmentId) === environmentId && (profile || profileId) === profileId,
  );
  return environment === '' && profile === '' ? null : (found?.model ?? null);
}
