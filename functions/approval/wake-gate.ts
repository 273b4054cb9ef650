import type { ApprovalStore, GateRef } from './approval-store.ts';
import type { Callback, WakeExecution } from './callback-store.ts';

export interface WakeGatePorts {
  readonly approvals: Pick<ApprovalStore, 'token'>;
  readonly wake: WakeExecution;
  /** Told how it went; `error` is the name of the error alone, since messages may hold the token. */
  readonly onWake: (gate: GateRef, went: Callback | 'failed', error?: string) => void;
}

/**
 * Wakes the execution that waits for a gate which has just been closed. Never throws: the decision is durable by then,
 * and a lost callback is repeated by a schedule.
 */
export async function wakeGate(ports: WakeGatePorts, gate: GateRef): Promise<void> {
  try {
    const token = await ports.approvals.token(gate);
    ports.onWake(gate, token === null ? 'over' : await ports.wake(token.token));
  } catch (error) {
    ports.onWake(gate, 'failed', error instanceof Error ? error.name : 'unknown');
  }
}
