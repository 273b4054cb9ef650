import * as z from 'zod';
import { AwsError, type Now, type Service, type ServiceResponse } from '../service.ts';
import { readBody } from './body.ts';
import {
  authorizePut,
  bucketArn,
  element,
  keptHeaders,
  objectArn,
  preconditionFailed,
  type S3Call,
  type S3Operation,
  store,
  versionHeaders,
  xmlAnswer,
  xmlDocument,
} from './call.ts';
import { listObjects, listVersions } from './listing.ts';
import { demandDeletable, retentionOf } from './lock.ts';
import { createMultipart } from './multipart.ts';
import { type ObjectVersion, S3Objects } from './objects.ts';

export interface S3 extends Service {
  /** Creates a bucket from the resolved properties of an AWS::S3::Bucket; objects kept in the data directory are there. */
  createBucket(name: string, resolved: unknown): { readonly name: string; readonly arn: string };
}

const bucketProperties = z.looseObject({
  VersioningConfiguration: z.looseObject({ Status: z.string() }).optional(),
  ObjectLockEnabled: z.boolean().default(false),
  // A default retention would have to be applied to every write; the stack sets its own on each.
  ObjectLockConfiguration: z.looseObject({ Rule: z.undefined().optional() }).optional(),
});

/** Query parameters that qualify an operation; every other one names it. */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['x-id', 'versionId', 'prefix', 'delimiter', 'max-keys', 'encoding-type', 'fetch-owner', 'start-after'],
  'continuation-token',
]);

/** The S3 API on a directory: path-style addresses, versions, Object Lock, conditional writes. */
export function createS3(options: { readonly dataDir?: string; readonly now?: Now } = {}): S3 {
  const now = options.now ?? (() => new Date());
  const objects = new S3Objects(now, options.dataDir);
  const operations = { ...OPERATIONS, ...createMultipart() };
  return {
    handle: async (request) => {
      const [bucketName = '', ...rest] = request.path.slice(1).split('/').map(decodeURIComponent);
      const key = rest.join('/');
      const named = [...request.query.keys()].filter((parameter) => !PARAMETERS.has(parameter)).sort();
      const name = [key === '' ? 'bucket' : 'object', request.method, ...named].join(' ');
      const operation = operations[name];
      if (operation !== undefined) return operation({ request, objects, now: now(), bucketName, key });
      throw new AwsError('NotImplemented', `The local platform has no S3 operation "${name}".`, 501);
    },
    createBucket: (name, resolved) => {
      const { ObjectLockEnabled: objectLock, VersioningConfiguration } = bucketProperties.parse(resolved);
      objects.createBucket(name, {
        versioned: objectLock || VersioningConfiguration?.Status === 'Enabled',
        objectLock,
      });
      return { name, arn: bucketArn(name) };
    },
    stop: async () => objects.stop(),
  };
}

const OPERATIONS: Readonly<Record<string, S3Operation>> = {
  'bucket GET list-type': ({ request, objects, bucketName }) => {
    request.authorize('s3:ListBucket', [bucketArn(bucketName)]);
    return xmlAnswer(listObjects(objects.bucket(bucketName), request.query));
  },
  'bucket GET versions': ({ request, objects, bucketName }) => {
    request.authorize('s3:ListBucketVersions', [bucketArn(bucketName)]);
    return xmlAnswer(listVersions(objects.bucket(bucketName), request.query));
  },
  'object GET': getObject,
  'object HEAD': getObject,
  'object PUT': (call) =>
    call.request.headers['x-amz-copy-source'] === undefined ? putObject(call) : copyObject(call),
  'object DELETE': deleteObject,
  'object GET retention': getRetention,
};

function putObject(call: S3Call): ServiceResponse {
  authorizePut(call);
  const { body, checksums } = readBody(call.request);
  const retention = retentionOf(call.request.headers, call.now);
  const version = store(call, { body, headers: { ...keptHeaders(call.request.headers), ...checksums }, retention });
  return { status: 200, headers: { etag: `"${version.etag}"`, ...versionHeaders(version), ...checksums } };
}

