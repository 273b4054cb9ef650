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
  if (service !== 'kms') return {};
  try {
    const sign = signSchema.parse(JSON.parse(body.toString('utf8')));
    return { 'kms:messagetype': sign.MessageType, 'kms:signingalgorithm': sign.SigningAlgorithm };
  } catch {
    return {};
  }
}
