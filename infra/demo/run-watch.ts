import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type * as z from 'zod';
import type { LedgerWatch, WatchedEntry } from './ledger-watch.ts';

const LOOK_MS = 100;

/** Follows one execution: its status, what the ledger says of it, and when its judges have looked. */
export class RunWatch<T> {
  readonly #sfn: SFNClient;
  readonly #ledger: LedgerWatch;
  readonly #arn: string;
  readonly #output: z.ZodType<T>;
  readonly #meanwhile: () => Promise<void>;
  #running = true;

  /** `meanwhile` is called at each look. */
  constructor(of: {
    readonly sfn: SFNClient;
    readonly ledger: LedgerWatch;
    readonly executionArn: string;
    readonly output: z.ZodType<T>;
    readonly meanwhile: () => Promise<void>;
  }) {
    this.#sfn = of.sfn;
    this.#ledger = of.ledger;
    this.#arn = of.executionArn;
    this.#output = of.output;
    this.#meanwhile = of.meanwhile;
  }

  /** Entries of the ledger about this execution, oldest first. Its name is the id that they carry. */
  get entries(): readonly WatchedEntry[] {
    const id = this.#arn.slice(this.#arn.lastIndexOf(':') + 1);
    return this.#ledger.entries.filter((entry) => entry.data['promotionId'] === id);
  }

  /** Whether the execution still ran when it was last looked at. */
  get running(): boolean {
    return this.#running;
  }

  /** Whether a gate has been judged, and not only looked at. */
  isJudged(stage: string): boolean {
    return this.entries.some((entry) => entry.type === 'gate-judged' && entry.data['stage'] === stage);
  }

  /** Waits until the ledger has an entry like that, or the execution has ended; true in the first case. */
  async sees(wanted: (entry: WatchedEntry) => boolean): Promise<boolean> {
    for (;;) {
      const status = await this.#status();
      await this.#meanwhile();
      if (this.entries.some(wanted)) return true;
      if (status !== 'RUNNING') return false;
      await sleep(LOOK_MS);
    }
  }

  /** Events in the execution's history so far. They are numbered from 1, so that what comes later has a higher number. */
  async position(): Promise<number> {
    const [newest] = await this.#newest();
    return newest?.id ?? 0;
  }

  /**
   * Waits for a whole look of a judge that began after a position, or for a verdict, or for the end. What the judge then
   * found stands in the ledger, unless it found that more days are needed.
   */
  async looked(stage: string, since: number): Promise<void> {
    const state = `Judge${stage.slice(0, 1).toUpperCase()}${stage.slice(1)}`;
    for (;;) {
      const status = await this.#status();
      await this.#meanwhile();
      if (this.isJudged(stage) || status !== 'RUNNING') return;
      if (await this.#wholeLook(state, since)) {
        await this.#meanwhile();
        return;
      }
      await sleep(LOOK_MS);
    }
  }

  /** The execution's output. @throws Error when it ended in any other way than by succeeding */
  async ended(): Promise<T> {
    await this.sees(() => false);
    const { status, output, error, cause } = await this.#describe();
    await this.#meanwhile();
    if (status === 'SUCCEEDED') return this.#output.parse(JSON.parse(output ?? 'null'));
    throw new Error(`${this.#arn} ended as ${status}: ${error ?? ''} ${cause ?? ''}`);
  }

  async #wholeLook(state: string, since: number): Promise<boolean> {
    const later = (await this.#newest()).filter(({ id = 0 }) => id > since).toReversed();
    const entered = later.findIndex((event) => event.stateEnteredEventDetails?.name === state);
    return entered >= 0 && later.slice(entered).some((event) => event.stateExitedEventDetails?.name === state);
  }

  /** The newest events, newest first. */
  async #newest() {
    const command = new GetExecutionHistoryCommand({ executionArn: this.#arn, reverseOrder: true, maxResults: 40 });
    return (await this.#sfn.send(command)).events ?? [];
  }

  async #status(): Promise<string> {
    const { status = '' } = await this.#describe();
    this.#running = status === 'RUNNING';
    return status;
  }

  #describe() {
    return this.#sfn.send(new DescribeExecutionCommand({ executionArn: this.#arn }));
  }
}
