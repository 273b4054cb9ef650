import { setImmediate as nextTurn } from 'node:timers/promises';
import { appConfigData, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { logger } from '../platform/logger.ts';
import { inferenceCounts } from '../platform/metrics.ts';
import * as wired from '../platform/wiring.ts';
import { PredictionLogStore } from './log/prediction-log-store.ts';
import { PointerReader } from './pointer/pointer-reader-store.ts';
import { ModelStore } from './predictors/model-store.ts';
import { type ForecastAnswer, type ForecastPorts, forecast } from './serving/forecast.ts';
import { tellPointer } from './serving/tell-pointer.ts';

const publicKeyPem = config('POINTER_PUBLIC_KEY');
const predictions = new PredictionLogStore(s3(), config('PREDICTION_BUCKET'));
/** One reader per model for as long as the environment lives, since each new session is charged as a whole document. */
const counts = inferenceCounts();
const readers = new Map<string, PointerReader>();

const ports: ForecastPorts = {
  pointer: (model) => readerOf(model).current(),
  models: new ModelStore({
    ...{ evidence: wired.evidence(), publicKeyPem, now: systemClock },
    predictorOf: wired.predictorOf(),
  }),
  budgets: { productionMs: 10_000, candidateMs: 500 },
  pause: () => nextTurn(),
  log: (batch) => predictions.log(batch),
  signal: (name, detail) => {
    logger.error(name, detail);
    counts.add(name, 1);
  },
  now: systemClock,
};

function readerOf(model: string): PointerReader {
  const known = readers.get(model);
  if (known !== undefined) return known;
  const reader = new PointerReader({
    client: appConfigData(),
    application: config('APPCONFIG_APPLICATION_ID'),
    model,
    publicKeyPem,
    now: systemClock,
    pollSeconds: Number(config('POINTER_POLL_SECONDS')),
    onEvent: (event) => tellPointer({ logger, signal: ports.signal }, model, event),
  });
  readers.set(model, reader);
  return reader;
}

/** Forecasts a batch by the version that the pointer names for each request, and logs what each version said. */
export async function handler(event: unknown, context: { readonly awsRequestId: string }): Promise<ForecastAnswer> {
  try {
    return await forecast(ports, event, context.awsRequestId);
  } finally {
    counts.publish();
  }
}
