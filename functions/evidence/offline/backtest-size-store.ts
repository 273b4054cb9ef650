import { open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { HEAD_BYTES, sniffTable } from '../tables/table-file.ts';

/** Parquet holds columns, not cells, and small integers of them: as CSV a backtest is so many times as large. */
const PARQUET_EXPANDS = 6;

/**
 * In how many parts a backtest is summed: 1 when one function is enough for it. The size is estimated from the file's own
 * bytes, so that the same file is always split alike.
 */
export async function shardsFor(
  path: string,
  { aboveMb, most }: { readonly aboveMb: number; readonly most: number },
): Promise<number> {
  const megabytes = (await plainBytes(path)) / 1e6;
  if (megabytes <= aboveMb) return 1;
  return aboveMb === 0 ? 2 : Math.min(most, Math.max(2, Math.ceil(megabytes / aboveMb)));
}

/** About the bytes that a backtest would have as CSV. */
async function plainBytes(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const format = sniffTable(head);
    const stored = format?.gzip === true ? (size * inflatedBytes(head)) / Math.max(1, head.length) : size;
    return format?.kind === 'parquet' ? stored * PARQUET_EXPANDS : stored;
  } finally {
    await file.close();
  }
}

/** Bytes that the start of a gzip file inflates to. */
function inflatedBytes(head: Buffer): number {
  return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }).length;
}
