import type { GateItem } from '../approval/items.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Sign } from '../platform/signing.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import type { RollbackStore } from '../rollback/rollback-store.ts';
import type { AppConfigStore } from './appconfig-store.ts';
import type { StatementPorts } from './deployment-statement.ts';

/** What moving the pointer reads and writes. */
export interface MovePorts extends StatementPorts {
  readonly registry: Pick<
    RegistryStore,
    'run' | 'model' | 'version' | 'versions' | 'returnDocument' | 'intent' | 'killSwitch'
  >;
  readonly writes: Pick<RegistryWrites, 'newIntent' | 'runIsOpen' | 'updateRun' | 'updateVersion' | 'switchLeft'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly rollbacks: Pick<RollbackStore, 'record'>;
  /** All gates of a run. */
  readonly gates: (promotionId: string) => Promise<readonly GateItem[]>;
  readonly appConfig: Pick<
    AppConfigStore,
    'deployedState' | 'deployment' | 'hostedVersions' | 'hostedContent' | 'createVersion' | 'startDeployment'
  >;
  readonly strategyId: string;
  readonly sign: Sign;
  readonly publicKeyPem: string;
  readonly now: () => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}
