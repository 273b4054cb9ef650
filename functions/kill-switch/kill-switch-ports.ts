import type { Ledger } from '../ledger/ledger.ts';
import type { Reason } from '../platform/errors.ts';
import type { Sign } from '../platform/signing.ts';
import type { AppConfigStore, PointerPlace } from '../pointer/appconfig-store.ts';
import type { DeployedState, Deployment } from '../pointer/deployments.ts';
import type { HostedDocument } from '../pointer/hosted-document.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { KillSwitchInput } from './input.ts';
import type { StandingSwitch } from './items.ts';
import type { KillSwitchStore, KillSwitchWrites } from './kill-switch-store.ts';

export interface KillSwitchPorts {
  readonly registry: Pick<
    RegistryStore,
    'model' | 'run' | 'inFlight' | 'version' | 'versions' | 'returnDocument' | 'returnDocuments' | 'killSwitch'
  >;
  readonly writes: Pick<RegistryWrites, 'returnDocument' | 'runIsOpen' | 'updateVersion'>;
  readonly switches: Pick<KillSwitchStore, 'stopped' | 'all'>;
  readonly switchWrites: Pick<KillSwitchWrites, 'stands' | 'stopped'>;
  /** Finds a model's place without the registry. */
  readonly findPlace: (model: string) => Promise<PointerPlace | null>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly appConfig: Pick<
    AppConfigStore,
    'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent' | 'createVersion' | 'startDeployment'
  >;
  readonly strategyId: string;
  readonly sign: Sign;
  readonly publicKeyPem: string;
  /** Withdraws the run's open gate, ends it as withdrawn, and records both; a run that has ended stays as it is. */
  readonly closeRun: (run: Run, reasons: readonly Reason[], at: string) => Promise<void>;
  readonly stopExecution: (executionArn: string, error: string, cause: string) => Promise<void>;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What is asked, and how things stood when it was looked at. */
export interface Looked {
  readonly input: KillSwitchInput;
  readonly place: PointerPlace;
  /** Null where the registry does not answer. */
  readonly item: ModelItem | null;
  /** The switch that stands; null: none, or the registry does not answer. */
  readonly standing: StandingSwitch | null;
  readonly state: DeployedState;
  /** The deployment that serves, what made it, and its document. */
  readonly live: Deployment;
  readonly description: string;
  readonly hosted: HostedDocument;
}

/** A document that a kill switch let out, and the one that it replaced; null where that is no document of ours. */
export interface Out {
  readonly hosted: HostedDocument;
  readonly deploymentNumber: number;
  /** By the clock of AppConfig, UTC. */
  readonly deployedAt: string;
  readonly before: { readonly hosted: HostedDocument; readonly deployedAt: string } | null;
}

export interface KillSwitchAnswer {
  readonly model: string;
  /**
   * `thrown`: it stops now; `renewed`: it stood, and has another reason, person or expiry now; `already-thrown`: nothing
   * was to be done; `nothing-to-stop`: there is no such candidate; `rejected`: the input, or what it asks for, cannot be.
   */
  readonly outcome: 'thrown' | 'renewed' | 'already-thrown' | 'nothing-to-stop' | 'rejected';
  readonly level?: KillSwitchInput['level'];
  /** The promotion that was ended, and its version. */
  readonly promotionId?: string;
  readonly version?: string;
  readonly fallback?: string;
  readonly fallbackSegments?: readonly string[];
  /** Revision of the document that serves now. */
  readonly revision?: number;
  /** False: it stops, but registry or ledger do not say so yet; the same call again completes them. */
  readonly recorded?: boolean;
  readonly reasons: readonly Reason[];
}
