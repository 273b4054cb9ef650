import * as z from 'zod';
import type { ServiceRequest } from '../service.ts';
import type { ConditionContext } from './policy-document.ts';

/** A request before it is known what its caller may do. */
export type PlainRequest = Omit<ServiceRequest, 'authorize'>;

const signSchema = z.object({ MessageType: z.string().default('RAW'), SigningAlgorithm: z.string().optional() });

/** What the condition keys of policies are for this request, as the service would tell IAM. */
export function conditionContext(service: string, request: PlainRequest): ConditionContext {
  if (service === 's3') {
    const isPart = request.method === 'PUT' && request.query.has('partNumber');
    return {
      's3:if-none-match': request.headers['if-none-match'],
      's3:object-lock-mode': request.headers['x-amz-object-lock-mode'],
      's3:objectcreationoperation': String(!isPart),
    };
  }
  if (service === 'kms') {
    const body = signSchema.safeParse(jsonOf(request.body)).data;
    return { 'kms:messagetype': body?.MessageType, 'kms:signingalgorithm': body?.SigningAlgorithm };
  }
  return {};
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
