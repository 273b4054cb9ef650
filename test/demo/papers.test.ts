import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { emailPapers, isPaper, keepPapers } from '../../infra/demo/papers.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

const email = (subject: string, to: string, body: { text?: string; html?: string }) => ({
  messageId: subject,
  subject,
  destination: { to: [to] },
  body,
});

async function inboxOf(emails: readonly unknown[]): Promise<string> {
  const server = createServer((_, response) => response.end(JSON.stringify({ emails }))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ended.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'papers-'));
  ended.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** A bucket in which each object says its own key, two keys a page. */
function bucketOf(keys: readonly string[]) {
  const s3 = mockClient(S3Client);
  s3.on(ListObjectsV2Command).callsFake(({ Prefix, ContinuationToken = '0' }) => {
    const all = keys.filter((key) => key.startsWith(Prefix)).toSorted();
    const from = Number(ContinuationToken);
    const Contents = all.slice(from, from + 2).map((Key) => ({ Key }));
    return { Contents, ...(from + 2 < all.length ? { NextContinuationToken: String(from + 2) } : {}) };
  });
  s3.on(GetObjectCommand).callsFake(({ Key }) => ({
    Body: { transformToByteArray: async () => new TextEncoder().encode(`text of ${Key}`) },
  }));
  ended.push(async () => s3.restore());
}

describe('what people got to read', () => {
  it('is named so that a folder lists the emails in the order of their arrival', () => {
    const papers = emailPapers([
      email('Approve demand 2.0.0 for shadow?', 'Ana.Approver@retailer.example', {
        text: 'plain',
        html: '<p>rich</p>',
      }),
      email('¡!', '', { text: 'no name at all' }),
    ]);
    expect(papers).toEqual([
      { file: 'emails/001-approve-demand-2-0-0-for-shadow-to-ana-approver-retailer-example.txt', content: 'plain' },
      {
        file: 'emails/001-approve-demand-2-0-0-for-shadow-to-ana-approver-retailer-example.html',
        content: '<p>rich</p>',
      },
      { file: 'emails/002-unnamed-to-unnamed.txt', content: 'no name at all' },
    ]);
  });

  it('is pages, charts and notes, not what programs read', () => {
    expect(['a.html', 'a.md', 'a.svg', 'a.json', 'a.dsse.json', 'a.ndjson.gz', 'html'].filter(isPaper)).toEqual([
      'a.html',
      'a.md',
      'a.svg',
    ]);
  });

  it('is kept in a folder that held something else before, every page of the bucket', async () => {
    const folder = await emptyFolder();
    await mkdir(join(folder, 'emails'));
    await writeFile(join(folder, 'emails', 'old.txt'), 'of the run before');
    const reports = ['offline', 'shadow', 'canary'].map((stage) => `evidence/demand_2-0-0_1/${stage}/report.html`);
    bucketOf([
      ...reports,
      'evidence/demand_2-0-0_1/offline/report.json',
      'release-notes/demand_2-0-0_1.md',
      'work/x.md',
    ]);
    const kept = await keepPapers({
      s3: new S3Client({}),
      bucket: 'evidence',
      inboxUrl: await inboxOf([email('Asked', 'ana@x.example', { text: 'please' })]),
      folder,
    });
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name).slice(folder.length + 1));
    expect(files.toSorted()).toEqual([
      'emails/001-asked-to-ana-x-example.txt',
      'evidence/demand_2-0-0_1/canary/report.html',
      'evidence/demand_2-0-0_1/offline/report.html',
      'evidence/demand_2-0-0_1/shadow/report.html',
      'release-notes/demand_2-0-0_1.md',
    ]);
    expect(kept).toBe(5);
    expect(await readFile(join(folder, 'release-notes/demand_2-0-0_1.md'), 'utf8')).toBe(
      'text of release-notes/demand_2-0-0_1.md',
    );
  });
});
