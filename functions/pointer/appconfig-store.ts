import {
  type AppConfigClient,
  CreateHostedConfigurationVersionCommand,
  type DeploymentSummary,
  GetDeploymentCommand,
  GetHostedConfigurationVersionCommand,
  ListDeploymentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  StopDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { type ErrorCode, ReleaseError } from '../platform/errors.ts';
import { type DeployedState, type Deployment, deployedState } from './deployments.ts';
import { FLAG_CONTENT_TYPE } from './flag.ts';
import { PROOF_UNAVAILABLE } from './not-vouched.ts';

/** One model's place in AppConfig. */
export interface PointerPlace {
  readonly environmentId: string;
  readonly profileId: string;
}

export interface HostedVersion {
  readonly number: number;
  readonly label: string;
  readonly description: string;
}

export interface DeploymentDetails {
  readonly state: Deployment['state'];
  readonly description: string;
  /** UTC of the newest event in its log; when it was started, if the log is empty. */
  readonly changedAt: string;
}

/** Hosted versions and deployments of the pointer's AppConfig application. */
export class AppConfigStore {
  readonly #client: AppConfigClient;
  readonly #applicationId: string;

  constructor(client: AppConfigClient, applicationId: string) {
    this.#client = client;
    this.#applicationId = applicationId;
  }

  /** What an environment serves and what runs in it; reads back to the deployment that is live. */
  async deployedState(place: PointerPlace): Promise<DeployedState> {
    const deployments: Deployment[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new ListDeploymentsCommand({
          ApplicationId: this.#applicationId,
          EnvironmentId: place.environmentId,
          MaxResults: 50,
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      deployments.push(...(page.Items ?? []).map(deploymentOf));
      NextToken = page.NextToken;
      // AppConfig lists the newest first, so nothing older than the live one is needed.
    } while (NextToken !== undefined && deployedState(deployments, place.profileId).live === null);
    return deployedState(deployments, place.profileId);
  }

  async deployment(environmentId: string, number: number): Promise<DeploymentDetails> {
    const found = await this.#client.send(
      new GetDeploymentCommand({
        ApplicationId: this.#applicationId,
        EnvironmentId: environmentId,
        DeploymentNumber: number,
      }),
    );
    const events = (found.EventLog ?? []).map(({ OccurredAt }) => OccurredAt?.getTime() ?? 0);
    const changedAt = new Date(Math.max(found.StartedAt?.getTime() ?? 0, ...events)).toISOString();
    return { state: stateOf(found), description: found.Description ?? '', changedAt };
  }

  /** All hosted versions of a profile, newest first. */
  async hostedVersions(profileId: string): Promise<readonly HostedVersion[]> {
    const versions: HostedVersion[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new ListHostedConfigurationVersionsCommand({
          ApplicationId: this.#applicationId,
          ConfigurationProfileId: profileId,
          MaxResults: 50,
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      for (const { VersionNumber, VersionLabel, Description } of page.Items ?? []) {
        versions.push({ number: VersionNumber ?? 0, label: VersionLabel ?? '', description: Description ?? '' });
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return versions.toSorted((a, b) => b.number - a.number);
  }

  /** @throws ReleaseError NOT_FOUND */
  async hostedContent(profileId: string, number: number): Promise<Uint8Array> {
    const { Content } = await translated(
      { ResourceNotFoundException: 'NOT_FOUND' },
      `Hosted version ${number} of profile ${profileId} cannot be read`,
      this.#client.send(
        new GetHostedConfigurationVersionCommand({
          ApplicationId: this.#applicationId,
          ConfigurationProfileId: profileId,
          VersionNumber: number,
        }),
      ),
    );
    return Content ?? new Uint8Array();
  }

  /**
   * Makes the hosted version after `latest` and answers its number. A version does nothing until it is deployed.
   * @throws ReleaseError POINTER_BUSY when another version came first
   */
  async createVersion(version: {
    readonly profileId: string;
    readonly content: string;
    readonly latest: number;
    readonly description: string;
    readonly label?: string;
  }): Promise<number> {
    const { VersionNumber } = await translated(
      { ConflictException: 'POINTER_BUSY' },
      `No hosted version after ${version.latest} could be made`,
      this.#client.send(
        new CreateHostedConfigurationVersionCommand({
          ApplicationId: this.#applicationId,
          ConfigurationProfileId: version.profileId,
          Content: Buffer.from(version.content, 'utf8'),
          ContentType: FLAG_CONTENT_TYPE,
          Description: version.description,
          ...(version.latest === 0 ? {} : { LatestVersionNumber: version.latest }),
          ...(version.label === undefined ? {} : { VersionLabel: version.label }),
        }),
      ),
    );
    return VersionNumber ?? 0;
  }

  /**
   * Starts a deployment on the condition that the environment's newest one is still `latestNumber`, and answers its number.
   * @throws ReleaseError POINTER_BUSY when another deployment came first; NOT_VOUCHED when AppConfig or the vouching
   * extension refused the document, with their reason as message; DEPENDENCY_UNAVAILABLE when the extension refused it
   * only because registry and ledger did not answer it
   */
  async startDeployment(deployment: {
    readonly place: PointerPlace;
    readonly strategyId: string;
    readonly hostedVersion: number;
    readonly latestNumber: number;
    readonly description: string;
  }): Promise<number> {
    const { DeploymentNumber } = await translated(
      { ConflictException: 'POINTER_BUSY', BadRequestException: refusalOf },
      `Hosted version ${deployment.hostedVersion} was not deployed`,
      this.#client.send(
        new StartDeploymentCommand({
          ApplicationId: this.#applicationId,
          EnvironmentId: deployment.place.environmentId,
          ConfigurationProfileId: deployment.place.profileId,
          DeploymentStrategyId: deployment.strategyId,
          ConfigurationVersion: String(deployment.hostedVersion),
          Description: deployment.description,
          ...(deployment.latestNumber === 0 ? {} : { LatestDeploymentNumber: deployment.latestNumber }),
        }),
      ),
    );
    return DeploymentNumber ?? 0;
  }

  /**
   * Stops a deployment: one in progress is rolled back, a completed one is reverted to what was live before it. Reverting
   * is always allowed, since a deployment may complete between the look and the call.
   * @throws ReleaseError CONDITION_FAILED when it was undone already, or is older than AppConfig reverts (72 hours)
   */
  async stopDeployment(environmentId: string, number: number): Promise<void> {
    await translated(
      { BadRequestException: 'CONDITION_FAILED', ResourceNotFoundException: 'CONDITION_FAILED' },
      `Deployment ${number} could not be stopped`,
      this.#client.send(
        new StopDeploymentCommand({
          ApplicationId: this.#applicationId,
          EnvironmentId: environmentId,
          DeploymentNumber: number,
          AllowRevert: true,
        }),
      ),
    );
  }
}

/** Names of AWS's errors become codes of ours; others, and what they say, pass unchanged. */
async function translated<T>(
  codes: Readonly<Record<string, ErrorCode | ((message: string) => ErrorCode)>>,
  what: string,
  answer: Promise<T>,
): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const code = cause instanceof Error ? codes[cause.name] : undefined;
    if (code === undefined || !(cause instanceof Error)) throw cause;
    const { message } = cause;
    throw new ReleaseError(typeof code === 'string' ? code : code(message), `${what}: ${message}`, { cause });
  }
}

/** Tables that did not answer the extension in time may answer it the next time: that is no verdict on the document. */
function refusalOf(message: string): ErrorCode {
  return message.includes(PROOF_UNAVAILABLE) ? 'DEPENDENCY_UNAVAILABLE' : 'NOT_VOUCHED';
}

function deploymentOf(summary: DeploymentSummary): Deployment {
  return {
    number: summary.DeploymentNumber ?? 0,
    profileId: summary.ConfigurationProfileId ?? '',
    hostedVersion: Number(summary.ConfigurationVersion),
    state: stateOf(summary),
    startedAt: (summary.StartedAt ?? new Date(0)).toISOString(),
  };
}

function stateOf({ State, DeploymentNumber }: Pick<DeploymentSummary, 'State' | 'DeploymentNumber'>) {
  if (State !== undefined) return State;
  throw new ReleaseError(
    'DEPENDENCY_UNAVAILABLE',
    `AppConfig answered deployment ${DeploymentNumber} without a state.`,
  );
}
