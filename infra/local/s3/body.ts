import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError, type ServiceRequest } from '../service.ts';

/** Checksums that are verified here; of the others the value is kept as it was sent. */
const VERIFIED: Readonly<Record<string, (body: Buffer) => string>> = {
  'x-amz-checksum-crc32': (body) => Buffer.from(crc32(body).toString(16).padStart(8, '0'), 'hex').toString('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
};
const CHECKSUM = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/;

export interface SentBody {
  readonly body: Buffer;
  /** `x-amz-checksum-*` by header name, whether sent as a header or as a trailer. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * The body of a write as it was meant: aws-chunked framing removed, checksums compared.
 * @throws AwsError BadDigest, IncompleteBody
 */
export function readBody(request: ServiceRequest): SentBody {
  const { headers } = request;
  const framed = headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true;
  const { body, trailers } = framed ? decodeChunks(request.body) : { body: request.body, trailers: {} };
  const declared = headers['x-amz-decoded-content-length'];
  if (framed && declared !== undefined && Number(declared) !== body.length) throw incomplete();
  const sent = Object.entries({ ...headers, ...trailers });
  for (const [name, value] of sent) {
    if (VERIFIED[name] === undefined || VERIFIED[name](body) === value) continue;
    throw new AwsError('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
  }
  return { body, checksums: Object.fromEntries(sent.filter(([name]) => CHECKSUM.test(name))) };
}

/** Chunks are `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n`, the last one empty and followed by trailer lines. */
function decodeChunks(framed: Buffer): { readonly body: Buffer; readonly trailers: Readonly<Record<string, string>> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = framed.indexOf('\r\n', at);
    const length = end < 0 ? Number.NaN : Number.parseInt(framed.toString('latin1', at, end), 16);
    if (Number.isNaN(length) || end + 2 + length > framed.length) throw incomplete();
    at = end + 2 + length;
    if (length === 0) return { body: Buffer.concat(chunks), trailers: trailersOf(framed.toString('latin1', at)) };
    chunks.push(framed.subarray(end + 2, at));
    at += 2;
  }
}

function trailersOf(text: string): Readonly<Record<string, string>> {
  const lines = [...text.matchAll(/^([^:\r\n]+):(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name.trim().toLowerCase(), value.trim()]));
}

function incomplete(): AwsError {
  return new AwsError('IncompleteBody', 'The request body does not have the length that it declares.');
}
