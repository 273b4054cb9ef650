import * as z from 'zod';
import { AwsError, type InvokeResult } from '../service.ts';

/** Step Functions' limit on every input and output, in bytes of JSON text. */
export const MAX_DATA_BYTES = 256 * 1024;

/**
 * An error under the name that Retry and Catch match, its cause as text. A `terminal` one can be neither retried nor caught;
 * the interpreter asks `isRetryable` and `isCatchable`.
 */
export class StatesError extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  constructor(name: string, cause: string, terminal = false) {
    super(cause);
    this.name = name;
    this.isRetryable = !terminal;
    this.isCatchable = !terminal;
  }
}

/** @throws StatesError States.DataLimitExceeded, which nothing catches */
export function assertDataLimit(value: unknown, what: string): void {
  if (Buffer.byteLength(JSON.stringify(value) ?? '') <= MAX_DATA_BYTES) return;
  const cause = `The ${what} has a size exceeding the maximum number of bytes service limit (${MAX_DATA_BYTES}).`;
  throw new StatesError('States.DataLimitExceeded', cause, true);
}

export const callSchema = z.object({ FunctionName: z.string(), Payload: z.unknown().default({}) });
const failureSchema = z.looseObject({ errorType: z.string() });

export type InvokeFunction = (functionArn: string, payload: unknown) => Promise<InvokeResult>;

/**
 * Runs the Lambda function of a task and answers as the resource `lambda:invoke` does.
 * @throws StatesError named by the function's errorType, or `Lambda.*` when Lambda itself refused or gave no type
 */
export async function runLambdaTask(call: z.infer<typeof callSchema>, invoke: InvokeFunction): Promise<unknown> {
  assertDataLimit(call, 'input of the task');
  const { functionError, payload } = await invoke(call.FunctionName, call.Payload).catch((error: unknown) => {
    throw lambdaFailure(error);
  });
  if (functionError !== undefined) {
    const name = failureSchema.safeParse(payload).data?.errorType ?? 'Lambda.Unknown';
    throw new StatesError(name, JSON.stringify(payload) ?? '');
  }
  const answer = { ExecutedVersion: '$LATEST', Payload: payload ?? null, StatusCode: 200 };
  assertDataLimit(answer, 'result of the task');
  return answer;
}

function lambdaFailure(error: unknown): StatesError {
  if (!(error instanceof AwsError)) return new StatesError('Lambda.SdkClientException', String(error));
  // Lambda's refusals have no error name of their own in Step Functions.
  const name = error.code.startsWith('AccessDenied') ? 'AWSLambdaException' : error.code;
  return new StatesError(`Lambda.${name}`, error.message);
}
