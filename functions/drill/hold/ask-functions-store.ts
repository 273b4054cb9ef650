import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type * as z from 'zod';
import { armedAnswer } from '../../kill-switch/armed.ts';
import { within } from '../../platform/deadline.ts';
import { checkedAnswer } from '../record-readiness.ts';
import type { MayExposePorts } from './may-expose.ts';

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

/** Asks, of a model, whether it can be gone back from, and whether what would have to stop its canary is armed. */
export function askWaysBack(of: {
  readonly client: LambdaClient;
  readonly readinessFunction: string;
  /** Names of functions, by what they are to people. */
  readonly stopping: Readonly<Record<string, string>>;
  readonly onSilence: Asked<unknown>['onSilence'];
}): Pick<MayExposePorts, 'readiness' | 'armed'> {
  const { client, readinessFunction: functionName, stopping, onSilence } = of;
  const asking = { client, onSilence };
  return {
    readiness: async (model) => {
      const ask = { event: { model }, schema: checkedAnswer, timeoutMs: 60_000 };
      return (await askFunction({ ...asking, ...ask, functionName }))?.[0] ?? null;
    },
    armed: async (model) => {
      const ask = { event: { model, dryRun: true }, schema: armedAnswer, timeoutMs: 20_000 };
      const asked = Object.entries(stopping).map(async ([what, name]) => [
        what,
        await askFunction({ ...asking, ...ask, functionName: name }),
      ]);
      return Object.fromEntries(await Promise.all(asked));
    },
  };
}
