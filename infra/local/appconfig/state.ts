import { randomInt } from 'node:crypto';
import { ACCOUNT, AwsError, REGION } from '../service.ts';

export const FLAG_TYPE = 'AWS.AppConfig.FeatureFlags';

export interface Named {
  readonly Id: string;
  readonly Name: string;
  readonly Description?: string | undefined;
}
export interface Environment extends Named {
  readonly ApplicationId: string;
}
export interface Profile extends Environment {
  readonly LocationUri: string;
  readonly Type: string;
}
/** Everything at once: only the bake time may differ. */
export interface Strategy extends Named {
  readonly FinalBakeTimeInMinutes: number;
}
export interface HostedVersion {
  readonly ApplicationId: string;
  readonly ConfigurationProfileId: string;
  readonly VersionNumber: number;
  readonly Description?: string | undefined;
  readonly ContentType: string;
  readonly VersionLabel?: string | undefined;
}
export interface Extension extends Named {
  readonly Arn: string;
  readonly VersionNumber: number;
  readonly Actions: Readonly<Record<string, readonly { readonly Name: string; readonly Uri: string }[]>>;
}
export interface Association {
  readonly Id: string;
  readonly Arn: string;
  readonly ExtensionArn: string;
  readonly ResourceArn: string;
}
export interface Deployment {
  readonly ApplicationId: string;
  readonly EnvironmentId: string;
  readonly DeploymentStrategyId: string;
  readonly ConfigurationProfileId: string;
  readonly DeploymentNumber: number;
  readonly ConfigurationName: string;
  readonly ConfigurationVersion: string;
  readonly VersionLabel?: string | undefined;
  readonly Description: string;
  readonly FinalBakeTimeInMinutes: number;
  readonly State: 'BAKING' | 'COMPLETE' | 'ROLLED_BACK' | 'REVERTED';
  readonly PercentageComplete: number;
  readonly StartedAt: string;
  readonly CompletedAt?: string;
  /** Newest first. */
  readonly EventLog: readonly DeploymentEvent[];
}
export interface DeploymentEvent {
  readonly EventType: string;
  readonly TriggeredBy: 'USER' | 'APPCONFIG';
  readonly OccurredAt: string;
}

/** What is deployed: the public deployment, with the content that it brings and what it went back from. */
export interface DeploymentRecord {
  readonly deployment: Deployment;
  readonly contentType: string;
  /** Base64. */
  readonly content: string;
  /** Number of the deployment of this profile that was live before this one; 0 for none. */
  readonly previousNumber: number;
}

/** Everything that AppConfig holds, as plain JSON, so that it can be kept in a file. */
export interface AppConfigState {
  readonly applications: Named[];
  readonly environments: Environment[];
  readonly profiles: Profile[];
  readonly strategies: Strategy[];
  readonly extensions: Extension[];
  readonly associations: Association[];
  /** Content in Base64. */
  readonly versions: { readonly version: HostedVersion; readonly content: string }[];
  readonly deployments: DeploymentRecord[];
  /** Live deployment number by `<environment id>/<profile id>`. */
  readonly live: Record<string, number>;
}

/** An account as AWS hands it out: empty but for the predefined strategy. */
export function emptyState(): AppConfigState {
  const strategies = [{ Id: 'AppConfig.AllAtOnce', Name: 'AppConfig.AllAtOnce', FinalBakeTimeInMinutes: 10 }];
  const empty = { applications: [], environments: [], profiles: [], extensions: [], associations: [] };
  return { ...empty, strategies, versions: [], deployments: [], live: {} };
}

/** A resource ID as AWS makes them. */
export function newId(): string {
  return Array.from({ length: 7 }, () => randomInt(36).toString(36)).join('');
}

export function notFound(what: string, id: string): AwsError {
  return new AwsError('ResourceNotFoundException', `${what} not found: ${id}`, 404, { ResourceType: what });
}

export function badRequest(message: string, members: Readonly<Record<string, unknown>> = {}): AwsError {
  return new AwsError('BadRequestException', message, 400, members);
}

export function conflict(message: string): AwsError {
  return new AwsError('ConflictException', message, 409);
}

/** @throws AwsError ResourceNotFoundException */
export function byId<T extends Named>(items: readonly T[], what: string, id: string): T {
  const found = items.find((item) => item.Id === id);
  if (found === undefined) throw notFound(what, id);
  return found;
}

/** ARNs as policies name them. */
const root = `arn:aws:appconfig:${REGION}:${ACCOUNT}:`;
export const arns = {
  application: (app: string) => `${root}application/${app}`,
  environment: (app: string, env: string) => `${root}application/${app}/environment/${env}`,
  profile: (app: string, profile: string) => `${root}application/${app}/configurationprofile/${profile}`,
  strategy: (id: string) => `${root}deploymentstrategy/${id}`,
  extension: (id: string) => `${root}extension/${id}/1`,
  association: (id: string) => `${root}extensionassociation/${id}`,
} as const;
