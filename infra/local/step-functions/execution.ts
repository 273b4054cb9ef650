import { ExecutionAbortedError, ExecutionError, ExecutionTimeoutError, StateMachine } from 'aws-local-stepfunctions';
import * as z from 'zod';
import type { Now } from '../service.ts';
import type { Outcome, RunEvent } from './execution-history.ts';
import { type InvokeFunction, MAX_DATA_BYTES, runLambdaTask, StatesError } from './lambda-task.ts';
import type { LoadedDefinition, TaskSpec } from './state-machine-definition.ts';
import type { TaskTokens } from './task-tokens.ts';

type Json = Awaited<ReturnType<StateMachine['run']>['result']>;
type Handler = (input: Json) => Promise<Json>;

export interface ExecutionStart {
  readonly loaded: LoadedDefinition;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
  readonly executionArn: string;
  readonly name: string;
  /** JSON text. */
  readonly input: string;
  readonly startedAt: Date;
}

export interface ExecutionOptions {
  readonly invoke: InvokeFunction;
  readonly tokens: TaskTokens;
  readonly now: Now;
  /** Told of every step; an outcome that it answers ends the execution at once. */
  readonly onEvent: (event: RunEvent) => Outcome | undefined;
}

export interface Execution {
  /** Ends the execution at once with this outcome. */
  end(outcome: Outcome): void;
  readonly done: Promise<Outcome>;
}

const JsonSchema: z.ZodType<Json> = z.json();
const WrappedSchema = z.object({ input: JsonSchema, timeoutSeconds: z.int().min(1) });

/** Runs one execution to its end. Nothing of it waits afterwards: its tokens and timers are closed. */
export function startExecution(start: ExecutionStart, options: ExecutionOptions): Execution {
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const entered = new Map<string, string>();
  const tasks = createTasks(start, options, ended.promise);
  const machine = new StateMachine(start.loaded.definition, { validationOptions: { noValidate: true } });
  const run = machine.run(JsonSchema.parse(JSON.parse(start.input)), {
    context: contextOf(start, { entered, now: options.now, token: tasks.token }),
    overrides: { taskResourceLocalHandlers: tasks.handlers },
  });
  let forced: Outcome | undefined;
  const release = (): void => {
    tasks.stop();
    ended.reject(new StatesError('States.Runtime', 'The execution has ended.', true));
  };
  const end = (outcome: Outcome): void => {
    forced ??= outcome;
    release();
    run.abort();
  };
  const watch = async (): Promise<void> => {
    for await (const event of run.eventLogs) {
      if (event.type === 'StateEntered') enter(entered, event.state.name, options.now);
      if (event.type === 'StateExited') entered.delete(event.state.name);
      const outcome = limitOf(event) ?? options.onEvent(event);
      if (outcome !== undefined) end(outcome);
    }
  };
  const finish = async (): Promise<Outcome> => {
    const [outcome] = await Promise.all([run.result.then(succeeded, failed), watch()]);
    release();
    return forced ?? outcome;
  };
  return { end, done: finish() };
}

function enter(entered: Map<string, string>, stateName: string, now: Now): string {
  const known = entered.get(stateName) ?? now().toISOString();
  entered.set(stateName, known);
  return known;
}

interface ContextParts {
  readonly entered: Map<string, string>;
  readonly now: Now;
  readonly token: () => string;
}

/** The context object at the places where loadDefinition points to; getters are read when a state evaluates its paths. */
function contextOf(start: ExecutionStart, { entered, now, token }: ContextParts): Record<string, unknown> {
  const states = [...start.loaded.stateIds].map(([Name, id]) => [
    id,
    {
      Name,
      get EnteredTime() {
        return enter(entered, Name, now);
      },
    },
  ]);
  return {
    Run: {
      Id: start.executionArn,
      Name: start.name,
      Input: JSON.parse(start.input),
      StartTime: start.startedAt.toISOString(),
      RoleArn: start.roleArn,
    },
    In: Object.fromEntries(states),
    StateMachine: { Id: start.stateMachineArn, Name: start.stateMachineName },
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

function createTasks(start: ExecutionStart, options: ExecutionOptions, ended: Promise<never>): Tasks {
  let stopped = false;
  let current: string | undefined;
  // Not async: the interpreter drops the promise of a task whose timeout it then finds invalid, and it evaluates
  // Parameters and calls the handler without a pause, so that the token just read belongs to this attempt.
  const handler = (spec: TaskSpec) => (given: Json) => {
    const token = current ?? options.tokens.create();
    current = undefined;
    if (stopped) throw new StatesError('States.Runtime', 'The execution has ended.', true);
    if (!spec.wrapped) return runLambdaTask(spec, given, options.invoke).then(toJson);
    const task = WrappedSchema.safeParse(given);
    if (!task.success) throw new StatesError('States.Runtime', z.prettifyError(task.error), true);
    const result = runLambdaTask(spec, task.data.input, options.invoke);
    const { stateMachineArn, executionArn } = start;
    const wait = { token, timeoutSeconds: task.data.timeoutSeconds, stateMachineArn, executionArn };
    return Promise.race([
      spec.waitsForToken ? callback(options.tokens, { ...wait, invoked: result, ended }) : result,
      ended,
    ]).then(toJson);
  };
  return {
    handlers: Object.fromEntries([...start.loaded.tasks].map(([name, spec]) => [name, handler(spec)])),
    token: () => {
      current ??= options.tokens.create();
      return current;
    },
    stop: () => {
      stopped = true;
    },
  };
}

type Waiting = Parameters<TaskTokens['wait']>[1] & {
  readonly token: string;
  readonly invoked: Promise<unknown>;
  readonly ended: Promise<never>;
};

/** The answer to a token, which may come before the function that passes it on has returned; that one may only fail. */
async function callback(tokens: TaskTokens, { token, invoked, ended, ...task }: Waiting): Promise<unknown> {
  try {
    const answered = tokens.wait(token, task);
    const answer = await Promise.race([answered, invoked.then(() => answered), ended]);
    if ('output' in answer) return answer.output;
    throw new StatesError(answer.error, answer.cause);
  } finally {
    tokens.close(token);
  }
}

function toJson(value: unknown): Json {
  return JsonSchema.parse(value);
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
