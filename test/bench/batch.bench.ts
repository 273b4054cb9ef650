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
const DAYS_AHEAD = 7;
const DAYS_BEFORE = 365;
/** What a function of 1,769 MB may take: a candidate's process has 400 MB more. */
const MOST_MB = 1_200;
const URI = 's3://predictions/requests/night.gz';

const run = promisify(execFile);
const measured = z.object({ rows: z.number(), seconds: z.number(), peakMb: z.number() });

it('forecasts batches of millions of rows in bounded memory', { timeout: 1_800_000 }, async () => {
  const s3 = createS3();
  const emptied = () => s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
  emptied();
  const served = await serveOne('s3', s3);
  const client = new S3Client(served.client);
  const measure = async (...args: readonly string[]) => {
    const file = join(import.meta.dirname, 'batch-run.ts');
    const { stdout } = await run(process.execPath, [file, served.endpoint, ...args], { maxBuffer: 1 << 26 });
    return measured.parse(JSON.parse(stdout));
  };
  const rows = [];
  try {
    for (const size of SIZES) {
      rows.push({ what: 'log written', ...(await measure('write', String(size))) });
      for (const how of ['alone', 'canary']) {
        // Each is another batch: the bucket would keep the objects of the one before.
        emptied();
        await client.send(
          new PutObjectCommand({ Bucket: 'predictions', Key: 'requests/night.gz', Body: inputOf(size) }),
        );
        rows.push({
          what: `batch, ${how === 'alone' ? 'production alone' : 'half of it by a canary'}`,
          ...(await measure(how, URI)),
        });
      }
      emptied();
    }
  } finally {
    client.destroy();
    await served.stop();
  }
  console.table(
    rows.map(({ seconds, peakMb, ...row }) => ({
      ...row,
      seconds: seconds.toFixed(1),
      'rows/s': Math.round(row.rows / seconds),
      peakMb: Math.round(peakMb),
    })),
  );
  for (const { rows: got } of rows) expect(SIZES.some((size) => Math.abs(got - size) < DAYS_AHEAD)).toBe(true);
  for (const { peakMb } of rows) expect(peakMb).toBeLessThan(MOST_MB);
});

/** Requests of one store each with a year of history, as many as make so many rows; a gzip file may be many in a row. */
function inputOf(rows: number): Buffer {
  const requests = Math.ceil(rows / DAYS_AHEAD);
  const history = Array.from({ length: DAYS_BEFORE }, (_, day) => (day * 7) % 23);
  const members: Buffer[] = [];
  for (let first = 0; first < requests; first += 10_000) {
    const count = Math.min(10_000, requests - first);
    const lines = Array.from({ length: count }, (_, at) => {
      return `${JSON.stringify({ sku: `sku-${first + at}`, store: 's', region: 'r', category: 'c', history })}\n`;
    });
    members.push(gzipSync(lines.join(''), { level: 1 }));
  }
  return Buffer.concat(members);
}
