import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Predictor } from './predictor.ts';
import type { LambdaArtifact } from './remote-artifact.ts';
import { PredictorFault, remotePredictor } from './remote-predictor.ts';

/**
 * A version that is a published version of a Lambda function. What the function throws is told by code alone. Whoever asks
 * has a time limit; within it one repetition covers a connection that was cut while the environment was frozen.
 */
export function lambdaPredictor(
  { functionArn }: LambdaArtifact,
  client: Pick<LambdaClient, 'send'> = new LambdaClient({ maxAttempts: 2 }),
): Predictor {
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
