import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { forecastAnswer, type ReplayPorts } from './replay.ts';

/** Replays against a stack: the inference function by its name, outcomes into its prediction bucket. */
export function replayPorts(of: {
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly functionName: string;
  readonly bucket: string;
}): ReplayPorts {
  return {
    forecast: async (event) => {
      const answer = await of.lambda.send(
        new InvokeCommand({ FunctionName: of.functionName, Payload: JSON.stringify(event) }),
      );
      const text = Buffer.from(answer.Payload ?? []).toString('utf8');
      if (answer.FunctionError !== undefined) {
        throw new Error(`Inference failed on ${event.requestId}: ${answer.FunctionError} ${text.slice(0, 1_000)}`);
      }
      return forecastAnswer.parse(JSON.parse(text));
    },
    put: async (key, body) => {
      await of.s3.send(new PutObjectCommand({ Bucket: of.bucket, Key: key, Body: body }));
    },
  };
}
