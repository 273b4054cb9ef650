import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import { isReleaseError } from '../../../functions/platform/errors.ts';
import { csvOf, inDirectory, judged, judgedText, type Row, thresholds, world } from './plain-shadow.ts';

const better = () => world({ candidate: (demand, { series, day }) => demand + ((series + day) % 3) - 1 });
const edited = (rows: readonly Row[], edit: (row: Row, index: number) => Partial<Row>) =>
  rows.map((row, index) => ({ ...row, ...edit(row, index) }));
const firstOf = (rows: readonly Row[], count: number, members: Partial<Row>) =>
  edited(rows, (_, index) => (index < count ? members : {}));

async function refusal(content: string | Uint8Array): Promise<readonly string[]> {
  try {
    await judgedText(content);
    return [];
  } catch (error) {
    if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
    return error.reasons.map(({ code }) => code);
  }
}

describe('a shadow in a file', () => {
  it('passes, with every number of the contract', async () => {
    const result = await judged(better());
    expect(result).toMatchObject({ gate: 'shadow', decision: 'PASS', reasons: [], pending: [], complete_cycles: 4 });
    expect(result.quality).toEqual({
      ...{ rows: 672, bad_date: 0, duplicate_rows: 0, conflicting_keys: 0, missing_actual: 0, invalid_actual: 0 },
      ...{ candidate_missing: 0, candidate_nonfinite: 0, candidate_negative: 0, candidate_invalid_rate: 0 },
      ...{ production_missing: 0, production_nonfinite: 0, production_negative: 0 },
    });
    expect(result.accuracy).toMatchObject({ n: 672, alpha_look: 0.01, dm: { n: 28, h: 2 } });
  });

  it('keeps missing, not finite and negative forecasts apart, and counts what cannot be used of either version', async () => {
    const cells = ['', 'null', 'NA', 'None', 'NaN', 'Infinity', '-inf', 'abc', '1_000', -0.5, '1e13', 0, '0.0000001'];
    const rows = edited(better().slice(0, 26), (_, index) =>
      index < 13 ? { c: cells[index] ?? '' } : { p: cells[index - 13] ?? '' },
    );
    const { quality } = await judged(rows);
    expect(quality).toMatchObject({
      ...{ candidate_missing: 4, candidate_nonfinite: 6, candidate_negative: 1, candidate_invalid_rate: 11 / 26 },
      ...{ production_missing: 4, production_nonfinite: 6, production_negative: 1 },
    });
  });

  it('takes a missing actual for not known yet, a negative or unreadable one for no demand, and 0 for an observation', async () => {
    const cells = ['', -2, 'NaN', 0];
    const rows = edited(better(), ({ target, sku, store }) =>
      target > '2026-03-08' ? {} : { y: cells[(Number(sku.slice(4)) + 5 * Number(store.slice(6))) % 4] ?? '' },
    );
    const { quality, complete_cycles, accuracy } = await judged(rows);
    expect(quality).toMatchObject({ missing_actual: 42, invalid_actual: 84 });
    expect(complete_cycles).toBe(3);
    expect(accuracy.n).toBe(3 * 168);
  });

  it('completes a cycle with 95 % of its actuals, of which negative ones are known', async () => {
    const inFirst = (index: number, rows: readonly Row[]) => (rows[index]?.target ?? '9') <= '2026-03-08';
    const with_ = (missing: number) => {
      let left = missing;
      const rows = better();
      return edited(rows, (_, index) => (inFirst(index, rows) && left-- > 0 ? { y: '' } : { y: rows[index]?.y ?? 0 }));
    };
    expect((await judged(with_(8))).complete_cycles).toBe(4);
    expect((await judged(with_(9))).complete_cycles).toBe(3);
    const returned = edited(better(), ({ target }) => (target <= '2026-03-08' ? { y: -1 } : {}));
    expect(await judged(returned)).toMatchObject({
      complete_cycles: 4,
      cycles: [{ cycle: 0, n: 0, rel_wape: null, bias_candidate: null }, {}, {}, {}],
    });
  });

  it('does not complete a cycle without one of its days', async () => {
    const { complete_cycles, cycles } = await judged(better().filter(({ target }) => target !== '2026-03-12'));
    expect([complete_cycles, cycles.map(({ cycle }) => cycle)]).toEqual([3, [0, 2, 3]]);
  });

  it('collapses rows that are equal once they are read, and drops keys with different values whole', async () => {
    const rows = better();
    const [one, two, three] = rows;
    if (one === undefined || two === undefined || three === undefined) throw new Error('too few rows');
    const result = await judged([
      ...rows,
      { ...one, y: `${one.y}.0`, c: `${one.c}00e-2`, region: 'elsewhere' },
      { ...two, c: Number(two.c) + 1 },
      { ...two, c: Number(two.c) + 1 },
      { ...three, y: '' },
    ]);
    expect(result).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['CONFLICTING_DUPLICATES'] },
      quality: { rows: 676, duplicate_rows: 2, conflicting_keys: 2, candidate_invalid_rate: 0 },
      accuracy: { n: 670 },
    });
  });

  it('leaves out rows without a readable key, and says how many', async () => {
    const rows = better();
    const bad: readonly Partial<Row>[] = [
      ...[{ origin: '2026-02-30' }, { target: '02/03/2026' }, { target: '' }, { sku: '' }, { store: 'NA' }],
      ...[{ origin: '2026-3-1' }, { target: '2026-03-02T10:00:00' }],
    ];
    const result = await judged([...rows, ...bad.flatMap((members) => edited(rows.slice(0, 1), () => members))]);
    expect(result.quality).toMatchObject({ rows: 679, bad_date: 7, duplicate_rows: 0, conflicting_keys: 0 });
    expect(result.decision).toBe('PASS');
  });

  it('fails more than one unusable forecast in a thousand, whatever the cycles', async () => {
    expect(
      await judged(
        firstOf(
          better().filter(({ target }) => target < '2026-03-09'),
          1,
          { c: 'NaN' },
        ),
      ),
    ).toMatchObject({
      ...{ decision: 'FAIL', reasons: ['CANDIDATE_INVALID_RATE'], pending: ['INSUFFICIENT_CYCLES'] },
    });
    const many = world({}, { series: 36, horizons: [1] });
    expect(many).toHaveLength(1008);
    expect((await judged(firstOf(many, 1, { c: '' }))).reasons).toEqual([]);
    expect((await judged(firstOf(many, 2, { c: '' }))).reasons).toEqual(['CANDIDATE_INVALID_RATE']);
  });
});

