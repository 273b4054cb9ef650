import { InferenceClient } from '../../../functions/inference/client.ts';
import { predictorOf } from './misbehaving-predictors.ts';

const module = new URL('./misbehaving-predictors.mjs', import.meta.url);
const client = new InferenceClient({ predictors: { predictorOf, module } });

export async function handler(event: unknown, context: { readonly awsRequestId: string }): Promise<unknown> {
  return client.forecast(event, context.awsRequestId);
}
