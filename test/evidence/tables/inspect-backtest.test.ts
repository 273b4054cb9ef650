import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectBacktest, inspectHistory } from '../../../functions/evidence/tables/inspect-backtest.ts';
import { HEAD_BYTES, sniffTable } from '../../../functions/evidence/tables/table-file.ts';
import { BACKTEST_HEADER, backtestCsv, row, SOME_HISTORY } from '../../fakes/backtest.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const codes = (reasons: readonly { readonly code: string }[]) => reasons.map(({ code }) => code);

describe('inspecting a backtest before registration', () => {
  it('accepts CSV, plain and gzipped, whatever the file is called', () => {
    const csv = bytes(backtestCsv([row()]));
    expect(inspectBacktest(csv)).toEqual([]);
    expect(inspectBacktest(gzipSync(csv))).toEqual([]);
    expect(inspectHistory(bytes(SOME_HISTORY))).toEqual([]);
  });

  it('accepts a header with a byte order mark, carriage returns, quotes and columns that it does not know', () => {
    const header = BACKTEST_HEADER.replace('sku', '"sku"').concat(',"price, net"');
    expect(inspectBacktest(bytes(`\ufeff${header}\r\n1,2\r\n`))).toEqual([]);
    expect(sniffTable(bytes('a,"b ""c"", d",\n1\n'))?.columns).toEqual(['a', 'b "c", d', '']);
  });

  it('names every missing column at once, with what was found and what is allowed', () => {
    const faults = inspectBacktest(bytes('origin_date,sku,store,region,target_date,horizon,actual\n1\n'));
    expect(codes(faults)).toEqual(['BACKTEST_COLUMN_MISSING:candidate', 'BACKTEST_COLUMN_MISSING:baseline']);
    expect(faults[0]).toMatchObject({
      path: 'backtest',
      got: expect.stringContaining('origin_date,sku'),
      next: expect.any(String),
    });
    expect(codes(inspectHistory(bytes('sku,store\n1\n')))).toEqual([
      'HISTORY_COLUMN_MISSING:date',
      'HISTORY_COLUMN_MISSING:units',
    ]);
  });

  it('takes a column that stands there twice for missing, since nothing says which one counts', () => {
    expect(codes(inspectBacktest(bytes(`${BACKTEST_HEADER},actual\n1\n`)))).toEqual(['BACKTEST_COLUMN_MISSING:actual']);
  });

  it('refuses a file without rows, alone or together with missing columns', () => {
    expect(codes(inspectBacktest(bytes(`${BACKTEST_HEADER}\n \n`)))).toEqual(['BACKTEST_EMPTY']);
    expect(codes(inspectHistory(gzipSync(bytes('sku,store,date'))))).toEqual([
      'HISTORY_COLUMN_MISSING:units',
      'HISTORY_EMPTY',
    ]);
  });

  it.each([
    ['nothing', bytes('')],
    ['an image', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])],
    ['text that is not UTF-8', Buffer.from([0x73, 0x6b, 0xff, 0x75, 0x0a])],
    ['damaged gzip', Buffer.concat([Buffer.from([0x1f, 0x8b, 0x08]), Buffer.alloc(64, 7)])],
    ['Parquet that is cut off', bytes('PAR1 and then no end')],
  ])('refuses %s as unreadable', (_, content) => {
    expect(codes(inspectBacktest(content))).toEqual(['BACKTEST_UNREADABLE']);
  });

  it('accepts Parquet by its magic bytes and leaves its columns to the judge', () => {
    expect(inspectBacktest(bytes('PAR1 content PAR1'))).toEqual([]);
    expect(inspectBacktest(gzipSync(bytes('PAR1 content PAR1')))).toEqual([]);
  });

  it('judges the start of a large file without holding its missing end against it', () => {
    const csv = bytes(backtestCsv(Array.from({ length: 5000 }, (_, index) => row({ sku: `sku-${index}` }))));
    const start = (content: Buffer) => inspectBacktest(content.subarray(0, HEAD_BYTES), { whole: false });
    expect(start(csv)).toEqual([]);
    expect(start(gzipSync(csv).subarray(0, 5000))).toEqual([]);
    expect(start(bytes('PAR1 and more to come'))).toEqual([]);
    expect(inspectBacktest(bytes(BACKTEST_HEADER), { whole: false })).toEqual([]);
  });
});
