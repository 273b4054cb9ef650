import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type * as z from 'zod';
import { parseInput } from '../../platform/boundary.ts';
import { type Reason, ReleaseError } from '../../platform/errors.ts';
import { refusedInput } from '../serving/forecast-event.ts';
import { linesIn } from './ndjson-lines.ts';

/** One object as it was when the batch began, however often it is written since. */
export interface BatchInput {
  readonly uri: string;
  /** Null in a bucket without versions, where the object may not change while it is read. */
  readonly versionId: string | null;
  /** Of the object as it lies there. */
  readonly bytes: number;
}

export interface NumberedValue<T> {
  /** Of the line, from 1. */
  readonly line: number;
  readonly value: T;
}

const MAX_LINE_BYTES = 1_000_000;
const MAX_FAULTS = 20;
/** Read one after the other, so that a slow batch holds no connection open; each again where it breaks off. */
const PART_BYTES = 8 * 1024 * 1024;
const TRIES = 3;

interface Opened extends BatchInput {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly first: Uint8Array;
}

/** What a batch asks: an S3 object of one JSON value per line, gzipped or not. */
export class BatchInputStore {
  readonly #client: S3Client;
  readonly #prefixes: readonly string[];

  /** @param prefixes S3 URIs, each ending in `/`, under which batches may lie */
  constructor(client: S3Client, prefixes: readonly string[]) {
    this.#client = client;
    this.#prefixes = prefixes;
  }

  /**
   * Finds the object, and the version of it that counts from now on.
   * @throws ReleaseError INVALID_INPUT when it lies elsewhere, cannot be found or read, or is empty
   */
  async find(uri: string): Promise<BatchInput> {
    const { versionId, bytes } = await this.#open(uri, undefined, 1);
    return { uri, versionId, bytes };
  }

  /**
   * The lines of the object as values, in their order and in bounded memory; blank lines are passed over. From the first
   * fault on nothing more comes, since a batch is answered whole or not at all; the rest is still looked at, up to twenty
   * faults.
   * @param versionId as found before; left out: the version that is there now
   * @throws ReleaseError INVALID_INPUT as `find` does, and with all faulty lines; DEPENDENCY_UNAVAILABLE when S3 breaks off
   */
  async *read<T>(
    uri: string,
    schema: z.ZodType<T>,
    versionId?: string | null,
  ): AsyncGenerator<NumberedValue<T>, void, undefined> {
    const opened = await this.#open(uri, versionId ?? undefined);
    const faults: Reason[] = [];
    try {
      for await (const { number, bytes } of linesIn(inflated(opened.first, this.#parts(opened)), MAX_LINE_BYTES)) {
        const found = bytes === null ? TOO_LONG : lineOf(bytes, schema);
        if (found === null) continue;
        if ('faults' in found) faults.push(...found.faults.map((fault) => atLine(number, fault)));
        else if (faults.length === 0) yield { line: number, value: found.value };
        if (faults.length >= MAX_FAULTS) break;
      }
    } catch (cause) {
      if (!isZlibError(cause)) throw cause;
      faults.push({ ...OF_INPUT, message: 'The gzip file is damaged or cut off.', got: uri });
    }
    if (faults.length > 0) throw refusedInput(faults.slice(0, MAX_FAULTS));
  }

  async #open(uri: string, versionId?: string, length = PART_BYTES): Promise<Opened> {
    if (!this.#prefixes.some((prefix) => uri.startsWith(prefix) && uri.length > prefix.length)) {
      const allowed = this.#prefixes.map((prefix) => `${prefix}…`).join(', ');
      throw refusedInput([{ ...OF_INPUT, message: 'Batches are not read from there.', got: uri, allowed }]);
    }
    const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? [];
    const version = versionId === undefined || versionId === 'null' ? {} : { VersionId: versionId };
    const got = await this.#get({ Bucket: bucket, Key: key, ...version }, { at: 0, length }).catch((cause: unknown) => {
      throw notOpened(uri, cause);
    });
    return { uri, bucket, key, versionId: got.versionId, bytes: got.total, etag: got.etag, first: got.bytes };
  }

  /** What follows the first part. */
  async *#parts({ uri, bucket, key, versionId, etag, bytes }: Opened): AsyncGenerator<Uint8Array> {
    const version = versionId === null ? {} : { VersionId: versionId };
    for (let at = PART_BYTES; at < bytes; at += PART_BYTES) {
      const object = { Bucket: bucket, Key: key, IfMatch: etag, ...version };
      const part = await this.#get(object, { at, length: PART_BYTES }).catch((cause: unknown) => {
        throw notOpened(uri, cause);
      });
      yield part.bytes;
    }
  }

  async #get(
    object: { readonly Bucket: string; readonly Key: string; readonly VersionId?: string; readonly IfMatch?: string },
    { at, length }: { readonly at: number; readonly length: number },
  ) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const Range = `bytes=${at}-${at + length - 1}`;
        const answer = await this.#client.send(new GetObjectCommand({ ...object, Range }));
        const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
        const total = Number(answer.ContentRange?.split('/')[1] ?? bytes.length);
        return { bytes, total, versionId: answer.VersionId ?? null, etag: answer.ETag ?? '' };
      } catch (cause) {
        if (isAnswered(cause)) throw cause;
        if (attempt === TRIES) throw brokenOff(object.Key, cause);
      }
    }
  }
}

