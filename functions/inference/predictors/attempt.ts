import type { Clock } from '../../platform/clock.ts';
import { within } from '../../platform/deadline.ts';
import { ERRORS, isReleaseError } from '../../platform/errors.ts';
import { codeOf } from './run-version.ts';

export interface Failure {
  readonly ok: false;
  /** Of the error, or its name where it is not ours; `TIMED_OUT`. The same for as long as the failure stands. */
  readonly code: string;
  /** False where another attempt may end otherwise: a wait that was too long, a service that was unwell. */
  readonly isFinal: boolean;
}

export type Result<T> = { readonly ok: true; readonly value: T } | Failure;

export interface AttemptLimits {
  readonly timeoutMs: number;
  /** How long a failure stands before the work is done anew. */
  readonly retrySeconds: number;
  readonly now: Clock;
}

/**
 * Work whose value is kept once it is there. Callers at the same time share one attempt, and a failure stands for a while,
 * so that whatever is unwell is neither asked nor waited for at each call. Never throws.
 */
export class Attempt<T> {
  readonly #work: () => Promise<T>;
  #value: { readonly value: T } | undefined;
  #pending: Promise<T> | undefined;
  #failed: { readonly failure: Failure; readonly at: number } | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  async within({ timeoutMs, retrySeconds, now }: AttemptLimits): Promise<Result<T>> {
    if (this.#value !== undefined) return { ok: true, ...this.#value };
    const age = now().getTime() - (this.#failed?.at ?? Number.NEGATIVE_INFINITY);
    if (this.#failed !== undefined && age >= 0 && age < retrySeconds * 1000) return this.#failed.failure;
    this.#pending ??= this.#begin();
    const pending = this.#pending;
    const outcome = await within(timeoutMs, () => pending);
    if (outcome.done) return { ok: true, value: outcome.value };
    // Work that hangs would hang for ever; work that ends late is still taken.
    if (this.#pending === pending) this.#pending = undefined;
    const failure: Failure = outcome.timedOut
      ? { ok: false, code: 'TIMED_OUT', isFinal: false }
      : { ok: false, code: codeOf(outcome.cause), isFinal: !isTransient(outcome.cause) };
    this.#failed = { failure, at: now().getTime() };
    return failure;
  }

  async #begin(): Promise<T> {
    const value = await this.#work();
    this.#value = { value };
    return value;
  }
}

const THROTTLED = 429;
/** A right that is missing is nobody's fault but the deployment's. */
const FORBIDDEN = 403;

/** Our own errors know it; of a service's, those without an answer, and those that blame the service or a right. */
function isTransient(cause: unknown): boolean {
  if (isReleaseError(cause)) return ERRORS[cause.code].retry;
  if (typeof cause !== 'object' || cause === null) return false;
  const metadata: unknown = Reflect.get(cause, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : undefined;
  if (typeof status === 'number') return status >= 500 || status === THROTTLED || status === FORBIDDEN;
  return typeof Reflect.get(cause, 'code') === 'string' || Reflect.get(cause, 'name') === 'TimeoutError';
}
