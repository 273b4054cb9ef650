import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type * as z from 'zod';
import { within } from '../../platform/deadline.ts';

export interface Asked<T> {
  readonly client: LambdaClient;
  readonly functionName: string;
  readonly event: object;
  readonly schema: z.ZodType<T>;
  readonly timeoutMs: number;
  /** Told why there is no answer. */
  readonly onSilence: (functionName: string, cause: string) => void;
}

/** What a function answers; null when it fails, is late, or answers something else. Never throws. */
export async function askFunction<T>(asked: Asked<T>): Promise<T | null> {
  const { client, functionName, event, schema, timeoutMs, onSilence } = asked;
  const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) });
  const answer = await within(timeoutMs, async (abortSignal) => {
    const { Payload, FunctionError } = await client.send(command, { abortSignal });
    const text = Buffer.from(Payload ?? []).toString('utf8');
    if (FunctionError !== undefined) throw new Error(`${FunctionError}: ${text.slice(0, 500)}`);
    return schema.parse(JSON.parse(text));
  });
  if (answer.done) return answer.value;
  onSilence(functionName, String(answer.cause));
  return null;
}
