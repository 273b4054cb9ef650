import { keepBooks } from '../../../functions/pointer/reconcile/books.ts';
import type { LiveDeployment } from '../../../functions/pointer/reconcile/compare.ts';
import type { Finding } from '../../../functions/pointer/reconcile/finding.ts';
import { type ReconcilePorts, reconcileModel } from '../../../functions/pointer/reconcile/reconcile-model.ts';
import { ReconcileStore } from '../../../functions/pointer/reconcile/reconcile-store.ts';
import type { Alert } from '../../../functions/rollback/alert/alert-link.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';

/** The reconciler on a stage, and what it did there besides writing to ledger and pointer. */
export function reconcileStage(stage: ReleaseStage, tables: Tables) {
  const did = {
    noticed: [] as Finding['code'][],
    alerts: [] as Alert[],
    completed: [] as NonNullable<LiveDeployment['rollback']>[],
    closed: [] as string[],
  };
  /** Names of rollbacks of which an execution exists, and models of which one runs. */
  const world = { rollbacks: new Set<string>(), rollingBack: new Set<string>() };
  const { appConfig } = stage;
  const ports: ReconcilePorts = {
    ...stage.returnPorts(),
    ...{ appConfig, strategyId: 'instant', registry: stage.registry, ledger: stage.ledger },
    ...{ now: stage.now, sleep: async () => {} },
    store: new ReconcileStore(tables.client, tables.registry),
    bookOf: keepBooks(stage.ledger),
    served: () => appConfig.served(),
    isRollback: async (name) => world.rollbacks.has(name),
    rollingBack: async () => world.rollingBack,
    completeRollback: async (rollback) => {
      did.completed.push(rollback);
    },
    endExposure: (promotionId) => stage.endExposure(promotionId),
    closeRun: async ({ promotionId }, reason) => {
      did.closed.push(promotionId);
      await stage.close(promotionId, 'withdrawn', { reasons: [reason] });
    },
    alert: async (alert) => did.alerts.push(alert),
    noticed: (_, { code }) => did.noticed.push(code),
  };
  return {
    ports,
    did,
    world,
    /** One look, some minutes after the last. */
    look: (minutes = 6) => {
      stage.seconds += minutes * 60;
      return reconcileModel(ports, stage.model);
    },
    /** Every entry that the reconciler wrote. */
    entries: async () => {
      const found: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
      for await (const { body } of stage.ledger.entries(stage.model)) {
        if (body.type === 'change-noticed' || body.type === 'change-undone') found.push(body);
      }
      return found;
    },
  };
}
