import { xml } from '../gateway/protocol.ts';
import { AwsError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import type { NewObject, ObjectVersion, S3Objects } from './objects.ts';

/** One request, with its address taken apart and the store at hand. */
export interface S3Call {
  readonly request: ServiceRequest;
  readonly objects: S3Objects;
  readonly now: Date;
  readonly bucketName: string;
  readonly key: string;
}
export type S3Operation = (call: S3Call) => ServiceResponse;

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

export function objectArn({ bucketName, key }: Pick<S3Call, 'bucketName' | 'key'>): string {
  return `${bucketArn(bucketName)}/${key}`;
}

/** @param isMarkup whether the content is elements already, instead of text */
export function element(name: string, content: string | number, isMarkup = false): string {
  return `<${name}>${isMarkup ? content : xml(String(content))}</${name}>`;
}

export function xmlDocument(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
}

export function xmlAnswer(body: string, headers: Readonly<Record<string, string>> = {}): ServiceResponse {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** Demands that the caller may write this object, and lock it when the request does. */
export function authorizePut(call: S3Call): void {
  call.request.authorize('s3:PutObject', [objectArn(call)]);
  const locks = call.request.headers['x-amz-object-lock-mode'] !== undefined;
  if (locks) call.request.authorize('s3:PutObjectRetention', [objectArn(call)]);
}

/** Headers of a write that are kept and answered on reads. */
export function keptHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const encoding = headers['content-encoding']?.replace(/aws-chunked,?\s*/, '');
  const plain = ['content-type', 'content-language', 'content-disposition', 'cache-control', 'expires'];
  const kept = Object.entries(headers).filter(([name]) => plain.includes(name) || name.startsWith('x-amz-meta-'));
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept),
    ...(encoding === undefined || encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

/**
 * Stores an object if the request's condition holds for what lies there now.
 * @throws AwsError PreconditionFailed (412), InvalidRequest, NotImplemented
 */
export function store(call: S3Call, object: Omit<NewObject, 'key'>): ObjectVersion {
  const { request, objects, key } = call;
  const bucket = objects.bucket(call.bucketName);
  const { 'if-none-match': absent = '*', 'if-match': same } = request.headers;
  if (absent !== '*' || same !== undefined) {
    throw new AwsError('NotImplemented', 'A write takes the condition If-None-Match: * only.', 501);
  }
  const isConditional = request.headers['if-none-match'] !== undefined;
  if (isConditional && objects.find(bucket, key) !== undefined) throw preconditionFailed('If-None-Match');
  if (object.retention !== undefined && !bucket.objectLock) {
    throw new AwsError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  return objects.put(bucket, { ...object, key });
}

export function versionHeaders(version: ObjectVersion): Readonly<Record<string, string>> {
  return version.versionId === 'null' ? {} : { 'x-amz-version-id': version.versionId };
}

export function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError('PreconditionFailed', message, 412, { Condition: condition });
}
