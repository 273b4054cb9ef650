import { createHash, randomBytes } from 'node:crypto';
import { AwsError } from '../service.ts';
import { readBody } from './body.ts';
import {
  authorizePut,
  element,
  keptHeaders,
  objectArn,
  type S3Call,
  type S3Operation,
  store,
  versionHeaders,
  xmlAnswer,
  xmlDocument,
} from './call.ts';
import { retentionOf } from './lock.ts';
import type { NewObject } from './objects.ts';

interface Upload extends Pick<NewObject, 'headers' | 'retention'> {
  readonly place: string;
  readonly parts: Map<number, { readonly body: Buffer; readonly md5: string }>;
}

/** Uploads in parts, as clients send what is larger than a few megabytes; unfinished ones end with the process. */
export function createMultipart(): Readonly<Record<string, S3Operation>> {
  const uploads = new Map<string, Upload>();
  const idOf = ({ request }: S3Call): string => request.query.get('uploadId') ?? '';
  const find = (call: S3Call): Upload => {
    const upload = uploads.get(idOf(call));
    if (upload?.place === objectArn(call)) return upload;
    throw new AwsError('NoSuchUpload', 'The specified upload does not exist.', 404);
  };
  return {
    'object POST uploads': (call) => {
      authorizePut(call);
      call.objects.bucket(call.bucketName);
      const id = randomBytes(16).toString('hex');
      const { headers } = call.request;
      const retention = retentionOf(headers, call.now);
      uploads.set(id, { place: objectArn(call), headers: keptHeaders(headers), retention, parts: new Map() });
      return xmlAnswer(xmlDocument('InitiateMultipartUploadResult', address(call) + element('UploadId', id)));
    },
    'object PUT partNumber uploadId': (call) => {
      authorizePut(call);
      const { body, checksums } = readBody(call.request);
      const md5 = createHash('md5').update(body).digest('hex');
      find(call).parts.set(Number(call.request.query.get('partNumber')), { body, md5 });
      return { status: 200, headers: { etag: `"${md5}"`, ...checksums } };
    },
    'object POST uploadId': (call) => {
      authorizePut(call);
      const version = store(call, joined(find(call), call.request.body.toString('utf8')));
      uploads.delete(idOf(call));
      const result = xmlDocument('CompleteMultipartUploadResult', address(call) + element('ETag', `"${version.etag}"`));
      return xmlAnswer(result, versionHeaders(version));
    },
    'object DELETE uploadId': (call) => {
      call.request.authorize('s3:AbortMultipartUpload', [objectArn(call)]);
      find(call);
      uploads.delete(idOf(call));
      return { status: 204 };
    },
  };
}

function address({ bucketName, key }: S3Call): string {
  return element('Bucket', bucketName) + element('Key', key);
}

/**
 * What the parts that a document lists make together; the ETag is the MD5 of their MD5s, and their number.
 * @throws AwsError InvalidPart, InvalidPartOrder, MalformedXML
 */
function joined({ parts, headers, retention }: Upload, document: string): Omit<NewObject, 'key'> {
  const listed = [...document.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, text = '']) => {
    const number = Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(text)?.[1]);
    const part = parts.get(number);
    if (part !== undefined && part.md5 === /[0-9a-f]{32}/.exec(text)?.[0]) return { number, ...part };
    throw new AwsError('InvalidPart', `Part ${number} was not uploaded, or with another ETag.`);
  });
  if (listed.length === 0) throw new AwsError('MalformedXML', 'The request names no part.');
  if (listed.some(({ number }, index) => number <= (listed[index - 1]?.number ?? 0))) {
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  const digests = Buffer.from(listed.map(({ md5 }) => md5).join(''), 'hex');
  const etag = `${createHash('md5').update(digests).digest('hex')}-${listed.length}`;
  return { body: Buffer.concat(listed.map(({ body }) => body)), headers, retention, etag };
}
