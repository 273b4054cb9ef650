import type { GateItem } from '../../approval/items.ts';
import type { DrillStore } from '../../drill/drill-store.ts';
import type { ReadinessStore } from '../../drill/readiness-store.ts';
import type { GuardItem } from '../../evidence/guard/guard-item.ts';
import type { KillSwitchStore } from '../../kill-switch/kill-switch-store.ts';
import type { Anchor } from '../../ledger/anchor.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import type { RecallStore } from '../../rollback/recall/recall-store.ts';
import type { OnUnread } from './source.ts';

/** An anchor as it was found; null: the object at its place is none. */
export interface SeenAnchor {
  readonly seq: number;
  /** UTC; when it was written. */
  readonly writtenAt: string;
  readonly anchor: Anchor | null;
}

/** Everything that the console reads. Nothing of it writes, and no secret, digest of one or task token is among it. */
export interface ConsolePorts {
  readonly registry: Pick<
    RegistryStore,
    'model' | 'modelNames' | 'inFlight' | 'run' | 'killSwitch' | 'intent' | 'returnDocument'
  >;
  readonly gates: (promotionId: string) => Promise<readonly GateItem[]>;
  readonly drills: Pick<DrillStore, 'newest'>;
  readonly readiness: Pick<ReadinessStore, 'read'>;
  readonly guards: { readonly read: (model: string) => Promise<GuardItem | null> };
  readonly switches: Pick<KillSwitchStore, 'all'>;
  readonly recalls: Pick<RecallStore, 'open' | 'recall' | 'pending'>;
  /** The newest rows of a model's chain as stored, by ascending position. */
  readonly newestRows: (model: string, count: number) => Promise<readonly unknown[]>;
  /** Anchors of a model from a position on, by ascending position; a bounded number of them. */
  readonly anchorsFrom: (model: string, seq: number) => Promise<readonly SeenAnchor[]>;
  /** What the data plane serves for a model. */
  readonly served: (model: string) => Promise<Uint8Array>;
  readonly pointerPublicKeyPem: string;
  readonly ledgerPublicKeyPem: string;
  readonly onUnread: OnUnread;
}
