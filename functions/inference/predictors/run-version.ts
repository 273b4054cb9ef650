import { within } from '../../platform/deadline.ts';
import { isReleaseError } from '../../platform/errors.ts';
import type { ForecastRequest } from './forecaster.ts';
import type { Predictor } from './predictor.ts';

/** What a version says of one request: a value per day, null for what is no number; null where it says nothing. */
export type SaidOfOne = readonly (number | null)[] | null;

/** What a version said, by the position of the request. Values are as they came, whether or not anybody may get them. */
export type Said = readonly SaidOfOne[];

export interface VersionAnswers {
  readonly said: Said;
  /** Positions that were to be answered and had no time. What failed or was garbage is answered, by nothing. */
  readonly unfinished: readonly number[];
  /** Of the first batch that failed: an error's code, or its name. */
  readonly code?: string;
}

export interface VersionQuestion {
  readonly predictor: Predictor;
  readonly requests: readonly ForecastRequest[];
  /** Positions of the requests to forecast, the most important first: when time runs out the last are missing. */
  readonly positions: readonly number[];
  /** Lets timers and other work run; called between batches, so that a slow version can be cut off. */
  readonly pause: () => Promise<void>;
}

export interface VersionRun extends VersionQuestion {
  readonly budgetMs: number;
}

/** What is told of each answer, in the order in which answers come. */
export interface Answered {
  readonly answer: (position: number, said: SaidOfOne) => void;
  readonly failed: (code: string) => void;
}

/**
 * Runs a version over a batch within a time budget. Never throws. Only code that never yields can overstay, by one batch at
 * most: whoever cannot trust a version with that runs it isolated.
 */
export async function runVersion({ budgetMs, ...question }: VersionRun): Promise<VersionAnswers> {
  const said: SaidOfOne[] = question.requests.map(() => null);
  const answered = new Set<number>();
  let code: string | undefined;
  await within(budgetMs, (signal) =>
    askInBatches(question, signal, {
      answer: (position, units) => {
        said[position] = units;
        answered.add(position);
      },
      failed: (cause) => {
        code ??= cause;
      },
    }),
  );
  const unfinished = question.positions.filter((position) => !answered.has(position));
  return { said, unfinished, ...(code === undefined ? {} : { code }) };
}

/**
 * Asks a predictor for every position, batch after batch, as many at a time as it allows. Never throws; nothing is told
 * after the signal has aborted. Ends once all that was asked has been answered, so a version that hangs holds it up.
 */
export async function askInBatches(
  { predictor, requests, positions, pause }: VersionQuestion,
  signal: AbortSignal,
  told: Answered,
): Promise<void> {
  const open = new Set<Promise<void>>();
  const [size, most] = [wholeNumber(predictor.batchSize), wholeNumber(predictor.concurrency)];
  for (let first = 0; first < positions.length && !signal.aborted; first += size) {
    const batch = positions.slice(first, first + size).flatMap((position) => {
      const request = requests[position];
      return request === undefined ? [] : [{ position, request }];
    });
    const asked = askBatch(predictor, batch, signal, told).then(() => {
      open.delete(asked);
    });
    open.add(asked);
    await pause();
    while (open.size >= most && !signal.aborted) await Promise.race(open);
  }
  await Promise.all(open);
}

/** At least 1, whatever a predictor of others says of itself. */
function wholeNumber(value: number | undefined): number {
  return value !== undefined && Number.isSafeInteger(value) && value > 1 ? value : 1;
}

async function askBatch(
  predictor: Predictor,
  batch: readonly { readonly position: number; readonly request: ForecastRequest }[],
  signal: AbortSignal,
  { answer, failed }: Answered,
): Promise<void> {
  const said = await saidOf(predictor, batch, signal);
  if (signal.aborted) return;
  if ('code' in said) failed(said.code);
  batch.forEach(({ position }, index) => {
    answer(position, 'code' in said ? null : (said.units[index] ?? null));
  });
}

/** Values are copied out while a failure is still the version's own: what it hands over may be no plain array. */
async function saidOf(
  predictor: Predictor,
  batch: readonly { readonly request: ForecastRequest }[],
  signal: AbortSignal,
): Promise<{ readonly units: Said } | { readonly code: string }> {
  try {
    const answer: unknown = await predictor.predict(
      batch.map(({ request }) => request),
      signal,
    );
    if (!Array.isArray(answer)) return { code: 'NO_ARRAY' };
    return { units: batch.map(({ request }, index) => unitsOf(answer[index], request.horizonDays)) };
  } catch (cause) {
    return { code: codeOf(cause) };
  }
}

function unitsOf(units: unknown, horizonDays: number): SaidOfOne {
  if (!Array.isArray(units)) return null;
  return Array.from({ length: Math.min(units.length, horizonDays) }, (_, day) => {
    const one: unknown = units[day];
    return typeof one === 'number' ? one : null;
  });
}

/** How an error is told: by our code, else by its name, which is short and holds no data. */
export function codeOf(cause: unknown): string {
  if (isReleaseError(cause)) return cause.code;
  const name: unknown = cause instanceof Error ? cause.name : undefined;
  return typeof name === 'string' && /^[\w.:-]{1,64}$/.test(name) ? name : 'Error';
}
