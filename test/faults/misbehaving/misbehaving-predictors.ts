import * as z from 'zod';
import { knownPredictors } from '../../../functions/inference/predictors/known-predictors-store.ts';
import type { Predictor } from '../../../functions/inference/predictors/predictor.ts';
import { predictorOf as hostilePredictor } from '../../inference/predictors/hostile-predictors.ts';

/*
 * Predictors as somebody would bring them who runs models of a kind of his own: those that are known, and one that does what
 * the request's feature `misdeed` says. That one is for the processes that candidates run in.
 */

const misbehaving = z.object({ forecaster: z.literal('misbehaving') });
const features = z.object({ misdeed: z.string() }).catch({ misdeed: 'is sound' });

export function predictorOf(artifact: Uint8Array): Predictor | Promise<Predictor> {
  const parsed: unknown = JSON.parse(Buffer.from(artifact).toString('utf8'));
  if (!misbehaving.safeParse(parsed).success) return knownPredictors()(artifact);
  return {
    batchSize: 1,
    concurrency: 32,
    predict: async (requests, signal) => {
      const [request] = requests;
      if (request === undefined) return [];
      const hostile = hostilePredictor(Buffer.from(JSON.stringify(features.parse(request.features).misdeed)));
      return hostile.predict([{ ...request, sku: 'bad' }], signal);
    },
  };
}
