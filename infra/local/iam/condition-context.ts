import * as z from 'zod';
import type { ServiceRequest } from '../service.ts';
import type { ConditionContext } from './policy-document.ts';

/** A request before it is known what its caller may do. */
export type PlainRequest = Omit<ServiceRequest, 'authorize'>;

const signSchema = z.object({ MessageType: z.string().default('RAW'), SigningAlgorithm: z.string().optional() });

/** What the condition keys of policies are for this request, as the service would tell IAM. */
export function conditionContext(service: string, { method, query, headers, body }: PlainRequest): ConditionContext {
  if (service === 's3') {
    // Beginning an upload in parts and sending one of them creates no object; its end does.
    const isPart = (method === 'POST' && query.has('uploads')) || (method === 'PUT' && query.has('partNumber'));
    return {
      's3:if-none-match': headers['if-none-match'],
      's3:object-lock-mode': headers['x-amz-object-lock-mode'],
      's3:objectcreationoperation': String(!isPart),
    };
  }
  if (service === 'dynamodb') return { ...queried(body), 'dynamodb:leadingkeys': leadingKey(body) };
  if (service !== 'kms') return {};
  try {
    const sign = signSchema.parse(JSON.parse(body.toString('utf8')));
    return { 'kms:messagetype': sign.MessageType, 'kms:signingalgorithm': sign.SigningAlgorithm };
  } catch {
    return {};
  }
}

const querySchema = z.object({
  Select: z.string().optional(),
  ProjectionExpression: z.string().default(''),
  FilterExpression: z.string().default(''),
  KeyConditionExpression: z.string().default(''),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
});

/** What a query asks for: every attribute that its expressions name, separated by commas. */
function queried(body: Buffer): ConditionContext {
  const query = querySchema.safeParse(jsonOf(body)).data;
  if (query === undefined) return {};
  const { Select, ProjectionExpression, FilterExpression, KeyConditionExpression, ExpressionAttributeNames } = query;
  const plain = ProjectionExpression.split(',').map((name) => name.trim());
  const others = `${FilterExpression} ${KeyConditionExpression}`.match(/#\w+/g) ?? [];
  const names = [...plain, ...others]
    .filter((name) => name !== '')
    .map((name) => ExpressionAttributeNames[name] ?? name);
  return { 'dynamodb:select': Select, 'dynamodb:attributes': names.length === 0 ? undefined : names.join(',') };
}

/** The tables that policies tell apart by their items have a partition key `pk`; one item is put, or named, at a time. */
const itemSchema = z.object({ pk: z.object({ S: z.string() }) });
const oneItemSchema = z.object({ Item: itemSchema.optional(), Key: itemSchema.optional() });

function leadingKey(body: Buffer): string | undefined {
  const request = oneItemSchema.safeParse(jsonOf(body)).data;
  return (request?.Item ?? request?.Key)?.pk.S;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The service itself refuses it.
    return undefined;
  }
}
