import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import { isReleaseError } from '../../../functions/platform/errors.ts';
import { BACKTEST_HEADER, backtestCsv, csvOf, row, SOME_HISTORY, sumsOf } from '../../fakes/backtest.ts';

/** Codes of the faults for which a pair of files cannot be judged. */
async function faultsOf(backtest: string | Uint8Array, history?: string | Uint8Array): Promise<readonly string[]> {
  const error: unknown = await sumsOf(backtest, history === undefined ? {} : { history }).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error ?? new Error('The files were judged.');
  return error.reasons.map(({ code }) => code);
}

/** Writes tables as Parquet with the engine itself. */
async function parquetOf(select: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(`COPY (${select}) TO '${directory}/table' (FORMAT parquet)`);
    return await readFile(join(directory, 'table'));
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(directory, { recursive: true });
  }
}

const number = z.object({ n: z.number() });

const distinct = (count: number, members = {}) =>
  Array.from({ length: count }, (_, index) => row({ sku: `sku-${index}`, ...members }));

describe('files', () => {
  it('give the same sums as CSV, gzip and Parquet, plain or gzipped', async () => {
    const plain = await sumsOf(backtestCsv(distinct(3)));
    const crlf = `\ufeff${backtestCsv(distinct(3)).replaceAll('\n', '\r\n')}`;
    expect(await sumsOf(crlf)).toEqual(plain);
    expect(await sumsOf(gzipSync(backtestCsv(distinct(3))), { history: gzipSync(SOME_HISTORY) })).toEqual(plain);
    const header = BACKTEST_HEADER.split(',').toReversed().join(',');
    const other = csvOf(`note,${header},"a, b"`, distinct(3, { note: '"x, ""y"""', 'a, b"': 1 }));
    expect(await sumsOf(other)).toEqual(plain);
    const parquet =
      await parquetOf(`SELECT DATE '2026-01-05' AS origin_date, 'sku-' || i AS sku, 'harbour' AS store, 'north' AS region,
      TIMESTAMP '2026-01-06' AS target_date, 1::TINYINT AS horizon, 10::DOUBLE AS actual, 9::DECIMAL(9, 2) AS candidate, 8 AS baseline,
      'fresh' AS category, NULL::VARCHAR AS fold_id, DATE '2026-01-05' AS trained_through, NULL::DATE AS features_asof FROM range(3) t(i)`);
    expect(await sumsOf(parquet)).toEqual(plain);
    expect(await sumsOf(gzipSync(parquet))).toEqual(plain);
  });

  it('are inflated elsewhere: the folder that they lie in may be somebody else’s, or not to be written to', async () => {
    const [theirs, ours] = [await mkdtemp(join(tmpdir(), 'theirs-')), await mkdtemp(join(tmpdir(), 'ours-'))];
    const path = join(theirs, 'history.csv.gz');
    await writeFile(path, gzipSync(SOME_HISTORY));
    const db = await DuckdbStore.open({ memoryMb: 256, threads: 1, directory: ours });
    try {
      await db.openTable({ table: 'HISTORY', path, view: 'seen', columns: ['sku'] });
      expect(await readdir(theirs)).toEqual(['history.csv.gz']);
    } finally {
      db.close();
      for (const folder of [theirs, ours]) await rm(folder, { recursive: true });
    }
  });

  it('that cannot be judged are told with the faults of both', async () => {
    expect(await faultsOf('a,b\n1,2\n', 'sku,store,date\n')).toEqual([
      ...BACKTEST_HEADER.split(',')
        .slice(0, 9)
        .map((column) => `BACKTEST_COLUMN_MISSING:${column}`),
      'HISTORY_COLUMN_MISSING:units',
    ]);
    const parquet = await parquetOf('SELECT 1 AS sku');
    expect(await faultsOf(backtestCsv([row()]), parquet)).toEqual([
      'HISTORY_COLUMN_MISSING:store',
      'HISTORY_COLUMN_MISSING:date',
      'HISTORY_COLUMN_MISSING:units',
    ]);
  });

  it('of Parquet with columns that cannot hold what they should are refused with all of them', async () => {
    const parquet =
      await parquetOf(`SELECT '2026-01-05' AS origin_date, 1.5 AS sku, true AS store, [1] AS region, 'x' AS target_date,
      '1' AS horizon, true AS actual, {'a': 1} AS candidate, 'NA' AS baseline, 20260105 AS trained_through`);
    const history = await parquetOf("SELECT 1 AS sku, 'a' AS store, now() AS date, DATE '2026-01-05' AS units");
    expect(await faultsOf(parquet, history)).toEqual([
      ...['sku', 'store', 'region', 'trained_through', 'actual', 'candidate'].map(
        (name) => `BACKTEST_COLUMN_TYPE:${name}`,
      ),
      ...['date', 'units'].map((name) => `HISTORY_COLUMN_TYPE:${name}`),
    ]);
  });

  it('of Parquet hold values of any type that can, and dates and numbers that are none are none', async () => {
    const parquet =
      await parquetOf(`SELECT TIMESTAMP '2026-01-05' AS origin_date, 7 AS sku, 'a' AS store, NULL AS region,
      unnest([DATE '2026-01-06', DATE '2026-01-07', DATE 'infinity']) AS target_date, unnest([1.0, 2.5, 3.0])::FLOAT AS horizon,
      unnest([1, NULL, 3])::UTINYINT AS actual, unnest(['NaN'::DOUBLE, -1.5, 2]) AS candidate, unnest([1e13, 2, 3])::DOUBLE AS baseline`);
    expect((await sumsOf(parquet)).counts).toMatchObject({
      ...{ rows: 3, keyed_rows: 2, horizon_mismatch: 1, missing_actual: 1, without_training_cutoff: 2 },
      ...{ candidate_nonfinite: 1, candidate_negative: 1, baseline_nonfinite: 1 },
    });
    const moment =
      await parquetOf(`SELECT TIMESTAMP '2026-01-05 06:00:00' AS origin_date, 'a' AS sku, 'b' AS store, 'c' AS region,
      DATE '2026-01-06' AS target_date, 1 AS horizon, 1 AS actual, 1 AS candidate, 1 AS baseline`);
    expect((await sumsOf(moment)).counts).toMatchObject({ rows: 1, keyed_rows: 0 });
  });

  it.each([
    ['without rows', `${BACKTEST_HEADER}\n`, 'BACKTEST_EMPTY'],
    ['with a row of another length', `${backtestCsv([row()])}1,2\n`, 'BACKTEST_UNREADABLE'],
    ['with an open quote', `${backtestCsv([row()])}"1,2\n`, 'BACKTEST_UNREADABLE'],
    ['that is not UTF-8', Buffer.from(backtestCsv([row({ region: 'caf\u00e9' })]), 'latin1'), 'BACKTEST_UNREADABLE'],
    ['that is an image', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'BACKTEST_UNREADABLE'],
    ['that is empty', '', 'BACKTEST_UNREADABLE'],
    ['that is no table', Buffer.from([0, 1, 2, 3]), 'BACKTEST_UNREADABLE'],
    ['that is gzip cut off', gzipSync(backtestCsv(distinct(5000))).subarray(0, 8000), 'BACKTEST_UNREADABLE'],
    ['that is gzip inside gzip', gzipSync(gzipSync(backtestCsv([row()]))), 'BACKTEST_UNREADABLE'],
    ['that is damaged Parquet', Buffer.from('PAR1 nothing but noise PAR1'), 'BACKTEST_UNREADABLE'],
  ])('%s are refused with the reason', async (_, content, code) => {
    expect(await faultsOf(content)).toEqual([code]);
  });

  it('cannot smuggle statements in, not by column names and not by values', async () => {
    const header = `${BACKTEST_HEADER},"x'); DROP TABLE rows_typed; --"`;
    const rows = [{ ...row({ sku: "milk'; DROP TABLE keys; --" }), extra: 1 }];
    const sums = await sumsOf(csvOf(header, rows).replace(/\n(.*)\n$/, '\n$1\n'));
    expect(sums.rows.paired_rows).toBe(1);
  });
});

describe('tables that fill the memory of the engine', () => {
  it('are compressed, and hold the same', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tight-'));
    const db = await DuckdbStore.open({ memoryMb: 100, threads: 1, directory });
    const used = async () =>
      (await db.rows('SELECT CAST(sum(memory_usage_bytes) AS DOUBLE) AS n FROM duckdb_memory()', number))[0]?.n ?? 0;
    const sum = async () => (await db.rows('SELECT CAST(sum(i * j) AS DOUBLE) AS n FROM numbers', number))[0]?.n;
    try {
      await db.useCompressedTables();
      await db.run('CREATE TABLE numbers AS SELECT i, i % 7 AS j FROM range(100000) t(i)');
      const [few, before] = [await used(), await sum()];
      await db.compressWhenTight();
      expect(await used()).toBe(few);
      await db.run('INSERT INTO numbers SELECT i, 0 FROM range(2000000) t(i)');
      const many = await used();
      await db.compressWhenTight();
      expect(await used()).toBeLessThan(many / 3);
      expect(await sum()).toBe(before);
    } finally {
      db.close();
      await rm(directory, { recursive: true });
    }
  });
});
