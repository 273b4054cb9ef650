import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { aws, hasAwsCli } from './fixtures/aws-cli.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const VERSIONED = { VersioningConfiguration: { Status: 'Enabled' } };
const DAY = 86_400_000;
let now = new Date('2026-11-01T00:00:00Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * DAY);

describe('S3 on this machine', () => {
  let served: Served;
  let client: S3Client;
  const put = (Key: string, Body: string | Readable, more: Omit<Partial<PutObjectCommandInput>, 'Body'> = {}) =>
    client.send(new PutObjectCommand({ Bucket: 'evidence', Key, Body, ...more }));
  const read = async (Key: string, VersionId?: string): Promise<string | undefined> => {
    const { Body } = await client.send(
      new GetObjectCommand({ Bucket: 'evidence', Key, ...(VersionId && { VersionId }) }),
    );
    return Body?.transformToString();
  };
  const remove = (Key: string, VersionId: string | undefined, BypassGovernanceRetention = false) =>
    client.send(new DeleteObjectCommand({ Bucket: 'evidence', Key, VersionId, BypassGovernanceRetention }));

  beforeAll(async () => {
    const s3 = createS3({ now: () => now });
    s3.createBucket('evidence', {
      ...VERSIONED,
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
    });
    s3.createBucket('plain', {});
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  it('answers an object with its type, metadata, digest and version', async () => {
    const sent = await put('a/über & co.json', '{"x":1}', {
      ContentType: 'application/json',
      Metadata: { origin: 'x' },
    });
    const got = await client.send(new GetObjectCommand({ Bucket: 'evidence', Key: 'a/über & co.json' }));

    expect(await got.Body?.transformToString()).toBe('{"x":1}');
    expect(got).toMatchObject({
      ContentType: 'application/json',
      ContentLength: 7,
      Metadata: { origin: 'x' },
      VersionId: sent.VersionId,
      ETag: `"${createHash('md5').update('{"x":1}').digest('hex')}"`,
      ChecksumCRC32: sent.ChecksumCRC32,
    });
    expect(got.ContentEncoding).toBeUndefined();
  });

  it('takes a stream sent in chunks with its checksum in a trailer', async () => {
    const bytes = randomBytes(300_000);
    const body = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
    const sent = await put('stream', body, { ContentLength: bytes.length, ChecksumAlgorithm: 'SHA256' });

    expect(sent.ChecksumSHA256).toBe(createHash('sha256').update(bytes).digest('base64'));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'evidence', Key: 'stream' }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
  });

  it('refuses bytes that are not those of the checksum', async () => {
    const wrong = createHash('sha256').update('other').digest('base64');
    await expect(put('digest', 'bytes', { ChecksumSHA256: wrong })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(read('digest')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('writes once under If-None-Match, and again over a delete marker', async () => {
    await put('once', 'first', { IfNoneMatch: '*' });
    await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    expect(await read('once')).toBe('first');

    expect(await remove('once', undefined)).toMatchObject({ DeleteMarker: true });
    await put('once', 'third', { IfNoneMatch: '*' });
    expect(await read('once')).toBe('third');
  });

  it('lets one of many simultaneous conditional writes through', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => put('race', `${n}`, { IfNoneMatch: '*' })),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps every version readable, and hides a deleted key', async () => {
    const first = await put('versions', 'one');
    const second = await put('versions', 'two');
    const { VersionId: marker } = await remove('versions', undefined);

    expect(await read('versions', first.VersionId)).toBe('one');
    expect(await read('versions', second.VersionId)).toBe('two');
    await expect(read('versions')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(read('versions', marker)).rejects.toMatchObject({ name: 'MethodNotAllowed' });
    await expect(read('versions', 'unknown')).rejects.toMatchObject({ name: 'NoSuchVersion' });
    const head = new HeadObjectCommand({ Bucket: 'evidence', Key: 'versions' });
    await expect(client.send(head)).rejects.toMatchObject({ name: 'NotFound' });

    await remove('versions', marker);
    expect(await read('versions')).toBe('two');
  });

  it('replaces and removes objects of a bucket without versions', async () => {
    const at = { Bucket: 'plain', Key: 'k' };
    await client.send(new PutObjectCommand({ ...at, Body: 'one' }));
    const { VersionId } = await client.send(new PutObjectCommand({ ...at, Body: 'two' }));
    const { Body } = await client.send(new GetObjectCommand(at));
    expect([VersionId, await Body?.transformToString()]).toEqual([undefined, 'two']);

    await client.send(new DeleteObjectCommand(at));
    await expect(client.send(new GetObjectCommand(at))).rejects.toMatchObject({ name: 'NoSuchKey' });
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: 'plain' }));
    expect(Versions ?? []).toEqual([]);
  });

  it('answers ranges, and refuses those outside', async () => {
    await put('range', '0123456789');
    const range = async (Range: string) => {
      const got = await client.send(new GetObjectCommand({ Bucket: 'evidence', Key: 'range', Range }));
      return [await got.Body?.transformToString(), got.ContentRange];
    };
    expect(await range('bytes=2-4')).toEqual(['234', 'bytes 2-4/10']);
    expect(await range('bytes=7-')).toEqual(['789', 'bytes 7-9/10']);
    await expect(range('bytes=10-')).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  it('copies one version, with retention of its own', async () => {
    const old = await put('from/ü x', 'old', { ContentType: 'text/csv' });
    await put('from/ü x', 'new');
    const copy = new CopyObjectCommand({
      Bucket: 'evidence',
      Key: 'to',
      CopySource: `evidence/from/${encodeURIComponent('ü x')}?versionId=${old.VersionId}`,
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: inDays(1),
    });
    const { VersionId, CopyObjectResult } = await client.send(copy);

    expect(CopyObjectResult?.ETag).toBe(old.ETag);
    const got = await client.send(new GetObjectCommand({ Bucket: 'evidence', Key: 'to' }));
    expect(got).toMatchObject({ VersionId, ContentType: 'text/csv', ObjectLockMode: 'COMPLIANCE' });
    expect(await got.Body?.transformToString()).toBe('old');
    const missing = new CopyObjectCommand({ Bucket: 'evidence', Key: 'to', CopySource: 'evidence/none' });
    await expect(client.send(missing)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('keeps a version under COMPLIANCE from everyone until its day', async () => {
    const retention = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(10) } as const;
    const { VersionId } = await put('locked', 'x', retention);

    await expect(remove('locked', VersionId)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(remove('locked', VersionId, true)).rejects.toMatchObject({ name: 'AccessDenied' });
    const at = { Bucket: 'evidence', Key: 'locked', VersionId };
    const held = { Mode: 'COMPLIANCE', RetainUntilDate: retention.ObjectLockRetainUntilDate };
    expect((await client.send(new GetObjectRetentionCommand(at))).Retention).toEqual(held);

    now = inDays(21);
    await remove('locked', VersionId);
    await expect(read('locked', VersionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it('lets a version under GOVERNANCE go only to whoever bypasses it and may', async () => {
    const retention = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(10) } as const;
    const { VersionId } = await put('governed', 'x', retention);

    await expect(remove('governed', VersionId)).rejects.toMatchObject({ name: 'AccessDenied' });
    served.deny('s3:BypassGovernanceRetention');
    await expect(remove('governed', VersionId, true)).rejects.toMatchObject({ name: 'AccessDenied' });
    served.deny();
    await remove('governed', VersionId, true);
    await expect(read('governed', VersionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
  });

  it('still takes new versions and delete markers over a locked version', async () => {
    const retention = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(10) } as const;
    const { VersionId } = await put('covered', 'locked', retention);
    await put('covered', 'newer');
    await remove('covered', undefined);

    expect(await read('covered', VersionId)).toBe('locked');
  });

  it.each([
    ['evidence', { ObjectLockMode: 'COMPLIANCE' }, 'InvalidArgument'],
    ['evidence', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date(0) }, 'InvalidArgument'],
    ['plain', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: new Date('2099-01-01') }, 'InvalidRequest'],
    ['missing', {}, 'NoSuchBucket'],
  ] as const)('refuses a write to %s with %o as %s', async (Bucket, lock, name) => {
    const write = new PutObjectCommand({ Bucket, Key: 'refused', Body: 'x', ...lock });
    await expect(client.send(write)).rejects.toMatchObject({ name });
  });

  it('lists current objects by prefix and common prefix', async () => {
    for (const key of ['l/a', 'l/b/1', 'l/b/2', 'l/c&d', 'l/e/1']) await put(key, 'x');
    await remove('l/a', undefined);
    const at = { Bucket: 'evidence', Prefix: 'l/' };
    const page = await client.send(new ListObjectsV2Command({ ...at, Delimiter: '/' }));
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['l/c&d']);
    expect(page.CommonPrefixes).toEqual([{ Prefix: 'l/b/' }, { Prefix: 'l/e/' }]);

    const { Contents } = await client.send(new ListObjectsV2Command({ ...at, StartAfter: 'l/b/1' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['l/b/2', 'l/c&d', 'l/e/1']);
  });

  it('lists page by page, counting a common prefix as one, and never shows a name twice', async () => {
    for (const key of ['a', 'b/1', 'b/2', 'b/3', 'c', 'd/1', 'e']) await put(`p/${key}`, 'x');
    const names = async (options: { readonly Delimiter?: string; readonly StartAfter?: string }) => {
      const pages: (readonly (string | undefined)[])[] = [];
      let ContinuationToken: string | undefined;
      do {
        const at = { Bucket: 'evidence', Prefix: 'p/', MaxKeys: 2, ...options, ContinuationToken };
        const page = await client.send(new ListObjectsV2Command(at));
        const [objects, prefixes] = [page.Contents ?? [], page.CommonPrefixes ?? []];
        pages.push([...objects.map(({ Key }) => Key), ...prefixes.map(({ Prefix }) => Prefix)]);
        expect(page).toMatchObject({ KeyCount: pages.at(-1)?.length, MaxKeys: 2 });
        expect(page.ContinuationToken).toBe(ContinuationToken);
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return pages;
    };
    expect(await names({ Delimiter: '/' })).toEqual([['p/a', 'p/b/'], ['p/c', 'p/d/'], ['p/e']]);
    expect(await names({ StartAfter: 'p/b/2' })).toEqual([
      ['p/b/3', 'p/c'],
      ['p/d/1', 'p/e'],
    ]);
  });

  it('takes no continuation token of its own making', async () => {
    const page = new ListObjectsV2Command({ Bucket: 'evidence', ContinuationToken: 'page-2' });
    await expect(client.send(page)).rejects.toMatchObject({ name: 'InvalidArgument' });
  });

  it('lists every version and delete marker, newest first', async () => {
    const one = await put('v/x', '1');
    const two = await put('v/x', '2');
    const marker = await remove('v/x', undefined);
    const other = await put('v/y', '3');
    const page = await client.send(new ListObjectVersionsCommand({ Bucket: 'evidence', Prefix: 'v/' }));
    const versions = [two, one, other].map(({ VersionId }) => VersionId);
    expect(page.Versions?.map(({ VersionId }) => VersionId)).toEqual(versions);
    expect(page.DeleteMarkers).toMatchObject([{ Key: 'v/x', VersionId: marker.VersionId, IsLatest: true }]);
  });

  it('puts uploads in parts together, under the conditions and lock of the upload', async () => {
    const at = { Bucket: 'evidence', Key: 'parts' };
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(1) } as const;
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...at, ...lock, ContentType: 'text/x' }));
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (const [index, Body] of ['first ', 'second'].entries()) {
      const PartNumber = index + 1;
      const { ETag } = await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag });
    }
    const complete = (parts: typeof Parts) =>
      client.send(
        new CompleteMultipartUploadCommand({ ...at, UploadId, IfNoneMatch: '*', MultipartUpload: { Parts: parts } }),
      );
    await expect(complete([{ PartNumber: 7, ETag: 'x' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(Parts.toReversed())).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    const done = await complete(Parts);

    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const got = await client.send(new GetObjectCommand(at));
    expect(await got.Body?.transformToString()).toBe('first second');
    expect(got).toMatchObject({ ContentType: 'text/x', ObjectLockMode: 'COMPLIANCE', VersionId: done.VersionId });
    await expect(complete(Parts)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('asks IAM for each action on real ARNs', async () => {
    const { VersionId } = await put('iam/x', 'x');
    served.asked();
    const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) } as const;
    await put('iam/y', 'y', lock);
    await read('iam/x');
    await read('iam/x', VersionId);
    await remove('iam/x', undefined);
    await remove('iam/x', VersionId);
    await client.send(new ListObjectsV2Command({ Bucket: 'evidence' }));
    const copy = { Bucket: 'plain', Key: 'z', CopySource: `evidence/iam/y` };
    await client.send(new CopyObjectCommand(copy));

    expect(served.asked()).toEqual([
      's3:PutObject arn:aws:s3:::evidence/iam/y',
      's3:PutObjectRetention arn:aws:s3:::evidence/iam/y',
      's3:GetObject arn:aws:s3:::evidence/iam/x',
      's3:GetObjectVersion arn:aws:s3:::evidence/iam/x',
      's3:DeleteObject arn:aws:s3:::evidence/iam/x',
      's3:DeleteObjectVersion arn:aws:s3:::evidence/iam/x',
      's3:ListBucket arn:aws:s3:::evidence',
      's3:PutObject arn:aws:s3:::plain/z',
      's3:GetObject arn:aws:s3:::evidence/iam/y',
    ]);
  });

  it('does not tell whoever may not list that a key is missing', async () => {
    served.deny('s3:ListBucket');
    await expect(read('missing')).rejects.toMatchObject({ name: 'AccessDenied' });
    served.deny();
  });

  it('names an operation that it does not have', async () => {
    const tagging = new GetObjectTaggingCommand({ Bucket: 'evidence', Key: 'x' });
    await expect(client.send(tagging)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('object GET tagging'),
    });
  });

  it('finds objects, versions and locks again in its data directory', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 's3-test-'));
    const start = async () => {
      const s3 = createS3({ dataDir, now: () => now });
      s3.createBucket('kept', {
        ...VERSIONED,
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
      });
      const again = await serveOne('s3', s3);
      return { served: again, client: new S3Client(again.client) };
    };
    const at = { Bucket: 'kept', Key: 'k' };
    const before = await start();
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(1) } as const;
    const { VersionId } = await before.client.send(new PutObjectCommand({ ...at, Body: 'one', ...lock }));
    await before.client.send(new PutObjectCommand({ ...at, Body: 'two' }));
    before.client.destroy();
    await before.served.stop();

    const after = await start();
    const { Body } = await after.client.send(new GetObjectCommand(at));
    expect(await Body?.transformToString()).toBe('two');
    const locked = after.client.send(new DeleteObjectCommand({ ...at, VersionId }));
    await expect(locked).rejects.toMatchObject({ name: 'AccessDenied' });
    after.client.destroy();
    await after.served.stop();
    rmSync(dataDir, { recursive: true });
  });

  if (!hasAwsCli) {
    it('is not tried with the aws command, which is not installed here', () => expect(hasAwsCli).toBe(false));
    return;
  }
  describe('with the aws command', () => {
    it('copies a small and a large file there and back, and lists them', async () => {
      const directory = mkdtempSync(join(tmpdir(), 's3-cli-'));
      for (const bytes of [1_000, 20_000_000]) {
        const file = join(directory, 'file');
        writeFileSync(file, randomBytes(bytes));
        await aws(served.endpoint, 's3', 'cp', file, `s3://evidence/cli/${bytes}`);
        await aws(served.endpoint, 's3', 'cp', `s3://evidence/cli/${bytes}`, `${file}.back`);
        expect(readFileSync(`${file}.back`).equals(readFileSync(file))).toBe(true);
      }
      rmSync(directory, { recursive: true });
      expect(await aws(served.endpoint, 's3', 'ls', 's3://evidence/cli/')).toMatch(
        / 1000 1000\n.* 20000000 20000000\n/,
      );
    });

    it('reads versions and retention, and writes under a condition', async () => {
      const at = ['--bucket', 'evidence', '--key', 'cli-once'];
      const until = inDays(1).toISOString();
      const lock = ['--object-lock-mode', 'GOVERNANCE', '--object-lock-retain-until-date', until];
      const body = ['--body', 'package.json', '--if-none-match', '*'];
      expect(await aws(served.endpoint, 's3api', 'put-object', ...at, ...body, ...lock)).toHaveProperty('VersionId');
      await expect(aws(served.endpoint, 's3api', 'put-object', ...at, ...body)).rejects.toThrow('PreconditionFailed');
      const retention = await aws(served.endpoint, 's3api', 'get-object-retention', ...at);
      expect(retention).toMatchObject({ Retention: { Mode: 'GOVERNANCE' } });
      const versions = ['s3api', 'list-object-versions', '--bucket', 'evidence', '--prefix', 'cli-once'];
      expect(await aws(served.endpoint, ...versions)).toMatchObject({
        Versions: [{ Key: 'cli-once', IsLatest: true }],
      });
      await expect(aws(served.endpoint, 's3api', 'head-object', '--bucket', 'evidence', '--key', 'no')).rejects.toThrow(
        '404',
      );
    });
  });
});
