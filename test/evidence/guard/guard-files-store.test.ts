import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import { judgeGuardFiles } from '../../../functions/evidence/guard/guard-files-store.ts';
import { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import { dateOf } from './days.ts';

const directory = mkdtempSync(join(tmpdir(), 'guard-'));
afterAll(() => rmSync(directory, { recursive: true }));
const engine = { memoryMb: 512, threads: 1, directory };
const HEADER = 'date,abs_err,comparator_abs_err,invalid,rows,expected_rows';

let files = 0;
function file(content: string | Uint8Array): string {
  files += 1;
  const path = join(directory, `daily-${files}`);
  writeFileSync(path, content);
  return path;
}
const judge = (path: string) => judgeGuardFiles({ daily: path }, guardConfig.parse({}), engine);
const lines = (count: number, error = (index: number) => `${880 + (index % 3) * 20}`) =>
  Array.from({ length: count }, (_, index) => `${dateOf(index)},${error(index)},1000,0,5000,5000`);

describe('a file of daily rows', () => {
  it('is judged as CSV, gzipped CSV and Parquet alike, whatever the order of rows and columns', async () => {
    const csv = [HEADER, ...lines(56)].join('\n');
    const expected = await judge(file(csv));
    expect(expected).toMatchObject({ decision: 'OK', n_ref: 28, n_live: 28 });
    expect(await judge(file(gzipSync([HEADER, ...lines(56).toReversed()].join('\r\n'))))).toEqual(expected);
    const turned = lines(56).map((line) => line.split(',').toReversed().join(','));
    expect(await judge(file([HEADER.split(',').toReversed().join(','), ...turned].join('\n')))).toEqual(expected);
    const store = await DuckdbStore.open(engine);
    const parquet = join(directory, 'daily.parquet');
    await store.run(`COPY (SELECT * FROM read_csv('${file(csv)}')) TO '${parquet}' (FORMAT parquet)`);
    store.close();
    expect(await judge(parquet)).toEqual(expected);
  });

  it('has missing numbers in any of the usual words, and dates that do not exist, without failing', async () => {
    const words = ['', 'null', 'NA', 'NaN', 'inf', 'abc'];
    const csv = [HEADER, ...lines(56, (index) => words[index - 30] ?? '900'), '2026-02-30,1,1,0,1,1', 'soon,1,1,0,1,1'];
    expect(await judge(file(csv.join('\n')))).toMatchObject({
      ...{ decision: 'WARN', warnings: ['BAD_DATE', 'DAY_WITHOUT_SCORE'], n_live: 28 },
    });
  });

  it('names every column that is missing', async () => {
    await expect(judge(file('date,abs_err\n2026-03-01,1'))).rejects.toMatchObject({
      code: 'UNUSABLE_EVIDENCE',
      reasons: ['comparator_abs_err', 'invalid', 'rows', 'expected_rows'].map((name) =>
        expect.objectContaining({ code: `DAILY_COLUMN_MISSING:${name}` }),
      ),
    });
  });

  it.each([
    ['nothing but a header', HEADER, 'DAILY_EMPTY'],
    ['nothing', '', 'DAILY_UNREADABLE'],
    [
      'a gzip file that is cut off',
      gzipSync([HEADER, ...lines(5000)].join('\n')).subarray(0, 3000),
      'DAILY_UNREADABLE',
    ],
    ['a line with too few values', [HEADER, ...lines(3), '2026-04-01,1'].join('\n'), 'DAILY_UNREADABLE'],
  ])('is refused when it is %s', async (_, content, code) => {
    await expect(judge(file(content))).rejects.toMatchObject({ reasons: [expect.objectContaining({ code })] });
  });
});
