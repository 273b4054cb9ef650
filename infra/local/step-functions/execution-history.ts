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
type NewEvent = Omit<HistoryEvent, 'id' | 'previousEventId' | 'timestamp'>;

/** How an execution ended. */
export interface Outcome {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly output?: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

const WHOLE = { truncated: false } as const;

/** Adds an event to a history; nothing is added for steps of the interpreter that Step Functions does not list. */
export function append(history: HistoryEvent[], event: NewEvent | undefined, at: Date): void {
  if (event === undefined) return;
  const previousEventId = history.length;
  history.push({ id: previousEventId + 1, previousEventId, timestamp: at.getTime() / 1000, ...event });
}

/** The history event of a step of the interpreter: states and failed tasks. Task tokens are left out. */
export function historyOf(event: RunEvent): NewEvent | undefined {
  if (event.type === 'StateEntered') {
    const details = { name: event.state.name, input: text(event.state.input), inputDetails: WHOLE };
    return { type: `${event.state.type}StateEntered`, stateEnteredEventDetails: details };
  }
  if (event.type === 'StateExited') {
    const details = { name: event.state.name, output: text(event.state.output), outputDetails: WHOLE };
    return { type: `${event.state.type}StateExited`, stateExitedEventDetails: details };
  }
  if (event.type !== 'StateFailed' || event.state.type !== 'Task') return undefined;
  const cause = typeof event.Cause === 'string' ? event.Cause : text(event.Cause);
  const details = { resourceType: 'lambda', resource: 'invoke', error: event.Error, cause };
  return event.Error === 'States.Timeout'
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
