import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Predictor } from './predictor.ts';
import type { SageMakerArtifact } from './remote-artifact.ts';
import { PredictorFault, remotePredictor } from './remote-predictor.ts';

/**
 * A version that is one variant of a SageMaker endpoint. An answer of another variant is another model's, and refused.
 * Calls are repeated once, as those to a function are.
 */
export function sageMakerPredictor(
  { endpointName, variant, modelId }: SageMakerArtifact,
  client: Pick<SageMakerRuntimeClient, 'send'> = new SageMakerRuntimeClient({ maxAttempts: 2 }),
): Predictor {
  return remotePredictor({
    modelId,
    call: async (payload, signal) => {
      const command = new InvokeEndpointCommand({
        EndpointName: endpointName,
        TargetVariant: variant,
        ContentType: 'application/json',
        Accept: 'application/json',
        Body: Buffer.from(payload),
      });
      const { Body, InvokedProductionVariant } = await client.send(command, { abortSignal: signal });
      if (InvokedProductionVariant === variant) return Body;
      throw new PredictorFault(
        'PREDICTOR_NOT_PINNED',
        `Expected an answer of the variant ${variant} of ${endpointName}, got ${InvokedProductionVariant}.`,
      );
    },
  });
}
