import type { StateMachine } from 'aws-local-stepfunctions';
import { REGION } from '../service.ts';

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
type NewEvent = Omit<HistoryEvent, 'id' | 'previousEventId' | 'timestamp'>;

/** How an execution ended. */
export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

const WHOLE = { truncated: false } as const;

/** Adds events to a history. */
export function append(history: HistoryEvent[], events: readonly NewEvent[], at: Date): void {
  for (const event of events) {
    const previousEventId = history.length;
    history.push({ id: previousEventId + 1, previousEventId, timestamp: at.getTime() / 1000, ...event });
  }
}

/**
 * What Step Functions lists of a step of the interpreter, event for event, since executions are limited by their number.
 * Contents of tasks are left out: they hold the tokens.
 * @param waits whether a task waits for its token, by the state's name
 */
export function historyOf(
  event: RunEvent,
  waits: ReadonlyMap<string, boolean>,
  before: readonly HistoryEvent[],
): readonly NewEvent[] {
  if ('parentState' in event) return iteration(event);
  if (!('state' in event)) return [];
  const { type, name } = event.state;
  const isTask = type === 'Task';
  const resource = waits.get(name) ? 'invoke.waitForTaskToken' : 'invoke';
  switch (event.type) {
    case 'StateEntered': {
      const details = { name, input: text(event.state.input), inputDetails: WHOLE };
      const length = Array.isArray(event.state.input) ? event.state.input.length : 0;
      return [
        { type: `${type}StateEntered`, stateEnteredEventDetails: details },
        ...(isTask ? attempt(resource) : []),
        ...(type === 'Map' ? [{ type: 'MapStateStarted', mapStateStartedEventDetails: { length } }] : []),
      ];
    }
    case 'StateRetried':
      return isTask ? attempt(resource) : [];
    case 'StateFailed':
      return isTask ? [failedTask(resource, event)] : [];
    case 'StateExited': {
      const details = { name, output: text(event.state.output), outputDetails: WHOLE };
      const exited = { type: `${type}StateExited`, stateExitedEventDetails: details };
      // Within a loop the steps of several items lie between each other, and nothing is caught there.
      const isCaught = event.index === undefined && /^Task(Failed|TimedOut)$/.test(before.at(-1)?.type ?? '');
      const succeeded = { type: 'TaskSucceeded', taskSucceededEventDetails: { resourceType: 'lambda', resource } };
      if (type === 'Map') return [{ type: 'MapStateSucceeded' }, exited];
      return isTask && !isCaught ? [succeeded, exited] : [exited];
    }
    default:
      return [];
  }
}

/** An item of a loop: begun, done, or the one at which the loop failed. */
function iteration(event: Extract<RunEvent, { readonly parentState: unknown }>): readonly NewEvent[] {
  const { name } = event.parentState;
  const details = { name, index: 'index' in event ? event.index : 0 };
  switch (event.type) {
    case 'MapIterationStarted':
      return [{ type: event.type, mapIterationStartedEventDetails: details }];
    case 'MapIterationSucceeded':
      return [{ type: event.type, mapIterationSucceededEventDetails: details }];
    case 'MapIterationFailed':
      return [{ type: event.type, mapIterationFailedEventDetails: details }, { type: 'MapStateFailed' }];
    default:
      return [];
  }
}

/** One try of a task; one that waits for a token is submitted, and over when the token is answered. */
function attempt(resource: string): readonly NewEvent[] {
  const details = { resourceType: 'lambda', resource };
  const scheduled = { ...details, region: REGION, parameters: '{}' };
  return [
    { type: 'TaskScheduled', taskScheduledEventDetails: scheduled },
    { type: 'TaskStarted', taskStartedEventDetails: details },
    ...(resource === 'invoke' ? [] : [{ type: 'TaskSubmitted', taskSubmittedEventDetails: details }]),
  ];
}

function failedTask(
  resource: string,
  { Error: error, Cause }: { readonly Error: string; readonly Cause: unknown },
): NewEvent {
  const details = { resourceType: 'lambda', resource, error, cause: typeof Cause === 'string' ? Cause : text(Cause) };
  return error === 'States.Timeout'
    ? { type: 'TaskTimedOut', taskTimedOutEventDetails: details }
    : { type: 'TaskFailed', taskFailedEventDetails: details };
}

export function startEvent(input: string, roleArn: string): NewEvent {
  return { type: 'ExecutionStarted', executionStartedEventDetails: { input, inputDetails: WHOLE, roleArn } };
}

/** The event that closes the history. */
export function endEvent({ status, output, ...failure }: Outcome): NewEvent {
  switch (status) {
    case 'SUCCEEDED':
      return { type: 'ExecutionSucceeded', executionSucceededEventDetails: { output, outputDetails: WHOLE } };
    case 'FAILED':
      return { type: 'ExecutionFailed', executionFailedEventDetails: failure };
    case 'TIMED_OUT':
      return { type: 'ExecutionTimedOut', executionTimedOutEventDetails: failure };
    case 'ABORTED':
      return { type: 'ExecutionAborted', executionAbortedEventDetails: failure };
  }
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
