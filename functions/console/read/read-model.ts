import type { GateItem } from '../../approval/items.ts';
import type { DrillItem, ReadinessItem } from '../../drill/drill-items.ts';
import { TREND_LENGTH } from '../../drill/trend.ts';
import type { GuardItem } from '../../evidence/guard/guard-item.ts';
import type { KillSwitchItem } from '../../kill-switch/items.ts';
import type { ModelItem, Run } from '../../registry/items.ts';
import type { PendingRecall, RecallItem } from '../../rollback/recall/recall-item.ts';
import type { ConsolePorts } from './console-ports.ts';
import { type LedgerRead, readLedger } from './read-ledger.ts';
import { readServed, type ServedRead } from './read-served.ts';
import { type Source, sourceReader } from './source.ts';

/** A run of a model that has not ended, with the gates at which people were asked about it. */
export interface FlightRead {
  readonly run: Run;
  readonly gates: Source<readonly GateItem[]>;
}

export interface RecallsRead {
  /** The newest of those that teams are still asked about. */
  readonly open: readonly RecallItem[];
  readonly leftOut: number;
  /** Rollbacks of which it is still looked for what was handed downstream. */
  readonly pending: readonly PendingRecall[];
}

/** Everything that was read of one model, at one time. */
export interface ModelRead {
  readonly model: string;
  /** UTC now. */
  readonly at: string;
  readonly item: Source<ModelItem | null>;
  readonly served: Source<ServedRead>;
  readonly flights: Source<readonly FlightRead[]>;
  readonly ledger: Source<LedgerRead>;
  readonly drills: Source<readonly DrillItem[]>;
  readonly readiness: Source<ReadinessItem | null>;
  readonly guard: Source<GuardItem | null>;
  readonly switches: Source<readonly KillSwitchItem[]>;
  readonly recalls: Source<RecallsRead>;
}

/** So many open recalls are told of. */
const MAX_RECALLS = 20;

export async function readModel(ports: ConsolePorts, model: string, at: string): Promise<ModelRead> {
  const read = sourceReader((what, cause) => ports.onUnread(`${what} of ${model}`, cause));
  const [item, served, flights, ledger, drills, readiness, guard, switches, recalls] = await Promise.all([
    read('model', () => ports.registry.model(model)),
    read('pointer', () => readServed(ports, read, model)),
    read('runs', async () => {
      const kinds = ['promotion', 'change', 'restore'] as const;
      const flying = await Promise.all(kinds.map((kind) => ports.registry.inFlight(model, kind)));
      const ids = flying.flatMap((one) => (one === null ? [] : [one.promotionId]));
      const found = await Promise.all(
        ids.map(async (id) => {
          const run = await ports.registry.run(model, id);
          return run === null ? [] : [{ run, gates: await read('gates', () => ports.gates(id)) }];
        }),
      );
      return found.flat();
    }),
    read('ledger', () => readLedger(ports, read, model)),
    read('drills', () => ports.drills.newest(model, TREND_LENGTH)),
    read('readiness', () => ports.readiness.read(model)),
    read('guard', () => ports.guards.read(model)),
    read('kill switches', () => ports.switches.all(model)),
    read('recalls', () => readRecalls(ports, model)),
  ]);
  return { model, at, item, served, flights, ledger, drills, readiness, guard, switches, recalls };
}

async function readRecalls(ports: ConsolePorts, model: string): Promise<RecallsRead> {
  const [refs, pending] = await Promise.all([ports.recalls.open(model), ports.recalls.pending(model)]);
  const shown = refs.slice(-MAX_RECALLS);
  const found = await Promise.all(shown.map((ref) => ports.recalls.recall(ref)));
  return {
    open: found.flatMap((one) => (one === null ? [] : [one])),
    leftOut: refs.length - shown.length,
    pending,
  };
}
