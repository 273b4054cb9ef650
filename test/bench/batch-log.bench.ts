import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { createS3 } from '../../infra/local/s3/s3.ts';
import { serveOne } from '../local/fixtures/serve-one.ts';

const SIZES = [1_000_000, 3_000_000] as const;
/** What a function of 1,769 MB has left beside a batch. */
const MOST_MB = 700;

const run = promisify(execFile);
const measured = z.object({ records: z.number(), seconds: z.number(), peakMb: z.number() });

it('writes and reads batches of millions of lines in bounded memory', { timeout: 900_000 }, async () => {
  const s3 = createS3();
  s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
  const served = await serveOne('s3', s3);
  const client = new S3Client(served.client);
  const measure = async (...args: readonly string[]) => {
    const file = join(import.meta.dirname, 'batch-log-run.ts');
    const { stdout } = await run(process.execPath, [file, served.endpoint, ...args]);
    return measured.parse(JSON.parse(stdout));
  };
  const rows = [];
  try {
    for (const size of SIZES) {
      rows.push({ what: 'log written', ...(await measure('write', String(size))) });
      // Each write is another batch: the bucket would keep the first one's objects.
      s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
      const unit = { sku: 'sku', store: 'store', region: 'r', category: 'c', history: Array(28).fill(12) };
      const lines = Array.from({ length: 10_000 }, (_, at) => `${JSON.stringify({ ...unit, sku: `sku-${at}` })}\n`);
      // A gzip file may be many, one after the other.
      const member = gzipSync(lines.join(''));
      const Body = Buffer.concat(Array(size / 10_000).fill(member));
      await client.send(new PutObjectCommand({ Bucket: 'predictions', Key: 'requests/night.gz', Body }));
      rows.push({ what: 'requests read', ...(await measure('read', 's3://predictions/requests/night.gz')) });
    }
  } finally {
    client.destroy();
    await served.stop();
  }
  console.table(
    rows.map(({ seconds, peakMb, ...row }) => ({ ...row, seconds: seconds.toFixed(1), peakMb: Math.round(peakMb) })),
  );
  expect(rows.map(({ records }) => records)).toEqual(SIZES.flatMap((size) => [size, size]));
  for (const { peakMb } of rows) expect(peakMb).toBeLessThan(MOST_MB);
});
