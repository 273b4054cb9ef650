export type Outcome<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly timedOut: boolean; readonly cause: unknown };

/**
 * Runs `work` for at most `timeoutMs` milliseconds and never throws. The signal aborts at the limit; work that does not
 * listen to it is left behind, and what it does later is nobody's concern.
 */
export async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<Outcome<T>> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Outcome<T>>((resolve) => {
    timer = setTimeout(() => {
      resolve({ done: false, timedOut: true, cause: new Error(`No answer within ${timeoutMs} ms.`) });
      abort.abort();
    }, timeoutMs);
  });
  const answer = Promise.resolve()
    .then(() => work(abort.signal))
    .then(
      (value): Outcome<T> => ({ done: true, value }),
      (cause: unknown): Outcome<T> => ({ done: false, timedOut: false, cause }),
    );
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What `work` resolves to, or null once the signal aborts, whichever comes first; rejects as `work` does. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  return Promise.race([work, aborted]);
}
