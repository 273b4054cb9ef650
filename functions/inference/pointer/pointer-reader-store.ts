import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import type { Clock } from '../../platform/clock.ts';
import { within } from '../../platform/deadline.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { type PointerDocument, verifyDocument } from '../../pointer/document.ts';
import { parseServed } from '../../pointer/flag.ts';

/** What a reader noticed; counted by whoever runs it. */
export type PointerEvent =
  /** `backward`: an older revision came back, as after a rollback, and that is right. */
  | { readonly kind: 'moved'; readonly from: number | null; readonly to: number; readonly backward: boolean }
  /** AppConfig serves what was not signed for this model; the last good document stays. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** AppConfig did not answer in time; the last good document stays. `staleSeconds`: since it last answered; 0: never did. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly staleSeconds: number };

export interface PointerReaderOptions {
  readonly client: AppConfigDataClient;
  /** Id or name. */
  readonly application: string;
  /** Names environment and profile too. */
  readonly model: string;
  /** PEM (SPKI) of the key that documents must be signed with. */
  readonly publicKeyPem: string;
  readonly now: Clock;
  readonly onEvent?: (event: PointerEvent) => void;
  /** Age from which a document is looked for anew. */
  readonly pollSeconds?: number;
  /** Age from which it is, after a look that failed. */
  readonly retrySeconds?: number;
  /** Longest wait of a call whose document is stale. */
  readonly refreshTimeoutMs?: number;
  /** Longest wait of a call that has no document at all yet. */
  readonly firstTimeoutMs?: number;
}

interface Limits {
  readonly pollSeconds: number;
  readonly retrySeconds: number;
  readonly refreshTimeoutMs: number;
  readonly firstTimeoutMs: number;
}

const DEFAULTS: Limits = { pollSeconds: 15, retrySeconds: 5, refreshTimeoutMs: 250, firstTimeoutMs: 3_000 };

/**
 * Reads one model's pointer for as long as the process lives: one session, a look only when the document is stale, and
 * never an error. A fresh document costs nothing; callers at the same time share one look.
 */
export class PointerReader {
  readonly #options: Omit<PointerReaderOptions, keyof Limits> & Limits;
  #document: PointerDocument | null = null;
  #token: string | undefined;
  /** Instants, in milliseconds: of the last look, of the next one, and of the last answer. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookAt = Number.NEGATIVE_INFINITY;
  #answeredAt: number | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: PointerReaderOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * The newest document that verified; null while there has been none, when only a safe forecast can serve.
   * Resolves within the time limits of the options, whatever AppConfig does.
   */
  async current(): Promise<PointerDocument | null> {
    const now = this.#options.now().getTime();
    // A clock that was set back would otherwise keep a document fresh for as long as it was ahead.
    const isFresh = now >= this.#lookedAt && now < this.#lookAt;
    if (!isFresh) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#document;
  }

  async #look(): Promise<void> {
    const { refreshTimeoutMs, firstTimeoutMs, pollSeconds, retrySeconds, now } = this.#options;
    const limit = this.#document === null ? firstTimeoutMs : refreshTimeoutMs;
    const answer = await within(limit, (signal) => this.#latest(signal));
    const waitSeconds = answer.done ? pollSeconds : Math.min(retrySeconds, pollSeconds);
    this.#lookedAt = now().getTime();
    this.#lookAt = this.#lookedAt + waitSeconds * 1000;
    if (answer.done) {
      this.#answeredAt = this.#lookedAt;
      if (answer.value.length > 0) this.#take(answer.value);
    } else {
      const staleSeconds = Math.max(0, this.#lookedAt - (this.#answeredAt ?? this.#lookedAt)) / 1000;
      this.#tell({ kind: 'unreachable', reason: nameOf(answer.cause), staleSeconds });
    }
  }

  /** Empty when nothing changed since the last answer of this session. */
  async #latest(signal: AbortSignal): Promise<Uint8Array> {
    if (this.#token !== undefined) {
      try {
        return await this.#next(this.#token, signal);
      } catch (error) {
        // A token is good for one answer and for a day. One whose answer was lost has been used, though not by us.
        if (!(error instanceof Error && error.name === 'BadRequestException')) throw error;
        this.#token = undefined;
      }
    }
    return this.#next(await this.#startSession(signal), signal);
  }

  async #startSession(signal: AbortSignal): Promise<string> {
    const { client, application, model } = this.#options;
    const { InitialConfigurationToken } = await client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: application,
        EnvironmentIdentifier: model,
        ConfigurationProfileIdentifier: model,
      }),
      { abortSignal: signal },
    );
    if (InitialConfigurationToken !== undefined) return InitialConfigurationToken;
    throw new ReleaseError('DEPENDENCY_UNAVAILABLE', 'AppConfig started a session without a token.');
  }

  async #next(token: string, signal: AbortSignal): Promise<Uint8Array> {
    const { Configuration, NextPollConfigurationToken } = await this.#options.client.send(
      new GetLatestConfigurationCommand({ ConfigurationToken: token }),
      { abortSignal: signal },
    );
    // An answer after the limit is read by nobody: were its token kept, its document would be lost.
    if (!signal.aborted) this.#token = NextPollConfigurationToken;
    return Configuration ?? new Uint8Array();
  }

  #take(content: Uint8Array): void {
    const { model, publicKeyPem } = this.#options;
    const parsed = parseServed(content);
    if (!parsed.ok) {
      this.#tell({ kind: 'refused', reason: 'NOT_A_POINTER' });
    } else if (!verifyDocument(publicKeyPem, model, parsed.value)) {
      this.#tell({ kind: 'refused', reason: 'SIGNATURE_INVALID' });
    } else {
      const from = this.#document?.revision ?? null;
      const to = parsed.value.revision;
      this.#document = parsed.value;
      if (from !== to) this.#tell({ kind: 'moved', from, to, backward: from !== null && to < from });
    }
  }

  #tell(event: PointerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // A forecast does not fail because a count does.
    }
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
