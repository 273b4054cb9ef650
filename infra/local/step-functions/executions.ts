import { ACCOUNT, type InvokeResult, type Now, REGION } from '../service.ts';
import { type Execution, startExecution } from './execution.ts';
import { append, endEvent, type HistoryEvent, historyOf, type Outcome, startEvent } from './execution-history.ts';
import type { LoadedDefinition } from './state-machine-definition.ts';
import { createTaskTokens } from './task-tokens.ts';

const ARN = `arn:aws:states:${REGION}:${ACCOUNT}`;

export interface ExecutionsOptions {
  /** Runs a function with the rights of the machine's role. */
  readonly invoke: (stateMachineName: string, functionArn: string, payload: unknown) => Promise<InvokeResult>;
  readonly now: Now;
  /** Given the detail of each "Step Functions Execution Status Change" event, dates in milliseconds. */
  readonly onStatusChange?: (detail: Readonly<Record<string, unknown>>) => void;
}

export interface StateMachineRecord {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly loaded: LoadedDefinition;
  readonly createdAt: Date;
  readonly versions: string[];
}

export interface ExecutionRecord {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
  readonly name: string;
  readonly status: 'RUNNING' | Outcome['status'];
  /** Milliseconds since 1970. */
  readonly startDate: number;
  readonly stopDate?: number;
  readonly input: string;
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
  readonly history: HistoryEvent[];
}

/** The executions, as plain JSON. Tokens are secrets and stay out. */
export interface StepFunctionsSnapshot {
  readonly executions: readonly ExecutionRecord[];
}

export interface StartRequest {
  readonly machine: StateMachineRecord;
  readonly name: string;
  readonly input: string;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
}

/** The executions of all state machines. */
export class Executions {
  readonly records: ReadonlyMap<string, ExecutionRecord>;
  readonly tokens = createTaskTokens();
  readonly #options: ExecutionsOptions;
  readonly #records = new Map<string, ExecutionRecord>();
  readonly #running = new Map<string, { readonly execution: Execution; readonly closed: Promise<ExecutionRecord> }>();
  #stopping = false;

  constructor(options: ExecutionsOptions) {
    this.#options = options;
    this.records = this.#records;
  }

  start({ machine, ...request }: StartRequest): ExecutionRecord {
    const { now, invoke } = this.#options;
    const startedAt = now();
    const executionArn = `${ARN}:execution:${machine.name}:${request.name}`;
    const ids = { executionArn, stateMachineArn: machine.arn };
    const record = this.#save({ ...ids, ...request, status: 'RUNNING', startDate: startedAt.getTime(), history: [] });
    append(record.history, [startEvent(record.input, machine.roleArn)], startedAt);
    const execution = startExecution(record, {
      ...{ machine, tokens: this.tokens, now },
      invoke: (functionArn, payload) => invoke(machine.name, functionArn, payload),
      onEvent: (event) => append(record.history, historyOf(event, machine.loaded.tasks, record.history), now()),
    });
    const closed = execution.done.then((outcome) => this.#close(record, outcome));
    this.#running.set(executionArn, { execution, closed });
    return record;
  }

  /** Ends a running execution; resolves once it is closed. */
  async abort(executionArn: string, error?: string, cause?: string): Promise<void> {
    const open = this.#running.get(executionArn);
    open?.execution.end({ status: 'ABORTED', error, cause });
    await open?.closed;
  }

  /** Takes executions over. Those that were open come back ABORTED, and their status change is told. */
  restore(snapshot: StepFunctionsSnapshot): void {
    for (const record of snapshot.executions) {
      const aborted = { status: 'ABORTED', cause: 'The local platform was stopped.' } as const;
      if (record.status === 'RUNNING') this.#close(record, aborted);
      else this.#records.set(record.executionArn, record);
    }
  }

  /** Takes running executions down; they stay open in the snapshot. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { execution } of this.#running.values()) execution.end({ status: 'ABORTED' });
    await Promise.all([...this.#running.values()].map(({ closed }) => closed));
  }

  #save(record: ExecutionRecord): ExecutionRecord {
    this.#records.set(record.executionArn, record);
    this.#options.onStatusChange?.(statusChange(record));
    return record;
  }

  #close(record: ExecutionRecord, outcome: Outcome): ExecutionRecord {
    // An execution that the platform takes down is open still, for the next start to close.
    if (this.#stopping) return record;
    const at = this.#options.now();
    append(record.history, [endEvent(outcome)], at);
    this.#running.delete(record.executionArn);
    return this.#save({ ...record, ...outcome, stopDate: at.getTime() });
  }
}

function statusChange(record: ExecutionRecord): Readonly<Record<string, unknown>> {
  const { history: _, ...shown } = record;
  const absent = { stateMachineVersionArn: null, stateMachineAliasArn: null, stopDate: null };
  const data = { output: null, error: null, cause: null, inputDetails: { included: true } };
  const outputDetails = record.output === undefined ? null : { included: true };
  return { ...absent, ...data, redriveCount: 0, redriveDate: null, ...shown, outputDetails };
}
