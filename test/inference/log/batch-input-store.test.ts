import { gzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BatchInputStore } from '../../../functions/inference/log/batch-input-store.ts';
import { ReleaseError } from '../../../functions/platform/errors.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

const schema = z.strictObject({ sku: z.string(), units: z.number().min(0) });
const lineOf = (sku: string, units: unknown = 1) => JSON.stringify({ sku, units });

describe('The input of a batch', () => {
  let served: Served;
  let client: S3Client;
  let inputs: BatchInputStore;

  beforeAll(async () => {
    const s3 = createS3();
    s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    s3.createBucket('lake', {});
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
    inputs = new BatchInputStore(client, ['s3://predictions/requests/', 's3://lake/orders/']);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  const put = async (Key: string, Body: string | Uint8Array, Bucket = 'predictions') => {
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    return { uri: `s3://${Bucket}/${Key}`, versionId: VersionId ?? null };
  };
  /** What came, and the fault that ended it. */
  const read = async (uri: string, versionId?: string | null) => {
    const values: string[] = [];
    try {
      for await (const { line, value } of inputs.read(uri, schema, versionId)) values.push(`${line} ${value.sku}`);
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return { values, code: error.code, message: error.message, reasons: error.reasons };
    }
    return { values };
  };

  it('is read line by line, with or without gzip and a last newline; blank lines are passed over', async () => {
    const text = `${lineOf('milk')}\r\n\n${lineOf('brød')}\n`;
    const plain = await put('requests/plain.ndjson', text);
    const open = await put('requests/open.ndjson', text.trimEnd());
    const zipped = await put('requests/zipped', gzipSync(text));
    const members = await put('requests/members', Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]));
    for (const { uri } of [plain, open, zipped, members])
      expect(await read(uri)).toEqual({ values: ['1 milk', '3 brød'] });
  });

  it('is larger than what is read at once, and comes whole and in order', async () => {
    const count = 60_000;
    const text = Array.from({ length: count }, (_, index) => lineOf(`${index}-${'x'.repeat(300)}`)).join('\n');
    expect(text.length).toBeGreaterThan(2 * 8 * 1024 * 1024);
    const { uri } = await put('requests/large.ndjson', text);
    expect(await inputs.find(uri)).toMatchObject({ bytes: text.length });
    const { values } = await read(uri);
    expect(values).toHaveLength(count);
    expect(values.every((value, index) => value.startsWith(`${index + 1} ${index}-`))).toBe(true);
  });

  it('stays the version that was found, whatever is written there later', async () => {
    const first = await put('requests/pinned.ndjson', lineOf('milk'));
    const found = await inputs.find(first.uri);
    expect(found.versionId).toBe(first.versionId);
    await put('requests/pinned.ndjson', lineOf('bread'));
    expect(await read(first.uri, found.versionId)).toEqual({ values: ['1 milk'] });
    expect(await read(first.uri)).toEqual({ values: ['1 bread'] });
  });

  it('may lie in a bucket without versions', async () => {
    const { uri } = await put('orders/a.ndjson', lineOf('milk'), 'lake');
    expect(await inputs.find(uri)).toEqual({ uri, versionId: null, bytes: lineOf('milk').length });
    expect(await read(uri, null)).toEqual({ values: ['1 milk'] });
  });

  it('is refused with every faulty line by its number, and gives nothing more from the first on', async () => {
    const lines = [lineOf('milk'), '{"sku":', lineOf('bread'), lineOf('salt', -1), '[]', lineOf('rice')];
    const { uri } = await put('requests/faulty.ndjson', lines.join('\n'));
    const { values, code, reasons, message } = await read(uri);
    expect(values).toEqual(['1 milk']);
    expect(code).toBe('INVALID_INPUT');
    expect(reasons?.map(({ path }) => path)).toEqual(['line 2', 'line 4.units', 'line 5']);
    expect(message).toContain('line 4.units');
  });

  it('tells twenty faults and no more', async () => {
    const { uri } = await put('requests/garbage', Array(5_000).fill('garbage').join('\n'));
    const { reasons } = await read(uri);
    expect(reasons).toHaveLength(20);
  });

  it('has no line longer than a megabyte, and none that is not UTF-8', async () => {
    const lines = [lineOf('x'.repeat(2_000_000)), lineOf('milk')].join('\n');
    const { uri } = await put('requests/long', gzipSync(lines));
    expect((await read(uri)).reasons).toMatchObject([{ path: 'line 1', message: expect.stringContaining('longer') }]);
    const bytes = await put('requests/latin', Buffer.from(lineOf('brød'), 'latin1'));
    expect((await read(bytes.uri)).reasons).toMatchObject([
      { path: 'line 1', message: expect.stringContaining('UTF-8') },
    ]);
  });

  it.each([
    ['another bucket', 's3://evidence/requests/a'],
    ['another part of the bucket', 's3://predictions/predictions/a'],
    ['the prefix itself', 's3://predictions/requests/'],
    ['a prefix that only begins alike', 's3://predictions/requests-2/a'],
  ])('is not read from %s', async (_where, uri) => {
    const { values, code, reasons } = await read(uri);
    expect({ values, code }).toEqual({ values: [], code: 'INVALID_INPUT' });
    expect(reasons).toEqual([expect.objectContaining({ path: 'input', got: uri })]);
    expect(reasons?.[0]?.allowed).toContain('s3://predictions/requests/');
  });

  it('is refused where there is none, it is empty, or its gzip is cut off', async () => {
    expect((await read('s3://predictions/requests/none')).reasons).toMatchObject([
      { message: 'There is no such object.' },
    ]);
    const empty = await put('requests/empty', new Uint8Array());
    expect((await read(empty.uri)).reasons).toMatchObject([{ message: 'The object is empty.' }]);
    const cut = await put('requests/cut', gzipSync(lineOf('milk').repeat(1_000)).subarray(0, -20));
    expect((await read(cut.uri)).reasons).toMatchObject([{ message: 'The gzip file is damaged or cut off.' }]);
  });

  it('says of what it may not read that it may not be there either', async () => {
    served.deny('s3:GetObject');
    const { reasons } = await read('s3://predictions/requests/plain.ndjson');
    served.deny();
    expect(reasons?.[0]?.message).toMatch(/no such object, or this function may not read it/);
  });

  it('leaves the object when whoever reads it has enough', async () => {
    const { uri } = await put('requests/enough', gzipSync(Array(100_000).fill(lineOf('milk')).join('\n')));
    for await (const { line } of inputs.read(uri, schema)) if (line === 3) break;
    expect(await read('s3://predictions/requests/plain.ndjson')).toEqual({ values: ['1 milk', '3 brød'] });
  });

  it('is read again where it breaks off, and told to be out of reach after three times', async () => {
    const mocked = mockClient(S3Client);
    const broken = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
    mocked.on(GetObjectCommand).rejects(broken);
    const faulty = await read('s3://predictions/requests/plain.ndjson');
    expect(faulty).toMatchObject({ values: [], code: 'DEPENDENCY_UNAVAILABLE' });
    expect(mocked.commandCalls(GetObjectCommand)).toHaveLength(3);
    mocked.restore();
  });
});
