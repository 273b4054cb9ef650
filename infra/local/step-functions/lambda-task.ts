import * as z from 'zod';
import { ACCOUNT, AwsError, type InvokeResult, REGION } from '../service.ts';
import type { TaskSpec } from './state-machine-definition.ts';

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

const CallSchema = z.looseObject({
  FunctionName: z.string(),
  Payload: z.unknown().optional(),
  Qualifier: z.string().optional(),
});
const FailureSchema = z.looseObject({ errorType: z.string() });

export type InvokeFunction = (functionArn: string, payload: unknown) => Promise<InvokeResult>;

/**
 * Runs the Lambda function of a task and answers as its resource does: `lambda:invoke` with
 * `{ExecutedVersion, Payload, StatusCode}`, a function's own ARN with the payload.
 * @throws StatesError named by the function's errorType, or `Lambda.*` when Lambda itself refused or gave no type
 */
export async function runLambdaTask(spec: TaskSpec, input: unknown, invoke: InvokeFunction): Promise<unknown> {
  assertDataLimit(input, 'input of the task');
  const call = callOf(spec, input);
  const result = await invoke(call.functionArn, call.payload).catch((error: unknown) => {
    throw lambdaFailure(error);
  });
  if (result.functionError !== undefined) throw functionFailure(result.payload);
  const payload = result.payload ?? null;
  const answer = spec.kind === 'function' ? payload : { ExecutedVersion: '$LATEST', Payload: payload, StatusCode: 200 };
  assertDataLimit(answer, 'result of the task');
  return answer;
}

function callOf(spec: TaskSpec, input: unknown): { readonly functionArn: string; readonly payload: unknown } {
  if (spec.kind === 'function') return { functionArn: spec.functionArn, payload: input };
  const parameters = CallSchema.safeParse(input);
  if (!parameters.success) throw new StatesError('States.Runtime', z.prettifyError(parameters.error), true);
  const { FunctionName: name, Qualifier: qualifier, Payload: payload = {} } = parameters.data;
  const functionArn = name.startsWith('arn:') ? name : `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
  return { functionArn: qualifier === undefined ? functionArn : `${functionArn}:${qualifier}`, payload };
}

function functionFailure(payload: unknown): StatesError {
  const failure = FailureSchema.safeParse(payload);
  return new StatesError(failure.success ? failure.data.errorType : 'Lambda.Unknown', JSON.stringify(payload) ?? '');
}

function lambdaFailure(error: unknown): StatesError {
  if (!(error instanceof AwsError)) {
    return new StatesError('Lambda.SdkClientException', error instanceof Error ? error.message : String(error));
  }
  // Lambda's refusals have no error name of their own in Step Functions.
  const name = error.code.startsWith('AccessDenied') ? 'AWSLambdaException' : error.code;
  return new StatesError(`Lambda.${name}`, error.message);
}
