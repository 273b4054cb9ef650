import type { RegistryStore } from '../registry/registry-store.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { WakeExecution } from './callback-store.ts';
import type { GateItem } from './items.ts';
import { staleReason } from './stale-gate.ts';

export interface RepeatCallbacksPorts {
  readonly registry: Pick<RegistryStore, 'allInFlight' | 'run' | 'model'>;
  readonly approvals: Pick<ApprovalStore, 'gates' | 'token'>;
  readonly wake: WakeExecution;
}

export interface Repeated {
  /** Runs that were still waiting for a gate which had been closed, or whose question or people changed. */
  readonly woken: readonly string[];
  /** Runs that could not be looked at this time; the next look tries again. */
  readonly failed: readonly { readonly promotionId: string; readonly error: string }[];
}

/**
 * Wakes every execution that still waits although its newest gate is closed (whoever closed it died before, or could not
 * reach Step Functions) or stale (an approver left, say, and nobody would ever open the old link). Safe to repeat; one run's failure does not keep the others waiting.
 */
export async function repeatCallbacks(ports: RepeatCallbacksPorts): Promise<Repeated> {
  const woken: string[] = [];
  const failed: { readonly promotionId: string; readonly error: string }[] = [];
  for (const { model, promotionId } of await ports.registry.allInFlight()) {
    try {
      if (await wakeWaiting(ports, model, promotionId)) woken.push(promotionId);
    } catch (error) {
      // The message may name the token; the name of the error does not.
      failed.push({ promotionId, error: error instanceof Error ? error.name : 'unknown' });
    }
  }
  return { woken, failed };
}

async function wakeWaiting(ports: RepeatCallbacksPorts, model: string, promotionId: string): Promise<boolean> {
  const gate = (await ports.approvals.gates(promotionId)).at(-1);
  if (gate === undefined || (gate.status === 'open' && !(await isStale(ports, model, gate)))) return false;
  const token = await ports.approvals.token(gate);
  return token !== null && (await ports.wake(token.token)) === 'woken';
}

async function isStale(ports: RepeatCallbacksPorts, model: string, gate: GateItem): Promise<boolean> {
  const [run, item] = await Promise.all([ports.registry.run(model, gate.promotionId), ports.registry.model(model)]);
  return run !== null && run.end === undefined && staleReason(gate, run, item) !== null;
}
