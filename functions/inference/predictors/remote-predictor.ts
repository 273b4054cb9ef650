import * as z from 'zod';
import type { ForecastRequest } from './forecaster.ts';
import type { Predictor } from './predictor.ts';

/** Sends one payload (JSON) and gives the answer's body. It may throw. */
export type RemoteCall = (payload: string, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** Requests of one call, calls at the same time, and what one call may carry: a little less than the 6 MB of Lambda. */
const BATCH_SIZE = 200;
const CONCURRENCY = 4;
const MAX_PAYLOAD_BYTES = 5_500_000;
/** Far more than forecasts of that many requests take; the answer is parsed in the process that serves production. */
const MAX_ANSWER_BYTES = 6_000_000;

const answerOf = z.looseObject({ forecasts: z.array(z.unknown()), modelId: z.string().exactOptional() });

/** Why a version that runs elsewhere said nothing: `name` is the code. */
export class PredictorFault extends Error {
  constructor(code: 'PREDICTOR_FAILED' | 'PREDICTOR_GARBAGE' | 'PREDICTOR_NOT_PINNED', message: string) {
    super(message);
    this.name = code;
  }
}

export interface RemoteOptions {
  readonly call: RemoteCall;
  /** What each answer must say that it was made by; nothing: it need not say. */
  readonly modelId?: string | undefined;
}

/**
 * A predictor that asks `{asOf, horizonDays, requests: [{sku, store, history, features?}]}` and is answered
 * `{forecasts: [[units…] | null, …], modelId?}`, one per request in their order.
 */
export function remotePredictor({ call, modelId }: RemoteOptions): Predictor {
  return {
    batchSize: BATCH_SIZE,
    concurrency: CONCURRENCY,
    predict: async (requests, signal) => {
      const forecasts: (readonly number[] | null)[] = [];
      for (const { payload, count } of payloadsOf(requests)) {
        signal.throwIfAborted();
        const answer = parsed(await call(payload, signal));
        if (modelId !== undefined && answer.modelId !== modelId) {
          throw new PredictorFault('PREDICTOR_NOT_PINNED', `Expected the model ${modelId}, got ${answer.modelId}.`);
        }
        if (answer.forecasts.length !== count) {
          throw new PredictorFault('PREDICTOR_GARBAGE', `Expected ${count} forecasts, got ${answer.forecasts.length}.`);
        }
        forecasts.push(...answer.forecasts.map(listOf));
      }
      return forecasts;
    },
  };
}

/** Whoever asks looks at each value; a list of something else than numbers is as good as none. */
function listOf(forecast: unknown): readonly number[] | null {
  return Array.isArray(forecast) && forecast.every((one) => typeof one === 'number') ? forecast : null;
}

function parsed(body: Uint8Array | undefined): z.infer<typeof answerOf> {
  if (body === undefined || body.length > MAX_ANSWER_BYTES) {
    throw new PredictorFault('PREDICTOR_GARBAGE', `Expected an answer of 1 to ${MAX_ANSWER_BYTES} bytes.`);
  }
  const answer = answerOf.safeParse(jsonOf(Buffer.from(body).toString('utf8')));
  if (answer.success) return answer.data;
  throw new PredictorFault('PREDICTOR_GARBAGE', 'Expected {forecasts: [[units…] | null, …]} as JSON.');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema then says that an object was expected.
    return undefined;
  }
}

interface Payload {
  readonly payload: string;
  readonly count: number;
}

/** As few payloads as there may be: each of one date and horizon, and none too large unless one request alone is. */
function payloadsOf(requests: readonly ForecastRequest[]): readonly Payload[] {
  const payloads: Payload[] = [];
  let open: { head: string; texts: string[]; bytes: number } | undefined;
  const close = () => {
    if (open === undefined) return;
    payloads.push({ payload: `${open.head}${open.texts.join(',')}]}`, count: open.texts.length });
  };
  for (const { sku, store, history, features, asOf, horizonDays } of requests) {
    const head = `{"asOf":${JSON.stringify(asOf)},"horizonDays":${horizonDays},"requests":[`;
    const text = JSON.stringify({ sku, store, history, features });
    const bytes = Buffer.byteLength(text) + 1;
    if (open === undefined || open.head !== head || open.bytes + bytes > MAX_PAYLOAD_BYTES) {
      close();
      open = { head, texts: [], bytes: head.length };
    }
    open.texts.push(text);
    open.bytes += bytes;
  }
  close();
  return payloads;
}