const OF_INPUT = { code: 'INVALID_FIELD', path: 'input' } as const;
const TOO_LONG = { faults: [{ code: 'INVALID_FIELD', message: `The line is longer than ${MAX_LINE_BYTES} bytes.` }] };

/** The value of a line, its faults, or null where there is nothing in it. */
function lineOf<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
): { readonly value: T } | { readonly faults: readonly Reason[] } | null {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
    if (text === '') return null;
    value = JSON.parse(text);
  } catch {
    return { faults: [{ code: 'INVALID_FIELD', message: 'The line is no JSON in UTF-8.' }] };
  }
  const parsed = parseInput(schema, value);
  return parsed.ok ? { value: parsed.value } : { faults: parsed.reasons };
}

function atLine(number: number, reason: Reason): Reason {
  const field = reason.path === undefined || reason.path === '$' ? '' : `.${reason.path}`;
  return { ...reason, path: `line ${number}${field}` };
}

/** A gzip file is told by its first bytes. */
async function* inflated(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const whole = joined(first, rest);
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip();
  // What goes wrong ends the stream too, and is thrown from there.
  pipeline(whole, gunzip).catch(() => undefined);
  yield* gunzip;
}

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function notOpened(uri: string, cause: unknown): unknown {
  const message = MESSAGES.get(cause instanceof Error ? cause.name : '');
  return message === undefined ? cause : refusedInput([{ ...OF_INPUT, message, got: uri }]);
}

/** By the name of what S3 answers, which to whoever may not list a bucket is AccessDenied for what is not there, too. */
const MESSAGES = new Map([
  ['AccessDenied', 'There is no such object, or this function may not read it.'],
  ['NoSuchKey', 'There is no such object.'],
  ['NoSuchVersion', 'There is no such version of the object.'],
  ['NoSuchBucket', 'There is no such bucket.'],
  ['InvalidRange', 'The object is empty.'],
  ['PreconditionFailed', 'The object was written anew while it was read.'],
]);

/** S3 answered, and would answer the same again. */
function isAnswered(cause: unknown): boolean {
  return cause instanceof Error && MESSAGES.has(cause.name);
}

function brokenOff(key: string, cause: unknown): ReleaseError {
  return new ReleaseError('DEPENDENCY_UNAVAILABLE', `${key} could not be read.`, { cause });
}

function isZlibError(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_');
}
