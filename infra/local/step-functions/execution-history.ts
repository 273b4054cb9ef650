import type { StateMachine } from 'aws-local-stepfunctions';

/** What the interpreter reports while it runs. */
export type RunEvent = ReturnType<StateMachine['run']>['eventLogs'] extends AsyncGenerator<infer Event> ? Event : never;

/** An event as GetExecutionHistory lists it; `timestamp` in seconds. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: string;
  readonly [details: `${string}EventDetails`]: Readonly<Record<string, unknown>>;
}
export type NewEvent = Omit<HistoryEvent, 'id' | 'previousEventId' | 'timestamp'>;

/** How an execution ended. */
export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

const WHOLE = { truncated: false } as const;

/** The history events of a step of the interpreter: states, failed tasks, map iterations. Task tokens are left out. */
export function historyOf(event: RunEvent): NewEvent | undefined {
  switch (event.type) {
    case 'StateEntered':
      return {
        type: `${event.state.type}StateEntered`,
        stateEnteredEventDetails: { name: event.state.name, input: text(event.state.input), inputDetails: WHOLE },
      };
    case 'StateExited':
      return {
        type: `${event.state.type}StateExited`,
        stateExitedEventDetails: { name: event.state.name, output: text(event.state.output), outputDetails: WHOLE },
      };
    case 'StateFailed':
      return failure(event.state.type, event.Error, event.Cause);
    case 'MapIterationStarted':
    case 'MapIterationSucceeded':
    case 'MapIterationFailed':
      return iteration(event.type, { name: event.parentState.name, index: event.index });
    default:
      return undefined;
  }
}

function iteration(type: string, details: Readonly<Record<string, unknown>>): NewEvent {
  const member: Record<`${string}EventDetails`, Readonly<Record<string, unknown>>> = {};
  member[`m${type.slice(1)}EventDetails`] = details;
  return { type, ...member };
}

function failure(stateType: string, error: string, cause: unknown): NewEvent | undefined {
  if (stateType === 'Map' || stateType === 'Parallel') return { type: `${stateType}StateFailed` };
  if (stateType !== 'Task') return undefined;
  const details = {
    resourceType: 'lambda',
    resource: 'invoke',
    error,
    cause: typeof cause === 'string' ? cause : text(cause),
  };
  return error === 'States.Timeout'
    ? { type: 'TaskTimedOut', taskTimedOutEventDetails: details }
    : { type: 'TaskFailed', taskFailedEventDetails: details };
}

/** The event that closes the history. */
export function endEvent(outcome: Outcome): NewEvent {
  const { status, output, ...details } = outcome;
  switch (status) {
    case 'SUCCEEDED':
      return { type: 'ExecutionSucceeded', executionSucceededEventDetails: { output, outputDetails: WHOLE } };
    case 'FAILED':
      return { type: 'ExecutionFailed', executionFailedEventDetails: details };
    case 'TIMED_OUT':
      return { type: 'ExecutionTimedOut', executionTimedOutEventDetails: details };
    case 'ABORTED':
      return { type: 'ExecutionAborted', executionAbortedEventDetails: details };
  }
}

export function startEvent(input: string, roleArn: string): NewEvent {
  return { type: 'ExecutionStarted', executionStartedEventDetails: { input, inputDetails: WHOLE, roleArn } };
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
