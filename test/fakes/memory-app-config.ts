import { ReleaseError } from '../../functions/platform/errors.ts';
import type {
  AppConfigStore,
  DeploymentDetails,
  HostedVersion,
  PointerPlace,
} from '../../functions/pointer/appconfig-store.ts';
import { type DeployedState, type Deployment, deployedState, isSettled } from '../../functions/pointer/deployments.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { hostedContent, parseHosted, servedContent } from '../../functions/pointer/flag.ts';

export type StoreApi = { readonly [K in keyof AppConfigStore]: AppConfigStore[K] };
type Made = Deployment & { readonly description: string; readonly changedAt: string };

export interface MemoryAppConfigOptions {
  readonly model: string;
  readonly now: () => string;
  /** Asked before each deployment with what AppConfig sends to an extension; an answer refuses. */
  readonly extension?: (event: unknown) => Promise<{ readonly Message: string } | undefined>;
}

/** One model's AppConfig in memory, with the contract of AppConfigStore: one deployment at a time, locks, reverts. */
export class MemoryAppConfig implements StoreApi {
  readonly place: PointerPlace = { environmentId: 'env1', profileId: 'prof1' };
  readonly versions: (HostedVersion & { readonly content: string })[] = [];
  readonly deployments: Made[] = [];
  /** Deployments stay in progress until completed by hand. */
  slow = false;
  /** Thrown by startDeployment instead of deploying. */
  broken: Error | null = null;
  readonly #options: MemoryAppConfigOptions;

  constructor(options: MemoryAppConfigOptions) {
    this.#options = options;
  }

  async deployedState(place: PointerPlace = this.place): Promise<DeployedState> {
    return deployedState(this.deployments, place.profileId);
  }

  async deployment(_environmentId: string, number: number): Promise<DeploymentDetails> {
    return this.#made(number);
  }

  async hostedVersions(): Promise<readonly HostedVersion[]> {
    return this.versions.toSorted((a, b) => b.number - a.number);
  }

  async hostedContent(_profileId: string, number: number): Promise<Uint8Array> {
    const found = this.versions.find((version) => version.number === number);
    if (found === undefined) throw new ReleaseError('NOT_FOUND', `No hosted version ${number}.`);
    return Buffer.from(found.content);
  }

  async createVersion(version: Parameters<AppConfigStore['createVersion']>[0]): Promise<number> {
    if (version.latest !== this.versions.length) throw new ReleaseError('POINTER_BUSY', 'Another version came first.');
    const { content, description, label = '' } = version;
    return this.versions.push({ number: this.versions.length + 1, content, description, label });
  }

  async startDeployment(deployment: Parameters<AppConfigStore['startDeployment']>[0]): Promise<number> {
    if (this.broken !== null) throw this.broken;
    const { latestNumber, inProgress } = await this.deployedState();
    if (inProgress !== null || latestNumber !== deployment.latestNumber) {
      throw new ReleaseError('POINTER_BUSY', 'Another deployment came first.');
    }
    const veto = await this.#options.extension?.(await this.event(deployment.hostedVersion));
    if (veto !== undefined) throw new ReleaseError('NOT_VOUCHED', veto.Message);
    return this.deployByHand(deployment.hostedVersion, deployment.description);
  }

  async stopDeployment(_environmentId: string, number: number): Promise<void> {
    if (number > this.deployments.length) throw new ReleaseError('CONDITION_FAILED', `No deployment ${number}.`);
    const made = this.#made(number);
    if (['ROLLING_BACK', 'ROLLED_BACK', 'REVERTED'].includes(made.state))
      throw new ReleaseError('CONDITION_FAILED', 'Undone.');
    this.#set(number, isSettled(made) ? 'REVERTED' : 'ROLLED_BACK');
  }

  /** A deployment as an administrator would make it, past every check. */
  deployByHand(hostedVersion: number, description = 'by hand'): number {
    const number = this.deployments.length + 1;
    const at = this.#options.now();
    const state = this.slow ? 'DEPLOYING' : 'COMPLETE';
    const { profileId } = this.place;
    return this.deployments.push({
      number,
      profileId,
      hostedVersion,
      state,
      startedAt: at,
      changedAt: at,
      description,
    });
  }

  /** A hosted version as an administrator would make it. */
  hostByHand(content: PointerDocument | string, label = ''): number {
    const text = typeof content === 'string' ? content : hostedContent(content);
    const number = this.versions.length + 1;
    return this.versions.push({ number, content: text, description: 'by hand', label });
  }

  complete(number = this.deployments.length): void {
    this.#set(number, 'COMPLETE');
  }

  /** Puts the newest deployment into a state. */
  put(state: Deployment['state']): void {
    this.#set(this.deployments.length, state);
  }

  /** What the data plane serves; empty before the first deployment. */
  async served(): Promise<Uint8Array> {
    const document = await this.liveDocument();
    return Buffer.from(document === null ? '' : servedContent(document));
  }

  async liveDocument(): Promise<PointerDocument | null> {
    const { live } = await this.deployedState();
    if (live === null) return null;
    const parsed = parseHosted(await this.hostedContent('', live.hostedVersion));
    return parsed.ok ? parsed.value : null;
  }

  /** What AppConfig sends to an extension before it deploys a hosted version. */
  async event(hostedVersion: number): Promise<Readonly<Record<string, unknown>>> {
    const { model } = this.#options;
    const content = await this.hostedContent('', hostedVersion);
    return {
      InvocationId: 'call-1',
      Type: 'PreStartDeployment',
      Application: { Id: 'app1', Name: 'model-release' },
      Environment: { Id: this.place.environmentId, Name: model },
      ConfigurationProfile: { Id: this.place.profileId, Name: model },
      DeploymentNumber: this.deployments.length + 1,
      Content: Buffer.from(content).toString('base64'),
    };
  }

  #made(number: number): Made {
    const made = this.deployments[number - 1];
    if (made === undefined) throw new ReleaseError('NOT_FOUND', `No deployment ${number}.`);
    return made;
  }

  #set(number: number, state: Deployment['state']): void {
    this.deployments[number - 1] = { ...this.#made(number), state, changedAt: this.#options.now() };
  }
}
