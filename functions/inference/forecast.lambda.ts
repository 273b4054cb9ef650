import { InferenceClient } from './client.ts';
import type { ForecastAnswer } from './serving/forecast.ts';
import type { BatchAnswer } from './serving/forecast-batch.ts';

const client = new InferenceClient();

/** Forecasts requests, or a batch of them in S3, by the version that the pointer names for each. */
export async function handler(
  event: unknown,
  context: { readonly awsRequestId: string },
): Promise<ForecastAnswer | BatchAnswer> {
  return client.forecast(event, context.awsRequestId);
}