describe('the file of a shadow', () => {
  const text = csvOf(better());
  const lines = text.trim().split('\n');

  it('may be CSV with a BOM, CRLF, quotes, another order of columns and further ones, gzip or not', async () => {
    const expected = await judgedText(text);
    const odd = lines.map((line, index) => {
      const [origin, sku, store, region, target, y, c, p] = line.split(',');
      return [`"${p}"`, c, y, index === 0 ? 'note' : '"a, ""b"""', target, origin, region, store, sku].join(',');
    });
    for (const content of [`\uFEFF${odd.join('\r\n')}\r\n`, gzipSync(text), text.trim()]) {
      expect(await judgedText(content)).toEqual(expected);
    }
  });

  it.each([
    ['is empty', '', ['SHADOW_ROWS_UNREADABLE']],
    ['has a header alone', `${lines[0]}\n`, ['SHADOW_ROWS_EMPTY']],
    ['is cut off', gzipSync(text).subarray(0, 900), ['SHADOW_ROWS_UNREADABLE']],
    ['is not what its magic says', 'PAR1 and nothing else', ['SHADOW_ROWS_UNREADABLE']],
    ['has a row of another length', `${text}1,2\n`, ['SHADOW_ROWS_UNREADABLE']],
    [
      'lacks columns',
      'origin_date,sku,store,region,actual\n',
      [
        ...['SHADOW_ROWS_COLUMN_MISSING:target_date', 'SHADOW_ROWS_COLUMN_MISSING:candidate'],
        'SHADOW_ROWS_COLUMN_MISSING:production',
      ],
    ],
  ])('is refused with its faults when it %s', async (_, content, codes) => {
    expect(await refusal(content)).toEqual(codes);
  });
});

