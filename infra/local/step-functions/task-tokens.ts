import { randomBytes } from 'node:crypto';
import { AwsError } from '../service.ts';

/** A task's answer by callback: its output, or an error with a cause. */
export type Callback = { readonly output: unknown } | { readonly error: string; readonly cause: string };

interface Waiting {
  readonly stateMachineArn: string;
  readonly executionArn: string;
  /** Milliseconds of performance.now() from which on the wait counts as timed out. */
  readonly deadline: number;
  readonly answer: (callback: Callback) => void;
}

/** The task tokens handed out by this process. A token is good for one answer. */
export interface TaskTokens {
  create(): string;
  /** Resolves with the answer to a token, at most once. */
  wait(
    token: string,
    task: Omit<Waiting, 'answer' | 'deadline'> & { readonly timeoutSeconds: number },
  ): Promise<Callback>;
  /** Closes a token: later answers get TaskTimedOut. */
  close(token: string): void;
  /**
   * The state machine that waits for an answer to this token.
   * @throws AwsError InvalidToken, TaskDoesNotExist or TaskTimedOut
   */
  stateMachineOf(token: string): string;
  /** @throws AwsError as stateMachineOf */
  answer(token: string, callback: Callback): void;
}

const TOKEN = /^AQ[A-Za-z0-9_-]{86}$/;
/** A callback this close before the interpreter's own timer is too late, so that only one of them can win. */
const TIMER_SLACK_MS = 5;

export function createTaskTokens(): TaskTokens {
  const waiting = new Map<string, Waiting>();
  const closed = new Set<string>();
  const find = (token: string): Waiting => {
    if (!TOKEN.test(token)) throw new AwsError('InvalidToken', `Invalid Token: 'Invalid token'`);
    const task = waiting.get(token);
    if (task !== undefined && performance.now() < task.deadline) return task;
    if (task === undefined && !closed.has(token)) throw new AwsError('TaskDoesNotExist', 'Task does not exist');
    throw new AwsError('TaskTimedOut', 'Task Timed Out: the task was answered, timed out, or its execution ended');
  };
  const close = (token: string): void => {
    if (waiting.delete(token)) closed.add(token);
  };
  return {
    create: () => `AQ${randomBytes(64).toString('base64url')}`,
    wait: (token, { timeoutSeconds, ...task }) =>
      new Promise((resolve) => {
        const deadline = performance.now() + timeoutSeconds * 1000 - TIMER_SLACK_MS;
        waiting.set(token, { ...task, deadline, answer: resolve });
      }),
    close,
    stateMachineOf: (token) => find(token).stateMachineArn,
    answer: (token, callback) => {
      const task = find(token);
      close(token);
      task.answer(callback);
    },
  };
}
