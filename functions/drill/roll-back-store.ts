import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { parseStored } from '../platform/boundary.ts';
import { brokeOff, type RehearsedRollback, rehearsalAnswer, rehearsedRollback, thrown } from './rehearsed-rollback.ts';

/** What the function that goes back is asked by a drill. */
export interface RehearsalEvent {
  readonly executionName: string;
  readonly startedAt: string;
  /** Where the model's documents lie. */
  readonly profileId: string;
  readonly input: object;
}

/**
 * Has the function that goes back in earnest go back in the environment of drills: its code, its role, its cold start.
 * A failure of the function is the drill's result.
 */
export async function rehearseRollback(
  { client, functionName }: { readonly client: LambdaClient; readonly functionName: string },
  { executionName, startedAt, profileId, input }: RehearsalEvent,
): Promise<RehearsedRollback> {
  const event = { executionName, executionArn: '', startedAt, input, rehearsal: { profileId } };
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  const payload: unknown = JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
  const what = `The answer of ${functionName}`;
  if (FunctionError !== undefined) return brokeOff(parseStored(thrown, payload, what));
  return rehearsedRollback(parseStored(rehearsalAnswer, payload, what));
}
