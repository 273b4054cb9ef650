import { ExecutionAbortedError, ExecutionError, ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';
import * as z from 'zod';
import type { Now } from '../service.ts';
import type { Outcome, RunEvent } from './execution-history.ts';
import type { ExecutionRecord, StateMachineRecord } from './executions.ts';
import { callSchema, type InvokeFunction, MAX_DATA_BYTES, runLambdaTask, StatesError } from './lambda-task.ts';
import type { TaskTokens } from './task-tokens.ts';

type Json = Awaited<ReturnType<StateMachine['run']>['result']>;
type Handler = (input: Json) => Promise<Json>;

export interface ExecutionOptions {
  readonly machine: StateMachineRecord;
  readonly invoke: InvokeFunction;
  readonly tokens: TaskTokens;
  readonly now: Now;
  /** Told of every step. */
  readonly onEvent: (event: RunEvent) => void;
}

export interface Execution {
  /** Ends the execution at once with this outcome. */
  end(outcome: Outcome): void;
  readonly done: Promise<Outcome>;
}

const jsonSchema: z.ZodType<Json> = z.json();
/** What the Parameters of a task are rewritten to. */
const taskSchema = z.object({ call: callSchema, timeoutSeconds: z.int().min(1) });

/** Runs one execution to its end. Nothing of it waits afterwards: its tokens and timers are closed. */
export function startExecution(record: ExecutionRecord, options: ExecutionOptions): Execution {
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const entered = new Map<string, string>();
  const tasks = createTasks(record, options, ended.promise);
  const machine = new StateMachine(options.machine.loaded.definition, { validationOptions: { noValidate: true } });
  const run = machine.run(jsonSchema.parse(JSON.parse(record.input)), {
    context: contextOf(record, options, { entered, token: tasks.token }),
    overrides: { taskResourceLocalHandlers: tasks.handlers },
  });
  let forced: Outcome | undefined;
  const end = (outcome: Outcome): void => {
    forced ??= outcome;
    tasks.stop();
    ended.reject(new StatesError('States.Runtime', 'The execution has ended.', true));
    run.abort();
  };
  const watch = async (): Promise<void> => {
    for await (const event of run.eventLogs) {
      if (event.type === 'StateExited') entered.delete(event.state.name);
      options.onEvent(event);
      const outcome = limitOf(event);
      if (outcome !== undefined) end(outcome);
    }
  };
  const finish = async (): Promise<Outcome> => {
    const [outcome] = await Promise.all([run.result.then(succeeded, failed), watch()]);
    end(outcome);
    return forced ?? outcome;
  };
  return { end, done: finish() };
}

/** The context object at the places where loadDefinition points to; getters are read when a state evaluates its paths. */
function contextOf(
  record: ExecutionRecord,
  { machine, now }: ExecutionOptions,
  { entered, token }: { readonly entered: Map<string, string>; readonly token: () => string },
): Record<string, unknown> {
  const states = machine.loaded.states.map((Name, index) => {
    const state = {
      Name,
      get EnteredTime() {
        const at = entered.get(Name) ?? now().toISOString();
        entered.set(Name, at);
        return at;
      },
    };
    return [`s${index}`, state];
  });
  return {
    // The interpreter adds Input and StartTime.
    Execution: { Id: record.executionArn, Name: record.name, RoleArn: machine.roleArn },
    StateMachine: { Id: machine.arn, Name: machine.name },
    In: Object.fromEntries(states),
    Task: {
      get Token() {
        return token();
      },
    },
  };
}

interface Tasks {
  readonly handlers: Record<string, Handler>;
  /** The token of the task whose Parameters are being read. */
  token(): string;
  stop(): void;
}

function createTasks(record: ExecutionRecord, options: ExecutionOptions, ended: Promise<never>): Tasks {
  const { tokens, invoke, machine } = options;
  let stopped = false;
  let current: string | undefined;
  // Not async: the interpreter drops the promise of a task whose timeout it then finds invalid, and it evaluates
  // Parameters and calls the handler without a pause, so that the token just read belongs to this attempt.
  const handler = (waits: boolean) => (given: Json) => {
    const token = current ?? tokens.create();
    current = undefined;
    if (stopped) throw new StatesError('States.Runtime', 'The execution has ended.', true);
    const task = taskSchema.safeParse(given);
    if (!task.success) throw new StatesError('States.Runtime', z.prettifyError(task.error), true);
    const { call, timeoutSeconds } = task.data;
    const result = runLambdaTask(call, invoke);
    const { stateMachineArn, executionArn } = record;
    const callback = async (): Promise<unknown> => {
      try {
        const answered = tokens.wait(token, { timeoutSeconds, stateMachineArn, executionArn });
        // An answer may come before the function that passes the token on has returned; that one may only fail.
        const answer = await Promise.race([answered, result.then(() => answered), ended]);
        if ('output' in answer) return answer.output;
        throw new StatesError(answer.error, answer.cause);
      } finally {
        tokens.close(token);
      }
    };
    return Promise.race([waits ? callback() : result, ended]).then((value) => jsonSchema.parse(value));
  };
  return {
    handlers: Object.fromEntries([...machine.loaded.tasks].map(([name, waits]) => [name, handler(waits)])),
    token: () => {
      current ??= tokens.create();
      return current;
    },
    stop: () => {
      stopped = true;
    },
  };
}

function limitOf(event: RunEvent): Outcome | undefined {
  if (event.type !== 'StateExited' || Buffer.byteLength(JSON.stringify(event.state.output) ?? '') <= MAX_DATA_BYTES) {
    return undefined;
  }
  const cause = `The state ${event.state.name} returned a result with a size exceeding the maximum number of bytes service limit.`;
  return { status: 'FAILED', error: 'States.DataLimitExceeded', cause };
}

function succeeded(output: Json): Outcome {
  return { status: 'SUCCEEDED', output: JSON.stringify(output) };
}

function failed(error: unknown): Outcome {
  if (error instanceof ExecutionAbortedError) return { status: 'ABORTED' };
  if (error instanceof ExecutionTimeoutError) return { status: 'TIMED_OUT', error: 'States.Timeout' };
  const cause = error instanceof ExecutionError ? error.cause : error;
  if (!(cause instanceof Error)) return { status: 'FAILED', error: 'States.Runtime', cause: String(cause) };
  // A Fail state that names no error.
  const name = cause.name === 'FailStateError' ? undefined : cause.name;
  return { status: 'FAILED', error: name, cause: cause.message };
}
