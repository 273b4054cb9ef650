import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Predictor } from './predictor.ts';
import type { LambdaArtifact } from './remote-artifact.ts';
import { PredictorFault, remotePredictor } from './remote-predictor.ts';

/** A version that is a published version of a Lambda function. What the function throws is told by code alone. */
export function lambdaPredictor(client: Pick<LambdaClient, 'send'>, { functionArn }: LambdaArtifact): Predictor {
  return remotePredictor({
    call: async (payload, signal) => {
      const command = new InvokeCommand({
        FunctionName: functionArn,
        InvocationType: 'RequestResponse',
        Payload: Buffer.from(payload),
      });
      const { FunctionError, Payload } = await client.send(command, { abortSignal: signal });
      if (FunctionError === undefined) return Payload;
      throw new PredictorFault('PREDICTOR_FAILED', `The function ${functionArn} failed: ${FunctionError}.`);
    },
  });
}
