import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { demandCsv } from '../../infra/demo/demand.ts';
import { readDemand } from '../../infra/demo/read-demand.ts';

const HEADER = 'date,sku,store,region,units,category,price';
const read = (...lines: readonly string[]) => readDemand(Buffer.from(`${lines.join('\n')}\n`), 'sales.csv');

describe('Reading a demand history', () => {
  it('takes columns in any order, ignores those it does not know, and fills missing days with zeros', () => {
    const file = read(
      HEADER,
      '2026-03-04,milk,A,north,7,dairy,1.2',
      '2026-03-01,milk,A,north,5,dairy,1.2',
      '2026-03-03,bread,A,north,2,bakery,',
    );
    expect(file).toEqual({
      ok: true,
      notes: [],
      demand: {
        firstDate: '2026-03-01',
        days: 4,
        series: [
          { sku: 'bread', store: 'A', region: 'north', category: 'bakery', start: 2, units: [2, 0] },
          { sku: 'milk', store: 'A', region: 'north', category: 'dairy', start: 0, units: [5, 0, 0, 7] },
        ],
      },
    });
  });

  it('reads gzip, a byte order mark, Windows line ends, and quoted names as the same', () => {
    const text = '\uFEFFdate,sku,store,region,units\r\n2026-03-01,"milk, ""fresh""",A,north,5\r\n';
    const file = readDemand(gzipSync(text), 'sales.csv.gz');
    expect(file).toMatchObject({ ok: true, demand: { series: [{ sku: 'milk, "fresh"', category: '', units: [5] }] } });
  });

  it('sets returns to 0 and adds up repeated rows, and says how many', () => {
    const file = read(
      HEADER,
      '2026-03-01,milk,A,north,-3,,',
      '2026-03-02,milk,A,north,4,,',
      '2026-03-02,milk,A,north,2,,',
    );
    expect(file).toMatchObject({ ok: true, demand: { series: [{ units: [0, 6] }] } });
    expect(file).toMatchObject({
      notes: [
        '1 rows with negative units (returns) were set to 0.',
        '1 rows repeat a day of a series; their units were added up.',
      ],
    });
  });

  it('names the columns that lack, and shows the header', () => {
    const file = read('day,sku,store,units', '2026-03-01,milk,A,5');
    expect(file).toMatchObject({
      ok: false,
      faults: [expect.stringMatching(/lacking.*: date, region\. .*day,sku,store/)],
    });
  });

  it('names every faulty line by its number', () => {
    const file = read(
      HEADER,
      '2026-02-30,milk,A,north,5,,',
      '2026-03-01,milk,A,north,5,,',
      '2026-03-02,milk,A,north,many,,',
      '2026-03-03,,A,north,5,,',
      '2026-03-04,milk,A,north,,,',
      '2026-03-05,milk,A,north,1e12,,',
    );
    expect(file).toEqual({
      ok: false,
      faults: [
        'sales.csv, line 2: "2026-02-30" is no date of the form YYYY-MM-DD.',
        'sales.csv, line 4: "many" is no number of units.',
        'sales.csv, line 5: sku must not be empty.',
        'sales.csv, line 6: "" is no number of units.',
        'sales.csv, line 7: 1e12 units are more than anybody sells in a day.',
      ],
    });
  });

  it('lists ten faulty lines and counts the rest', () => {
    const file = read(HEADER, ...Array.from({ length: 14 }, () => 'yesterday,milk,A,north,5,,'));
    expect(file.ok ? [] : file.faults).toHaveLength(11);
    expect(file.ok ? '' : file.faults.at(-1)).toBe('sales.csv: 4 more lines have faults.');
  });

  it.each([
    ['a header alone', Buffer.from(`${HEADER}\n`), /no rows/],
    ['nothing', Buffer.from(''), /needs exactly one column/],
    ['gzip that is cut off', gzipSync(HEADER.repeat(50)).subarray(0, 40), /no gzip file/],
    ['a year that is mistyped', Buffer.from(`${HEADER}\n2026-03-01,a,b,c,1,,\n0206-03-01,a,b,c,1,,\n`), /mistyped/],
  ])('refuses %s', (_, bytes, fault) => {
    const file = readDemand(bytes, 'sales.csv');
    expect(file).toMatchObject({ ok: false, faults: [expect.stringMatching(fault)] });
  });

  it('reads back what it writes', () => {
    const file = read(HEADER, '2026-03-02,milk,"A, 1",north,5,dairy,', '2026-03-01,bread,B,south,1,,');
    expect(file.ok && readDemand(Buffer.from(demandCsv(file.demand)), 'again')).toEqual(file);
  });
});
