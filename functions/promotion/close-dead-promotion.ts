import type { InFlightItem } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { Closed, CloseEvent } from './close-promotion.ts';
import { closeOfDead, type ExecutionStatus, leftBehind, type TakenOut } from './dead-promotion.ts';

export interface CloseDeadPorts {
  readonly registry: Pick<RegistryStore, 'allInFlight' | 'run'>;
  readonly status: (executionArn: string) => Promise<ExecutionStatus>;
  readonly close: (event: CloseEvent) => Promise<Closed>;
  /** Starts the rollback that takes out a version that a run may have left serving; once per run. */
  readonly takeOut: (left: TakenOut) => Promise<void>;
  /** Takes a promotion's shadow or canary out of the pointer; changes nothing where there is none. */
  readonly endExposure: (promotionId: string) => Promise<unknown>;
  /** Records that a kill switch was left, or a first document is out, where that went out unrecorded. */
  readonly completeMove: (promotionId: string) => Promise<unknown>;
  /** Tells the people concerned how a run ended. */
  readonly tell: (closed: Closed) => Promise<void>;
}

/**
 * Closes the runs in flight whose execution no longer runs; only the run of `executionArn` when one is named. A candidate
 * that a run may have left in the pointer is taken out first: once closed, nobody would look for it again. Closing
 * is by conditional writes, so a run that ends in the same moment keeps the end that it got first. One run that cannot be
 * closed keeps no other from it; its failure is thrown when all have been looked at.
 */
export async function closeDeadPromotions(ports: CloseDeadPorts, executionArn?: string): Promise<readonly Closed[]> {
  const inFlight = await ports.registry.allInFlight();
  const asked = inFlight.filter((item) => executionArn === undefined || item.executionArn === executionArn);
  const looked = await Promise.allSettled(asked.map((item) => closeIfDead(ports, item)));
  const failed = looked.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return looked.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []));
}

async function closeIfDead(ports: CloseDeadPorts, item: InFlightItem): Promise<Closed | null> {
  const [run, status] = await Promise.all([
    ports.registry.run(item.model, item.promotionId),
    ports.status(item.executionArn),
  ]);
  const close = run === null ? null : closeOfDead(run, status);
  if (run === null || close === null) return null;
  const left = leftBehind(run);
  if (left?.takeOut === 'version') await ports.takeOut({ ...item, version: left.version });
  if (left?.takeOut === 'exposure') await ports.endExposure(run.promotionId);
  if (left?.takeOut === 'nothing') await ports.completeMove(run.promotionId);
  const closed = await ports.close(close);
  // A step that outlived its execution may have moved the pointer in between. No step can once the run is closed.
  if (left?.takeOut === 'exposure') await ports.endExposure(run.promotionId);
  await ports.tell(closed);
  return closed;
}
