import * as z from 'zod';
import type { WaitsFor } from './rollback-arguments.ts';
import { failureText, type RollbackOutput, rollbackOutput } from './rollback-text.ts';

/** How far an execution is. */
export interface ExecutionState {
  readonly status: string;
  readonly output?: string | undefined;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

/** A state that an execution has left, and what it answered then. */
export interface LeftState {
  readonly name?: string | undefined;
  readonly output?: string | undefined;
}

export interface FollowPorts {
  readonly state: () => Promise<ExecutionState>;
  /** The states that it left lately; rejects for whoever may not read its history. */
  readonly left: () => Promise<readonly LeftState[]>;
  readonly pause: () => Promise<void>;
}

export interface Followed {
  readonly output: RollbackOutput;
  /** The execution still tells people and recalls forecasts. */
  readonly goesOn: boolean;
}

/** The state of the rollback machine that is left once the pointer has moved and the ledger says so. */
const RECORDED_BY = 'RecordRollback';

/**
 * Follows an execution of the rollback machine until its rollback is recorded or, where that is asked for, until its end.
 * Whoever may not read its history waits for the end as well.
 * @throws Error when the execution fails before
 */
export async function followRollback(
  ports: FollowPorts,
  executionName: string,
  waitsFor: Exclude<WaitsFor, 'nothing'>,
): Promise<Followed> {
  let readsHistory = waitsFor === 'record';
  for (;;) {
    const { status, output, error, cause } = await ports.state();
    if (status === 'SUCCEEDED') return { output: rollbackOutput.parse(JSON.parse(output ?? '')), goesOn: false };
    if (status !== 'RUNNING') throw new Error(failureText(executionName, { status, error, cause }));
    if (readsHistory) {
      const left = await ports.left().catch(() => null);
      if (left === null) readsHistory = false;
      const recorded = recordedIn(left ?? []);
      if (recorded !== null) return { output: recorded, goesOn: true };
    }
    await ports.pause();
  }
}

/** What was recorded; null when nothing is yet. A state that failed and was caught is left as well, with no such answer. */
function recordedIn(left: readonly LeftState[]): RollbackOutput | null {
  const answer = left.find(({ name }) => name === RECORDED_BY)?.output;
  const parsed = jsonText.pipe(rollbackOutput).safeParse(answer);
  return parsed.data?.end === 'rolled-back' ? parsed.data : null;
}

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('This is no JSON.');
    return z.NEVER;
  }
});
