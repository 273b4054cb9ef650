import type { Reason } from '../platform/errors.ts';
import type { Run } from '../registry/items.ts';
import type { KillSwitchInput } from './input.ts';
import type { KillSwitchPorts } from './kill-switch-ports.ts';

/** Why a promotion ended, and what its execution is told. */
export const KILL_SWITCH = 'KILL_SWITCH';

/**
 * Ends a promotion as withdrawn and stops its execution, in this order: whoever sees an execution die closes a run that is
 * still open, with less to say about it. Safe to repeat.
 */
export async function endRun(ports: KillSwitchPorts, run: Run, input: KillSwitchInput): Promise<void> {
  await ports.closeRun(run, [reasonOf(input)], ports.now());
  await ports.stopExecution(run.executionArn, KILL_SWITCH, `The kill switch was thrown (${input.level}).`);
}

function reasonOf({ level, reason, requestedBy: { name, email } }: KillSwitchInput): Reason {
  const next =
    level === 'candidate'
      ? 'The version is withdrawn for good; what mends it is another version.'
      : 'Mend the cause; then start a new attempt, which may carry the same version.';
  return { code: KILL_SWITCH, message: `${name} <${email}> threw the kill switch: ${reason}`, got: level, next };
}
