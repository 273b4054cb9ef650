import { type JsonObject, sha256Hex } from '../../platform/json.ts';
import type { ExecutionStatus } from '../../promotion/dead-promotion.ts';
import type { LiveDeployment, Seen } from './compare.ts';

type Unrecorded = NonNullable<LiveDeployment['rollback']>;
export type CompleteRollback = (rollback: Unrecorded, seen: Pick<Seen, 'versions'>) => Promise<void>;

export interface CompletePorts {
  /** ARN of an execution of the rollback machine by its name. */
  readonly arnOf: (executionName: string) => string;
  readonly status: (executionArn: string) => Promise<ExecutionStatus>;
  /** What an execution was started with; null when Step Functions does not know it (any more). */
  readonly inputOf: (executionArn: string) => Promise<JsonObject | null>;
  /** Starts the rollback machine, once per name. */
  readonly start: (executionName: string, input: JsonObject) => Promise<void>;
}

/** So often a rollback is tried again; after that only the alarm goes on. */
const TRIES = 10;

/**
 * Has a rollback recorded that went out and died: the same request again, for the version that it withdrew, which the
 * rollback machine completes under the name of the first. One that withdraws nothing, or nothing that is not withdrawn
 * already, cannot be asked for again without going back a second step. Safe to repeat.
 */
export async function completeRollback(
  ports: CompletePorts,
  { executionName, withdrew }: Unrecorded,
  { versions }: Pick<Seen, 'versions'>,
): Promise<void> {
  const status = versions.find(({ version }) => version === withdrew)?.status ?? 'withdrawn';
  if (status === 'withdrawn') return;
  const input = await ports.inputOf(ports.arnOf(executionName));
  if (input === null) return;
  const { targetVersion: _, ...asked } = input;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const name = `reconcile-${sha256Hex(`${executionName} ${attempt}`).slice(0, 32)}`;
    const went = await ports.status(ports.arnOf(name));
    if (went === 'RUNNING') return;
    if (went !== 'MISSING') continue;
    await ports.start(name, { ...asked, withdrawVersion: withdrew });
    return;
  }
}
