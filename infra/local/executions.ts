import { type Execution, startExecution } from './execution.ts';
import {
  endEvent,
  type HistoryEvent,
  historyOf,
  type NewEvent,
  type Outcome,
  startEvent,
} from './execution-history.ts';
import { ACCOUNT, AwsError, type InvokeResult, type Now, REGION } from './service.ts';
import type { LoadedDefinition } from './state-machine-definition.ts';
import { createTaskTokens, type TaskTokens } from './task-tokens.ts';

const ARN = `arn:aws:states:${REGION}:${ACCOUNT}`;
/** Step Functions fails an execution that reaches this. */
const MAX_HISTORY_EVENTS = 25_000;

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
  /** The definition as created, with its substitutions made. */
  readonly definition: string;
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

/** The executions of all state machines. */
export interface Executions {
  readonly records: ReadonlyMap<string, ExecutionRecord>;
  readonly tokens: TaskTokens;
  start(request: StartRequest): ExecutionRecord;
  /** Ends a running execution; resolves with it once it is closed. */
  abort(executionArn: string, error?: string, cause?: string): Promise<ExecutionRecord>;
  snapshot(): StepFunctionsSnapshot;
  /** Takes executions over. Those that were open come back ABORTED, and their status change is told. */
  restore(snapshot: StepFunctionsSnapshot): void;
  /** Takes running executions down; they stay open in the snapshot. */
  stop(): Promise<void>;
}

export interface StartRequest {
  readonly machine: StateMachineRecord;
  readonly name: string;
  readonly input: string;
  readonly stateMachineVersionArn?: string;
  readonly stateMachineAliasArn?: string;
}

export function createExecutions(options: ExecutionsOptions): Executions {
  const { now } = options;
  const executions = new Map<string, ExecutionRecord>();
  const running = new Map<string, { readonly execution: Execution; readonly closed: Promise<ExecutionRecord> }>();
  const tokens = createTaskTokens();
  let stopping = false;
  const save = (record: ExecutionRecord): ExecutionRecord => {
    executions.set(record.executionArn, record);
    options.onStatusChange?.(statusChange(record));
    return record;
  };
  const close = (record: ExecutionRecord, outcome: Outcome): ExecutionRecord => {
    // An execution that the platform takes down is open still, for the next start to close.
    if (stopping) return record;
    append(record.history, endEvent(outcome), now());
    running.delete(record.executionArn);
    return save({ ...record, ...outcome, stopDate: now().getTime() });
  };
  const start: Executions['start'] = ({ machine, ...request }) => {
    const startedAt = now();
    const executionArn = `${ARN}:execution:${machine.name}:${request.name}`;
    const ids = { executionArn, stateMachineArn: machine.arn };
    const record = save({ ...ids, ...request, status: 'RUNNING', startDate: startedAt.getTime(), history: [] });
    append(record.history, startEvent(record.input, machine.roleArn), startedAt);
    const { name: stateMachineName, roleArn, loaded } = machine;
    const execution = startExecution(
      { ...ids, stateMachineName, roleArn, loaded, name: record.name, input: record.input, startedAt },
      {
        tokens,
        now,
        invoke: (functionArn, payload) => options.invoke(machine.name, functionArn, payload),
        onEvent: (event) => append(record.history, historyOf(event), now()),
      },
    );
    running.set(executionArn, { execution, closed: execution.done.then((outcome) => close(record, outcome)) });
    return record;
  };
  const abort: Executions['abort'] = async (executionArn, error, cause) => {
    const open = running.get(executionArn);
    open?.execution.end({ status: 'ABORTED', error, cause });
    const record = (await open?.closed) ?? executions.get(executionArn);
    if (record === undefined)
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
    return record;
  };
  return {
    records: executions,
    tokens,
    start,
    abort,
    snapshot: () => ({ executions: [...executions.values()] }),
    restore: (snapshot) => {
      for (const record of snapshot.executions) {
        if (record.status === 'RUNNING') close(record, { status: 'ABORTED', cause: 'The local platform was stopped.' });
        else executions.set(record.executionArn, record);
      }
    },
    stop: async () => {
      stopping = true;
      for (const { execution } of running.values()) execution.end({ status: 'ABORTED' });
      await Promise.all([...running.values()].map(({ closed }) => closed));
    },
  };
}

/** Adds an event to a history; answers the outcome of an execution that has no room left. */
function append(history: HistoryEvent[], event: NewEvent | undefined, at: Date): Outcome | undefined {
  if (event === undefined) return undefined;
  const id = history.length + 1;
  history.push({ id, previousEventId: history.length, timestamp: at.getTime() / 1000, ...event });
  if (id < MAX_HISTORY_EVENTS) return undefined;
  const cause = `The execution reached the maximum number of history events (${MAX_HISTORY_EVENTS}).`;
  return { status: 'FAILED', error: 'States.Runtime', cause };
}

function statusChange(record: ExecutionRecord): Readonly<Record<string, unknown>> {
  const { history: _, ...shown } = record;
  const absent = { stateMachineVersionArn: null, stateMachineAliasArn: null, stopDate: null };
  const data = { output: null, error: null, cause: null, inputDetails: { included: true } };
  const outputDetails = record.output === undefined ? null : { included: true };
  return { ...absent, ...data, redriveCount: 0, redriveDate: null, ...shown, outputDetails };
}
