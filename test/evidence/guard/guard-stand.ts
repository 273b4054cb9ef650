import type { GuardRollback } from '../../../functions/evidence/guard/guard-answer.ts';
import { countForecasts, readClosedDays } from '../../../functions/evidence/guard/guard-evidence-store.ts';
import { GuardItemStore } from '../../../functions/evidence/guard/guard-item-store.ts';
import type { GuardPorts } from '../../../functions/evidence/guard/guard-ports.ts';
import { planOf } from '../../../functions/promotion/exposure.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import type { Alert } from '../../../functions/rollback/alert/alert-link.ts';
import type { ReleaseStage } from '../../fakes/release-stage.ts';
import type { Tables } from '../../fakes/tables.ts';
import { type GuardWorldFiles, inDirectory } from './guard-world.ts';

const engine = { memoryMb: 512, threads: 2 };

/** What the guard did on a stage. */
export interface Heard {
  readonly started: GuardRollback[];
  readonly told: string[];
  readonly alerts: Alert[];
  /** How often the log was read. */
  reads: number;
}

/** The ports of a guard that watches one model of a stage; what it does is heard. */
export function guardPorts(
  on: { readonly stage: ReleaseStage; readonly tables: Tables; readonly files: GuardWorldFiles },
  heard: Heard,
  now: () => string,
): GuardPorts {
  const { stage, tables, files } = on;
  const { registry } = stage;
  const source = { files, engine };
  return {
    registry: {
      modelNames: async () => [stage.model],
      versions: (model) => registry.versions(model),
      run: (model, id) => registry.run(model, id),
      policy: (model, version) => registry.policy(model, version),
    },
    ...{ guards: new GuardItemStore(tables.client, tables.registry), ledger: stage.ledger, files },
    withDirectory: (use) => inDirectory(use),
    countForecasts: (objects, of) => {
      heard.reads += 1;
      return countForecasts(source, objects, of);
    },
    readClosedDays: (objects, of) => {
      heard.reads += 1;
      return readClosedDays(source, objects, of);
    },
    startRollback: async (rollback) => {
      heard.started.push(rollback);
    },
    sendAlert: async (alert) => heard.alerts.push(alert),
    tell: (signal) => heard.told.push(signal),
    now,
  };
}

/** Promotes version 2.0, to be confirmed after two weeks. */
export async function promoteGuarded(stage: ReleaseStage): Promise<void> {
  const plan = { ...planOf(policySchema.parse({})), confirmation: 'P14D' };
  const promotionId = await stage.candidate('2.0', 1, { plan });
  await stage.prepare(promotionId);
  await stage.move(promotionId);
  await stage.close(promotionId, 'promoted');
}
