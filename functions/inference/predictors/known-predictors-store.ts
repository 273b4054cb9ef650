import type { Predictor, PredictorFactory } from './predictor.ts';
import { predictorFactory } from './predictor-factory.ts';
import type { LambdaArtifact, SageMakerArtifact } from './remote-artifact.ts';

/** The factory of every kind of artifact that is known here. A client is loaded with the first version that needs it. */
export function knownPredictors(): PredictorFactory {
  return predictorFactory({ lambda, sagemaker });
}

async function lambda(described: LambdaArtifact): Promise<Predictor> {
  const { lambdaPredictor } = await import('./lambda-predictor-store.ts');
  return lambdaPredictor(described);
}

async function sagemaker(described: SageMakerArtifact): Promise<Predictor> {
  const { sageMakerPredictor } = await import('./sagemaker-predictor-store.ts');
  return sageMakerPredictor(described);
}
