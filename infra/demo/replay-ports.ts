import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type ForecastEvent, forecastAnswer, type ReplayPorts } from './replay.ts';

/** Replays against a stack: the inference function by its name, outcomes into its prediction bucket. */
export function replayPorts(of: {
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly functionName: string;
  readonly bucket: string;
}): ReplayPorts {
  return {
    forecast: async (event) => forecastAnswer.parse(JSON.parse(await askInference(of, event))),
    put: async (key, body) => {
      await of.s3.send(new PutObjectCommand({ Bucket: of.bucket, Key: key, Body: body }));
    },
  };
}

/** The inference function's answer as it came, JSON. @throws Error when the function failed */
export async function askInference(
  { lambda, functionName }: { readonly lambda: LambdaClient; readonly functionName: string },
  event: ForecastEvent,
): Promise<string> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }));
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError !== undefined) {
    throw new Error(`Inference failed on ${event.requestId}: ${answer.FunctionError} ${text.slice(0, 1_000)}`);
  }
  return text;
}
