import * as z from 'zod';
import { parseInput } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { artifact, forecasterOf, jsonOf } from './artifact.ts';
import { inProcess, type Predictor, type PredictorFactory } from './predictor.ts';
import { type LambdaArtifact, lambdaArtifact, type SageMakerArtifact, sageMakerArtifact } from './remote-artifact.ts';

/** How versions are asked that run elsewhere. */
export interface RemotePredictors {
  readonly lambda: (described: LambdaArtifact) => Predictor | Promise<Predictor>;
  readonly sagemaker: (described: SageMakerArtifact) => Predictor | Promise<Predictor>;
}

const anyArtifact = z.discriminatedUnion('forecaster', [artifact, lambdaArtifact, sageMakerArtifact]);

/** The factory of every kind of artifact that is known here: the built-in forecasters, and versions that run elsewhere. */
export function predictorFactory(remote: RemotePredictors): PredictorFactory {
  return (bytes) => {
    const parsed = parseInput(anyArtifact, jsonOf(bytes), 'Correct the artifact and hand in a new version.');
    if (!parsed.ok) {
      throw new ReleaseError('INVALID_INPUT', 'The artifact is none that runs here.', { reasons: parsed.reasons });
    }
    const described = parsed.value;
    switch (described.forecaster) {
      case 'lambda':
        return remote.lambda(described);
      case 'sagemaker':
        return remote.sagemaker(described);
      default:
        return inProcess(forecasterOf(described));
    }
  };
}
