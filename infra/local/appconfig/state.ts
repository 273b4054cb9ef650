import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { ACCOUNT, AwsError, REGION } from '../service.ts';

export const FLAG_TYPE = 'AWS.AppConfig.FeatureFlags';

const named = { Name: z.string().min(1).max(64), Description: z.string().max(1024).optional() };
export const namedSchema = z.object(named);
export const profileSchema = z.object({
  ...named,
  LocationUri: z.literal('hosted', 'only hosted configurations run on this machine'),
  Type: z.string().default('AWS.Freeform'),
  Validators: z.undefined('does not run on this machine').optional(),
});
/** Everything at once: only the bake time may differ. */
export const strategySchema = z.object({
  ...named,
  DeploymentDurationInMinutes: z.coerce.number().pipe(z.literal(0, 'gradual deployments do not run on this machine')),
  GrowthFactor: z.coerce.number().pipe(z.literal(100)),
  FinalBakeTimeInMinutes: z.coerce.number().int().min(0).max(1440).default(0),
});
/** What of a strategy may be changed: what is left out stays. */
export const strategyUpdateSchema = z.strictObject({
  Description: z.string().max(1024).exactOptional(),
  FinalBakeTimeInMinutes: z.int().min(0).max(1440).exactOptional(),
});
const actionSchema = z.object({ Name: z.string(), Uri: z.string().includes(':lambda:') });
/** The action points that run here: those that can refuse. */
export const pointSchema = z.enum(['PRE_CREATE_HOSTED_CONFIGURATION_VERSION', 'PRE_START_DEPLOYMENT']);
export const extensionSchema = z.object({
  ...named,
  Actions: z.partialRecord(pointSchema, z.array(actionSchema).min(1)),
});

interface Identified {
  readonly Id: string;
}
export type Named = Identified & Readonly<z.infer<typeof namedSchema>>;
export type Environment = Named & { readonly ApplicationId: string };
export type Profile = Environment & Readonly<z.infer<typeof profileSchema>>;
export type Strategy = Identified & Readonly<z.infer<typeof strategySchema>>;
export type Extension = Identified & Readonly<z.infer<typeof extensionSchema>> & { readonly Arn: string };
export interface HostedVersion {
  readonly ApplicationId: string;
  readonly ConfigurationProfileId: string;
  readonly VersionNumber: number;
  readonly Description?: string | undefined;
  readonly ContentType: string;
  readonly VersionLabel?: string | undefined;
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
  readonly versions: { readonly version: HostedVersion; readonly content: string; readonly deleted?: true }[];
  readonly deployments: DeploymentRecord[];
  /** Live deployment number by `<environment id>/<profile id>`. */
  readonly live: Record<string, number>;
}

/** An account as AWS hands it out: empty but for the predefined strategy. */
export function emptyState(): AppConfigState {
  const allAtOnce = { DeploymentDurationInMinutes: 0, GrowthFactor: 100, FinalBakeTimeInMinutes: 10 } as const;
  const strategies = [{ Id: 'AppConfig.AllAtOnce', Name: 'AppConfig.AllAtOnce', ...allAtOnce }];
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
