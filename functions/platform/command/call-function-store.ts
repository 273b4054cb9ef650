import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type * as z from 'zod';
import { clientOptions, type Environment, type Where } from './where.ts';

/** A function to call, and where. */
export interface FunctionCall {
  readonly functionName: string;
  readonly event: object;
  readonly where: Where;
}

/** How much of what a function failed with is told. */
const MAX_FAILURE = 1000;

/**
 * Calls a function of the stack for an operator, and waits for its answer.
 * @throws whatever Lambda throws; Error with what the function failed with; ZodError for an answer of another shape
 */
export async function callFunction<T>(
  { functionName, event, where }: FunctionCall,
  answer: z.ZodType<T>,
  as: { readonly environment: Environment; readonly command: string },
): Promise<T> {
  const client = new LambdaClient(clientOptions(where, as.environment, as.command));
  const Payload = Buffer.from(JSON.stringify(event));
  const got = await client.send(new InvokeCommand({ FunctionName: functionName, Payload }));
  const text = Buffer.from(got.Payload ?? []).toString('utf8');
  if (got.FunctionError !== undefined) throw new Error(`${functionName} failed: ${text.slice(0, MAX_FAILURE)}`);
  return answer.parse(JSON.parse(text));
}
