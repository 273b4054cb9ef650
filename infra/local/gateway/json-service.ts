import * as z from 'zod';
import { AwsError, type Service, type ServiceRequest } from '../service.ts';

type Authorize = ServiceRequest['authorize'];
/** One operation on the parsed body; what it answers becomes the body of the response. */
export type JsonOperation = (body: unknown, authorize: Authorize) => unknown;

/** A handler of requests in AWS JSON, for operations by their name. @throws AwsError UnknownOperationException */
export function jsonService(operations: Readonly<Record<string, JsonOperation>>): Service['handle'] {
  return async ({ headers, body, authorize }) => {
    const name = headers['x-amz-target']?.split('.').at(-1) ?? '';
    const run = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (run === undefined) {
      const known = Object.keys(operations).toSorted().join(', ');
      throw new AwsError('UnknownOperationException', `The local platform has no operation ${name} (it has ${known}).`);
    }
    const answer = await run(parseJson(body), authorize);
    const contentType = headers['content-type'] ?? 'application/x-amz-json-1.0';
    return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(answer) };
  };
}

/** An operation whose body is read first. @throws AwsError ValidationException, naming every fault */
export function operation<T>(schema: z.ZodType<T>, run: (input: T, authorize: Authorize) => unknown): JsonOperation {
  return (body, authorize) => {
    const parsed = schema.safeParse(body);
    if (parsed.success) return run(parsed.data, authorize);
    throw new AwsError('ValidationException', z.prettifyError(parsed.error));
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The request is not JSON.');
  }
}