function copyObject(call: S3Call): ServiceResponse {
  const { request, objects } = call;
  const [path = '', versionId] = (request.headers['x-amz-copy-source'] ?? '').replace(/^\//, '').split('?versionId=');
  const [bucketName = '', ...rest] = path.split('/').map(decodeURIComponent);
  authorizePut(call);
  // AWS answers so too: a copy takes no condition on its target.
  if (request.headers['if-none-match'] !== undefined) {
    throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
  }
  const source = readable({ ...call, bucketName, key: rest.join('/') }, versionId ?? null);
  const replaced = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const version = store(call, {
    body: objects.read(objects.bucket(bucketName), source),
    headers: replaced ? keptHeaders(request.headers) : source.headers,
    retention: retentionOf(request.headers, call.now),
  });
  const result = element('ETag', `"${version.etag}"`) + element('LastModified', version.lastModified);
  const copied = source.versionId === 'null' ? {} : { 'x-amz-copy-source-version-id': source.versionId };
  return xmlAnswer(xmlDocument('CopyObjectResult', result), { ...versionHeaders(version), ...copied });
}

/**
 * The version that a read asks for.
 * @throws AwsError AccessDenied, NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker by its version)
 */
function readable(call: S3Call, versionId: string | null, action = 'GetObject'): ObjectVersion {
  const { request, objects, bucketName, key } = call;
  request.authorize(`s3:${action}${versionId !== null && action === 'GetObject' ? 'Version' : ''}`, [objectArn(call)]);
  const found = objects.find(objects.bucket(bucketName), key, versionId);
  if (found === undefined) {
    // Whoever may not list a bucket does not learn that a key is missing either.
    request.authorize('s3:ListBucket', [bucketArn(bucketName)]);
    if (versionId === null) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key });
  }
  if (!found.deleteMarker) return found;
  throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
}

function getObject(call: S3Call): ServiceResponse {
  const { request, objects } = call;
  const version = readable(call, request.query.get('versionId'));
  const { 'if-match': same, range } = request.headers;
  if (same !== undefined && same.replaceAll('"', '') !== version.etag) throw preconditionFailed('If-Match');
  const part = range === undefined ? undefined : rangeOf(range, version.bytes);
  const wantsChecksums = part === undefined && request.headers['x-amz-checksum-mode'] === 'ENABLED';
  const kept = Object.entries(version.headers).filter(([name]) => wantsChecksums || !name.startsWith('x-amz-checksum'));
  const headers = {
    ...Object.fromEntries(kept),
    ...versionHeaders(version),
    ...lockHeaders(version),
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'content-length': String(part === undefined ? version.bytes : part.last - part.first + 1),
    ...(part === undefined ? {} : { 'content-range': `bytes ${part.first}-${part.last}/${version.bytes}` }),
  };
  const status = part === undefined ? 200 : 206;
  if (request.method === 'HEAD') return { status, headers };
  const body = objects.read(objects.bucket(call.bucketName), version);
  return { status, headers, body: part === undefined ? body : body.subarray(part.first, part.last + 1) };
}

/** `bytes=<first>-[<last>]`: what clients that read a large object in parts send. */
function rangeOf(range: string, bytes: number): { readonly first: number; readonly last: number } {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const part = { first: Number(from), last: Math.min(Number(to || bytes), bytes - 1) };
  if (part.first <= part.last) return part;
  throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
}

function lockHeaders({ retention }: ObjectVersion): Readonly<Record<string, string>> {
  if (retention === undefined) return {};
  return { 'x-amz-object-lock-mode': retention.mode, 'x-amz-object-lock-retain-until-date': retention.until };
}

function deleteObject(call: S3Call): ServiceResponse {
  const { request, objects, key } = call;
  const versionId = request.query.get('versionId');
  request.authorize(versionId === null ? 's3:DeleteObject' : 's3:DeleteObjectVersion', [objectArn(call)]);
  const bucket = objects.bucket(call.bucketName);
  if (versionId === null && bucket.versioned) {
    const marker = objects.putDeleteMarker(bucket, key);
    return { status: 204, headers: { 'x-amz-delete-marker': 'true', ...versionHeaders(marker) } };
  }
  const version = objects.find(bucket, key, versionId ?? 'null');
  if (version === undefined) return { status: 204 };
  demandDeletable(version, call.now, () => bypasses(call));
  objects.remove(bucket, version);
  return { status: 204, headers: versionHeaders(version) };
}

/** Whether the caller asks to pass over governance retention, and may. */
function bypasses(call: S3Call): boolean {
  if (call.request.headers['x-amz-bypass-governance-retention']?.toLowerCase() !== 'true') return false;
  call.request.authorize('s3:BypassGovernanceRetention', [objectArn(call)]);
  return true;
}

function getRetention(call: S3Call): ServiceResponse {
  const { retention } = readable(call, call.request.query.get('versionId'), 'GetObjectRetention');
  if (retention !== undefined) {
    const content = element('Mode', retention.mode) + element('RetainUntilDate', retention.until);
    return xmlAnswer(xmlDocument('Retention', content));
  }
  const message = 'The specified object does not have a ObjectLock configuration';
  throw new AwsError('NoSuchObjectLockConfiguration', message, 404);
}
