import * as z from 'zod';
import type { DynamoDbDatabase } from '../dynamodb-engine.ts';
import { ACCOUNT, AwsError, REGION, type Service, type ServiceRequest } from '../service.ts';

// The engine names another region in its ARNs, whatever region a request is signed for.
const ENGINE_ARN = `arn:aws:dynamodb:ddblocal:${ACCOUNT}:`;
const REAL_ARN = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:`;

/** Operations that carry items; their content passes through untouched. */
const ITEM_OPERATION =
  /^DynamoDB_20120810\.((Get|Put|Update|Delete)Item|Query|Scan|(Batch|Transact)(Get|Write)Items?)$/;

/** What each member of a transaction needs, in the words of IAM. */
const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

const tableName = z.string().transform((name) => name.split('/').at(-1) ?? name);
const requestBody = z.looseObject({
  TableName: tableName.optional(),
  IndexName: z.string().optional(),
  RequestItems: z.record(tableName, z.unknown()).optional(),
  TransactItems: z.array(z.record(z.string(), z.looseObject({ TableName: tableName }))).optional(),
  ResourceArn: z.string().default('*'),
});
type RequestBody = z.infer<typeof requestBody>;

/** The DynamoDB API in front of the engine: knows who asks, and speaks of real ARNs. */
export function createDynamoDb(engine: DynamoDbDatabase): Service {
  return {
    handle: async (request) => {
      const target = request.headers['x-amz-target'] ?? '';
      const text = request.body.toString('utf8');
      const operation = target.slice(target.indexOf('.') + 1);
      if (operation.includes('Execute')) {
        throw new AwsError('UnknownOperationException', `The local platform has no ${operation}: PartiQL is not read.`);
      }
      authorize(request, operation, parseBody(text));
      const carriesItems = ITEM_OPERATION.test(target);
      const sent = carriesItems ? text : text.replaceAll(REAL_ARN, ENGINE_ARN);
      const { status, body } = await engine.send(target, sent).catch((cause: unknown) => {
        throw new AwsError('InternalServerError', `The DynamoDB engine does not answer: ${String(cause)}`, 500);
      });
      const headers = { 'content-type': 'application/x-amz-json-1.0' };
      return { status, headers, body: carriesItems ? body : realNames(body) };
    },
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
  for (const [member, part] of (body.TransactItems ?? []).flatMap((item) => Object.entries(item))) {
    request.authorize(`dynamodb:${TRANSACTION_ACTIONS[member]}`, [tableArn(part.TableName)]);
  }
  if (body.TransactItems === undefined) request.authorize(`dynamodb:${operation}`, resourcesOf(body));
}

function resourcesOf({ TableName: table, IndexName: index, RequestItems: batch, ResourceArn }: RequestBody) {
  if (batch !== undefined) return Object.keys(batch).map(tableArn);
  if (table === undefined) return [ResourceArn];
  return [index === undefined ? tableArn(table) : `${tableArn(table)}/index/${index}`];
}

function parseBody(text: string): RequestBody {
  try {
    return requestBody.parse(JSON.parse(text === '' ? '{}' : text));
  } catch {
    throw new AwsError('SerializationException', 'The request is not a JSON document of this operation.');
  }
}
