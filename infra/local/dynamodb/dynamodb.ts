import * as z from 'zod';
import type { DynamoDbEngine } from '../dynamodb-engine.ts';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceRequest, type ServiceResponse } from '../service.ts';

export { type DynamoDbEngine, startDynamoDb } from '../dynamodb-engine.ts';

const API = 'DynamoDB_20120810.';
// The engine names another region in its ARNs, whatever region a request is signed for.
const ENGINE_ARN = `arn:aws:dynamodb:ddblocal:${ACCOUNT}:`;
const REAL_ARN = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:`;

/** Operations that carry items; their content passes through untouched. */
const ITEM_OPERATIONS: ReadonlySet<string> = new Set([
  ...['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'],
  ...['BatchGetItem', 'BatchWriteItem', 'TransactGetItems', 'TransactWriteItems'],
]);

/** What each member of a transaction needs, in the words of IAM. */
const TRANSACTION_ACTIONS = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
} as const;

const tableName = z.string().transform((name) => name.split('/').at(-1) ?? name);
const named = z.looseObject({ TableName: tableName });
const requestBody = z.looseObject({
  TableName: tableName.optional(),
  IndexName: z.string().optional(),
  RequestItems: z.record(tableName, z.unknown()).optional(),
  TransactItems: z
    .array(
      z.looseObject({
        Put: named.optional(),
        Update: named.optional(),
        Delete: named.optional(),
        ConditionCheck: named.optional(),
        Get: named.optional(),
      }),
    )
    .optional(),
  StreamArn: z.string().optional(),
  ResourceArn: z.string().optional(),
});
type RequestBody = z.infer<typeof requestBody>;

/** The DynamoDB API (tables and their streams) in front of the engine: knows who asks, and speaks of real ARNs. */
export function createDynamoDb(engine: DynamoDbEngine): Service {
  return {
    handle: async (request) => {
      const target = request.headers['x-amz-target'] ?? '';
      const operation = target.slice(target.indexOf('.') + 1);
      const text = request.body.toString('utf8');
      authorize(request, operation, parseBody(text));
      const carriesItems = target.startsWith(API) && ITEM_OPERATIONS.has(operation);
      const answer = await forward(engine, target, carriesItems ? text : text.replaceAll(REAL_ARN, ENGINE_ARN));
      return respond(answer.status, carriesItems ? answer.body : realNames(answer.body));
    },
    stop: () => engine.stop(),
  };
}

export function tableArn(table: string): string {
  return `${REAL_ARN}table/${table}`;
}

/** The engine's names for ARN and region replaced by the real ones. */
export function realNames(text: string): string {
  return text.replaceAll(ENGINE_ARN, REAL_ARN).replaceAll('"awsRegion":"ddblocal"', `"awsRegion":"${REGION}"`);
}

/** The reverse of `realNames` for an ARN. */
export function engineArn(arn: string): string {
  return arn.replace(REAL_ARN, ENGINE_ARN);
}

function authorize(request: ServiceRequest, operation: string, body: RequestBody): void {
  if (body.TransactItems !== undefined) {
    for (const item of body.TransactItems) {
      for (const [member, action] of Object.entries(TRANSACTION_ACTIONS)) {
        const part = named.safeParse(item[member]);
        if (part.success) request.authorize(`dynamodb:${action}`, [tableArn(part.data.TableName)]);
      }
    }
    return;
  }
  request.authorize(`dynamodb:${operation}`, resourcesOf(body));
}

function resourcesOf(body: RequestBody): readonly string[] {
  const { TableName: table, IndexName: index, RequestItems: batch } = body;
  if (batch !== undefined) return Object.keys(batch).map(tableArn);
  if (table !== undefined) return [index === undefined ? tableArn(table) : `${tableArn(table)}/index/${index}`];
  return [body.StreamArn ?? body.ResourceArn ?? '*'];
}

function parseBody(text: string): RequestBody {
  try {
    return requestBody.parse(JSON.parse(text === '' ? '{}' : text));
  } catch {
    throw new AwsError('SerializationException', 'The request is not a JSON document of this operation.');
  }
}

async function forward(engine: DynamoDbEngine, target: string, body: string) {
  try {
    return await engine.send(target, body);
  } catch (cause) {
    throw new AwsError('InternalServerError', `The DynamoDB engine does not answer: ${String(cause)}`, 500);
  }
}

function respond(status: number, body: string): ServiceResponse {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body };
}