/** A table file of the rows, with columns of these types. */
function parquetOf(rows: readonly Row[], columns: string): Promise<Buffer> {
  return inDirectory(async (directory) => {
    const [from, to] = ['rows.csv', 'rows.parquet'].map((name) => join(directory, name));
    await writeFile(from ?? '', csvOf(rows));
    const db = await DuckdbStore.open({ memoryMb: 256, threads: 1, directory });
    await db.run(`COPY (SELECT ${columns} FROM read_csv('${from}', all_varchar = true)) TO '${to}' (FORMAT parquet)`);
    db.close();
    return readFile(to ?? '');
  });
}

describe('Parquet of a shadow', () => {
  const TYPED = `CAST(origin_date AS DATE) AS origin_date, CAST(target_date AS TIMESTAMP) AS target_date, sku, store, region,
    CAST(actual AS INTEGER) AS actual, CAST(candidate AS DOUBLE) AS candidate, CAST(production AS DECIMAL(12, 6)) AS production`;

  it('says the same as text, with typed columns or without, gzip or not', async () => {
    const rows = better();
    const expected = await judged(rows);
    expect(await judgedText(await parquetOf(rows, '*'))).toEqual(expected);
    const typed = await parquetOf(rows, TYPED);
    const rounded = await judged(edited(rows, ({ p }) => ({ p: Math.round(Number(p) * 1e6) / 1e6 })));
    expect(await judgedText(typed)).toEqual(rounded);
    expect(await judgedText(gzipSync(typed))).toEqual(rounded);
  });

  it('keeps what is missing and what is no number apart', async () => {
    const cells = (name: string) => `CASE WHEN sku = 'sku-0' THEN NULL WHEN sku = 'sku-1' THEN 'nan'::DOUBLE
      WHEN sku = 'sku-2' THEN 'inf'::DOUBLE WHEN sku = 'sku-3' THEN -1.0::DOUBLE ELSE CAST(${name} AS DOUBLE) END AS ${name}`;
    const { quality } = await judgedText(
      await parquetOf(better(), `* REPLACE (${cells('candidate')}, ${cells('actual')})`),
    );
    expect(quality).toMatchObject({
      ...{ candidate_missing: 168, candidate_nonfinite: 280, candidate_negative: 112 },
      ...{ missing_actual: 168, invalid_actual: 392 },
    });
  });

  it('is refused with every column of a type that cannot hold its values', async () => {
    const wrong = await parquetOf(better(), '* REPLACE ([1] AS candidate, true AS production, 7 AS target_date)');
    expect(await refusal(wrong)).toEqual([
      ...['SHADOW_ROWS_COLUMN_TYPE:target_date', 'SHADOW_ROWS_COLUMN_TYPE:candidate'],
      'SHADOW_ROWS_COLUMN_TYPE:production',
    ]);
    const cut = (await parquetOf(better(), '*')).subarray(0, 2000);
    expect(await refusal(cut)).toEqual(['SHADOW_ROWS_UNREADABLE']);
  });
});

describe('one row', () => {
  it('is judged, and shows nothing', async () => {
    const result = await judged(world({}, { series: 1, days: 1, horizons: [1] }), thresholds());
    expect(result).toMatchObject({
      ...{ decision: 'CONTINUE', reasons: [], pending: ['INSUFFICIENT_CYCLES'], complete_cycles: 0, cycles: [] },
      bias: { candidate: null, production: null, systematic: false },
      accuracy: { n: 0, rel_wape: null, series_se: null, p_noninf: null, dm: { n: 0, mean: null, p_noninf: null } },
      instability: { pairs: 0, churn_candidate: null, churn_ratio: null, spike_rate: 0 },
      drift: { n_ref: 1, n_cur: 1, level_shift: 0 },
    });
  });
});
