import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../service.ts';
import { readBody } from './body.ts';
import {
  authorizePut,
  keptHeaders,
  objectArn,
  type S3Call,
  type S3Operation,
  store,
  versionHeaders,
  xmlAnswer,
} from './call.ts';
import { element, xmlDocument } from './listing.ts';
import { retentionFromHeaders } from './lock.ts';
import type { ObjectVersion, Retention } from './objects.ts';

interface Upload {
  readonly id: string;
  readonly bucketName: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly retention: Retention | undefined;
  /** MD5 by part number. */
  readonly parts: Map<number, string>;
}

/** Uploads in parts, as clients send what is larger than a few megabytes; unfinished ones end with the process. */
export function createMultipart(directory: string): Readonly<Record<string, S3Operation>> {
  const uploads = new Uploads(directory);
  return {
    'object POST uploads': (call) => {
      authorizePut(call);
      return xmlAnswer(
        xmlDocument('InitiateMultipartUploadResult', address(call) + element('UploadId', uploads.start(call))),
      );
    },
    'object PUT partNumber uploadId': (call) => {
      authorizePut(call);
      const { body, checksums } = readBody(call.request);
      return { status: 200, headers: { etag: `"${uploads.addPart(call, body)}"`, ...checksums } };
    },
    'object POST uploadId': (call) => {
      authorizePut(call);
      const version = uploads.complete(call);
      const result = xmlDocument('CompleteMultipartUploadResult', address(call) + element('ETag', `"${version.etag}"`));
      return xmlAnswer(result, versionHeaders(version));
    },
    'object DELETE uploadId': (call) => {
      call.request.authorize('s3:AbortMultipartUpload', [objectArn(call)]);
      uploads.abort(call);
      return { status: 204 };
    },
  };
}

class Uploads {
  readonly #directory: string;
  readonly #uploads = new Map<string, Upload>();

  constructor(directory: string) {
    this.#directory = directory;
    rmSync(directory, { recursive: true, force: true });
  }

  start({ bucketName, key, request, objects, now }: S3Call): string {
    objects.bucket(bucketName);
    mkdirSync(this.#directory, { recursive: true });
    const id = randomBytes(16).toString('hex');
    const retention = retentionFromHeaders(request.headers, now);
    this.#uploads.set(id, { id, bucketName, key, headers: keptHeaders(request.headers), retention, parts: new Map() });
    return id;
  }

  /** Answers the part's ETag. */
  addPart(call: S3Call, body: Buffer): string {
    const upload = this.#find(call);
    const part = Number(call.request.query.get('partNumber'));
    const md5 = createHash('md5').update(body).digest('hex');
    writeFileSync(this.#file(upload, part), body);
    upload.parts.set(part, md5);
    return md5;
  }

  /** The object's ETag is the MD5 of its parts' MD5s, and their number. */
  complete(call: S3Call): ObjectVersion {
    const upload = this.#find(call);
    const parts = listedParts(call.request.body.toString('utf8'), upload);
    const digests = Buffer.from(parts.map((part) => upload.parts.get(part)).join(''), 'hex');
    const version = store(call, {
      body: Buffer.concat(parts.map((part) => readFileSync(this.#file(upload, part)))),
      headers: upload.headers,
      retention: upload.retention,
      etag: `${createHash('md5').update(digests).digest('hex')}-${parts.length}`,
    });
    this.#forget(upload);
    return version;
  }

  abort(call: S3Call): void {
    this.#forget(this.#find(call));
  }

  #find({ request, bucketName, key }: S3Call): Upload {
    const upload = this.#uploads.get(request.query.get('uploadId') ?? '');
    if (upload?.bucketName === bucketName && upload.key === key) return upload;
    throw new AwsError('NoSuchUpload', 'The specified upload does not exist.', 404);
  }

  #forget(upload: Upload): void {
    for (const part of upload.parts.keys()) rmSync(this.#file(upload, part), { force: true });
    this.#uploads.delete(upload.id);
  }

  #file({ id }: Upload, part: number): string {
    return join(this.#directory, `${id}-${part}`);
  }
}

function address({ bucketName, key }: S3Call): string {
  return element('Bucket', bucketName) + element('Key', key);
}

/** @throws AwsError InvalidPart, InvalidPartOrder, MalformedXML */
function listedParts(document: string, upload: Upload): readonly number[] {
  const numbers = [...document.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => {
    const number = Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]);
    const uploaded = upload.parts.get(number);
    if (uploaded !== undefined && uploaded === /[0-9a-f]{32}/.exec(part)?.[0]) return number;
    throw new AwsError('InvalidPart', `Part ${number} was not uploaded, or with another ETag.`);
  });
  if (numbers.length === 0) throw new AwsError('MalformedXML', 'The request names no part.');
  if (numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))) return numbers;
  throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
}
