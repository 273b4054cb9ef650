import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { within } from '../../platform/deadline.ts';
import type { HandOverEvent } from './hand-over.ts';

export interface HandOverOptions {
  readonly client: LambdaClient;
  /** Name or ARN of the function that completes the log. */
  readonly functionName: string;
  /** Longest wait for one event; Lambda accepts one in some 20 ms. */
  readonly timeoutMs?: number;
  /** Told why an event was not accepted: the name of the error, or `TIMED_OUT`. */
  readonly onRefused?: (cause: string) => void;
}

/** The asynchronous function that completes the log: Lambda keeps an accepted event and repeats what fails twice. */
export class HandOverStore {
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** True: the event was accepted. Never throws; an event that was given up may arrive all the same. */
  async send(event: HandOverEvent): Promise<boolean> {
    const { client, functionName, timeoutMs = 1_000, onRefused } = this.#options;
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(event)),
    });
    const answer = await within(timeoutMs, (signal) => client.send(command, { abortSignal: signal }));
    if (answer.done) return true;
    onRefused?.(answer.timedOut ? 'TIMED_OUT' : nameOf(answer.cause));
    return false;
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'Error';
}
