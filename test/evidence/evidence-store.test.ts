import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectRetentionCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvidenceStore } from '../../functions/evidence/evidence-store.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../local/fixtures/serve-one.ts';

const AT = '2026-03-01T00:00:00.000Z';
const options = { contentType: 'text/plain', retention: { days: 2, mode: 'GOVERNANCE' }, at: AT } as const;

describe('the evidence store', () => {
  let served: Served;
  let client: S3Client;
  let store: EvidenceStore;
  let directory = '';

  beforeAll(async () => {
    const s3 = createS3({ now: () => new Date(AT) });
    s3.createBucket('evidence', {
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
    });
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
    store = new EvidenceStore(client, 'evidence');
    directory = await mkdtemp(join(tmpdir(), 'evidence-'));
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
    await rm(directory, { recursive: true });
  });

  it('writes once, under retention, and answers version and digest', async () => {
    const written = await store.writeOnce('once', 'text', options);
    expect(written).toMatchObject({ bucket: 'evidence', key: 'once', sha256: sha256Hex('text') });
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket: 'evidence', Key: 'once' }));
    expect(Retention).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: new Date('2026-03-03T00:00:00.000Z') });
  });

  it('answers the first write when the same bytes are written again, and refuses other bytes', async () => {
    const first = await store.writeOnce('again', 'text', options);
    expect(await store.writeOnce('again', 'text', options)).toEqual(first);
    await expect(store.writeOnce('again', 'other', options)).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
  });

  it('reads and saves the recorded version, whatever lies above it', async () => {
    const written = await store.writeOnce('pinned', 'units', options);
    await client.send(new PutObjectCommand({ Bucket: 'evidence', Key: 'pinned', Body: 'newer' }));
    expect((await store.read(written)).toString()).toBe('units');
    await store.saveTo(written, join(directory, 'pinned'));
    expect(await readFile(join(directory, 'pinned'), 'utf8')).toBe('units');
  });

  it('puts what is handed on between steps, each time as a version of its own', async () => {
    const path = join(directory, 'part');
    await writeFile(path, 'rows');
    const first = await store.putWork('work/p/0000/rows', path);
    expect(first).toMatchObject({ key: 'work/p/0000/rows', sha256: sha256Hex('rows') });
    await writeFile(path, 'other rows');
    const second = await store.putWork('work/p/0000/rows', path);
    expect(second.versionId).not.toBe(first.versionId);
    expect((await store.read(first)).toString()).toBe('rows');
    expect((await store.read(second)).toString()).toBe('other rows');
    await writeFile(path, '');
    expect((await store.read(await store.putWork('work/p/0000/none', path))).length).toBe(0);
  });

  it('reads no more than it is told to, and leaves the rest unread', async () => {
    const large = Buffer.alloc(30_000_000, 'rows,');
    const written = await store.writeOnce('too-large', large, options);
    await expect(store.read(written, large.length - 1)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(store.read(written, 1000)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await store.read(written, large.length)).toHaveLength(large.length);
  });

  it('saves more bytes than fit into one chunk', async () => {
    const large = Buffer.alloc(3_000_000, 'rows,');
    await store.saveTo(await store.writeOnce('large', large, options), join(directory, 'large'));
    expect(sha256Hex(await readFile(join(directory, 'large')))).toBe(sha256Hex(large));
  });

  it('refuses bytes that are not those that were recorded, read or saved', async () => {
    const written = await store.writeOnce('altered', 'text', options);
    const recorded = { ...written, sha256: sha256Hex('what was promised') };
    const fault = {
      code: 'DIGEST_MISMATCH',
      reasons: [{ path: 'altered', got: written.sha256, allowed: recorded.sha256 }],
    };
    await expect(store.read(recorded)).rejects.toMatchObject(fault);
    await expect(store.saveTo(recorded, join(directory, 'altered'))).rejects.toMatchObject(fault);
  });

  it('says that an object or a version does not exist', async () => {
    const nowhere = { bucket: 'evidence', key: 'nowhere', versionId: 'null', sha256: sha256Hex('') };
    await expect(store.read(nowhere)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.saveTo(nowhere, join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.inspect({ bucket: 'evidence', key: 'nowhere' })).toBeNull();
    expect(await store.find('nowhere')).toBeNull();
    await expect(store.copyIn({ bucket: 'evidence', key: 'nowhere' }, 'copy', options)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('copies in once and looks at the start of what is offered', async () => {
    await client.send(new PutObjectCommand({ Bucket: 'evidence', Key: 'incoming/a b.csv', Body: 'a,b\n1,2\n' }));
    const source = { bucket: 'evidence', key: 'incoming/a b.csv' };
    expect(await store.inspect(source)).toEqual({
      sha256: sha256Hex('a,b\n1,2\n'),
      head: Buffer.from('a,b\n1,2\n'),
      bytes: 8,
    });
    const copied = await store.copyIn(source, 'candidates/copy', options);
    expect(copied.sha256).toBe(sha256Hex('a,b\n1,2\n'));
    await client.send(new PutObjectCommand({ Bucket: 'evidence', Key: 'incoming/a b.csv', Body: 'swapped' }));
    expect(await store.copyIn(source, 'candidates/copy', options)).toEqual(copied);
  });
});
