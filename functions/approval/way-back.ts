import type { DrillItem, ReadinessItem } from '../drill/drill-items.ts';
import type { DrillStore } from '../drill/drill-store.ts';
import type { ReadinessStore } from '../drill/readiness-store.ts';
import type { ReturnDocumentItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';

/** Whether and how a model can be gone back from. */
export interface WayBack {
  /** Document that goes back to what serves now; null: it is proved when the candidate is let in. */
  readonly target: ReturnDocumentItem | null;
  /** What the newest check found; null: nothing was checked yet. */
  readonly readiness: ReadinessItem | null;
  /** The newest rehearsed rollback; null: there was none. */
  readonly drill: DrillItem | null;
}

export interface WayBackPorts {
  readonly registry: Pick<RegistryStore, 'returnDocument'>;
  readonly readiness: Pick<ReadinessStore, 'read'>;
  readonly drills: Pick<DrillStore, 'newest'>;
}

/** The way back from a promotion as it is now; null for a change, which is gone back from by another change. */
export async function loadWayBack(ports: WayBackPorts, run: Run): Promise<WayBack | null> {
  if (run.kind !== 'promotion') return null;
  const [target, readiness, [drill]] = await Promise.all([
    ports.registry.returnDocument(run.model, run.baseline),
    ports.readiness.read(run.model),
    ports.drills.newest(run.model, 1),
  ]);
  return { target, readiness, drill: drill ?? null };
}
