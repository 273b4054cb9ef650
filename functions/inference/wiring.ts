import { inferenceS3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { predictionPaths } from '../platform/keys.ts';
import { inferenceEvidence } from '../platform/wiring.ts';
import { BatchInputStore } from './log/batch-input-store.ts';
import { BatchLog } from './log/batch-log-store.ts';
import { HandedOverStore } from './log/handed-over-store.ts';
import type { BatchName } from './log/log-object.ts';
import { type IsolatedJob, IsolatedRunner } from './predictors/isolated-runner-store.ts';
import { knownPredictors } from './predictors/known-predictors-store.ts';
import { ModelStore } from './predictors/model-store.ts';
import type { PredictorFactory } from './predictors/predictor.ts';
import { heard } from './serving/heard.ts';

/** What makes predictors of artifacts of somebody's own kinds, and the ES module that exports it as `predictorOf`. */
export interface OwnPredictors {
  readonly predictorOf: PredictorFactory;
  readonly module: URL;
}

/** What the client and the completer of its log have in common, as their environment configures it. */
export function inferenceWiring(predictors: OwnPredictors | undefined) {
  const [s3, bucket, publicKeyPem] = [inferenceS3(), config('PREDICTION_BUCKET'), config('POINTER_PUBLIC_KEY')];
  const isolated = new IsolatedRunner(predictors === undefined ? {} : { predictorModule: predictors.module });
  return {
    ...{ s3, bucket, publicKeyPem, isolated },
    models: new ModelStore({
      ...{ evidence: inferenceEvidence(), publicKeyPem, now: systemClock },
      predictorOf: predictors?.predictorOf ?? knownPredictors(),
    }),
    runApart: async (job: IsolatedJob) => heard(await isolated.run(job)),
    handedOver: new HandedOverStore(s3, bucket),
    input: new BatchInputStore(s3, [`s3://${bucket}/${predictionPaths.requestsPrefix}`]),
    startLog: (name: BatchName) => new BatchLog({ ...name, client: s3, bucket }),
  };
}
