import { describe, expect, it } from 'vitest';
import { canaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import type { CanaryResult } from '../../../functions/evidence/canary/canary-result.ts';
import { type CanaryTexts, judgeTexts } from './canary-files.ts';

const HEADER = 'period,date,sku,store,region,arm,units,forecast,stockout,overstock_units,shadow_forecast';
const config = canaryConfig.parse({ min_clusters: 4 });

interface Row {
  readonly period: string;
  readonly date: string;
  readonly sku: string;
  readonly arm: string;
  readonly units: string;
  readonly forecast: string;
  readonly stockout: string;
}

/** Ten clusters, five in each arm, on two days before and seven after. */
function rows(of: (row: Row) => Partial<Row> = () => ({})): readonly string[] {
  return Array.from({ length: 10 }, (_, index) => index).flatMap((index) =>
    Array.from({ length: 9 }, (_, day) => {
      const units = 5 + ((index * 3 + day * 7) % 6);
      const row = {
        ...{ period: day < 2 ? 'pre' : 'post', date: `2026-03-0${day + 1}`, sku: `sku-${index}` },
        ...{ arm: index % 2 === 0 ? 'canary' : 'control', units: String(units) },
        ...{ forecast: String(units + 1 + ((index + day) % 3)), stockout: (index + day) % 4 === 0 ? '1' : '0' },
      };
      const { period, date, sku, arm, units: y, forecast, stockout } = { ...row, ...of(row) };
      return [period, date, sku, 'harbour', 'north', arm, y, forecast, stockout, '1.5', ''].join(',');
    }),
  );
}

const text = (lines: readonly string[]) => `${[HEADER, ...lines].join('\n')}\n`;
const judge = (lines: readonly string[], more: Partial<CanaryTexts> = {}) =>
  judgeTexts({ outcomes: text(lines), ops: undefined, assignment: undefined, ...more }, config);
const measured = ({ quality: _, ...others }: CanaryResult) => others;
const refusal = async (texts: Partial<CanaryTexts>) =>
  judge(rows(), texts).then(
    () => [],
    (error: { reasons: readonly { code: string }[] }) => error.reasons.map(({ code }) => code),
  );

describe('a canary that is judged from files', () => {
  it('has the same result in any order of rows and columns, with a BOM and CRLF, and with rows that repeat', async () => {
    const plain = await judge(rows());
    expect(plain.quality).toMatchObject({ rows: 90, bad_rows: 0, duplicate_rows: 0, conflicting_keys: 0 });
    const shuffled = rows().toSorted((a, b) => (a.slice(12) < b.slice(12) ? -1 : 1));
    expect(await judge(shuffled)).toEqual(plain);
    const reversed = [HEADER, ...rows()].map((line) => line.split(',').toReversed().join(','));
    expect(await judge([], { outcomes: `\uFEFF${reversed.join('\r\n')}\r\n` })).toEqual(plain);
    const again = rows(({ units }) => ({ units: `${units}.0` })).slice(0, 7);
    const repeated = await judge([...rows(), ...again]);
    expect(repeated.quality).toMatchObject({ rows: 97, duplicate_rows: 7, conflicting_keys: 0 });
    expect(measured(repeated)).toEqual(measured(plain));
  });

  it('leaves a key with different values out whole, in whichever order they come', async () => {
    const other = rows(() => ({ units: '99' })).slice(3, 4);
    const found = await judge([...rows(), ...other]);
    expect(found.quality).toMatchObject({ rows: 91, duplicate_rows: 0, conflicting_keys: 1 });
    expect(await judge([...other, ...rows()])).toEqual(found);
    const without = rows().filter((_, index) => index !== 3);
    expect(measured(found)).toEqual(measured(await judge(without)));
  });

  it.each([
    ['units that are not known yet', { units: '' }],
    ['returns', { units: '-1' }],
    ['units that are no number', { units: 'NaN' }],
    ['a date that does not exist', { date: '2026-02-30' }],
    ['another arm', { arm: 'shadow' }],
    ['another period', { period: 'later' }],
    ['no SKU', { sku: 'NA' }],
  ])('counts a row with %s, and leaves it out', async (_, cells) => {
    const found = await judge(rows().map((line, index) => (index === 5 ? (rows(() => cells)[5] ?? '') : line)));
    expect(found.quality).toMatchObject({ rows: 90, bad_rows: 1 });
    expect(measured(found)).toEqual(measured(await judge(rows().filter((__, index) => index !== 5))));
  });

  it('uses of a row what can be used: without a forecast it still says whether the shelf was empty', async () => {
    const found = await judge(rows((row) => (row.date === '2026-03-05' ? { forecast: 'NaN' } : {})));
    const plain = await judge(rows());
    expect(found.quality.bad_rows).toBe(0);
    expect(found.metrics.stockout).toEqual(plain.metrics.stockout);
    expect(found.metrics.wape?.ratio_canary).not.toBe(plain.metrics.wape?.ratio_canary);
    const silent = await judge(rows(() => ({ stockout: '' })));
    expect(silent.pending).toContain('INSUFFICIENT:stockout');
    expect(silent.metrics.stockout).toMatchObject({ clusters_canary: 0, margin: null });
  });

  it('finds a unit in both arms, also where its rows contradict each other', async () => {
    const both = await judge(rows((row) => (row.sku === 'sku-1' && row.period === 'pre' ? { arm: 'canary' } : {})));
    expect(both).toMatchObject({ reasons: ['COHORT_CONTAMINATION'], quality: { arm_conflicts: 1 } });
    expect(both.srm).toMatchObject({ canary: 5, control: 4 });
    const twice = rows((row) => (row.sku === 'sku-1' ? { arm: 'canary' } : {})).filter((line) =>
      line.includes('sku-1'),
    );
    expect((await judge([...rows(), ...twice])).quality).toMatchObject({ conflicting_keys: 9, arm_conflicts: 1 });
  });

  it('holds arms against the frozen cohort', async () => {
    const cohort = Array.from(
      { length: 10 },
      (_, index) => `sku-${index}|harbour,${index % 2 === 0 ? 'canary' : 'control'}`,
    );
    const frozen = (lines: readonly string[]) => judge(rows(), { assignment: `cluster,arm\n${lines.join('\n')}\n` });
    expect(await frozen(cohort)).toEqual(await judge(rows()));
    const swapped = cohort.with(0, 'sku-0|harbour,control');
    expect(await frozen(swapped)).toMatchObject({ reasons: ['COHORT_CONTAMINATION'], quality: { arm_conflicts: 1 } });
    // Who was never assigned may be new in the control, but not in the canary.
    expect((await frozen(cohort.slice(1))).quality.arm_conflicts).toBe(1);
    const late = await frozen(cohort.slice(0, 9));
    expect(late).toMatchObject({ reasons: [], srm: { canary: 5, control: 4 } });
  });

  it('clusters by what was assigned', async () => {
    const found = await judgeTexts(
      { outcomes: text(rows()), ops: undefined, assignment: undefined },
      { ...config, cluster: 'sku' },
    );
    expect(found.metrics).toEqual((await judge(rows())).metrics);
    const stores = { ...config, cluster: 'store' as const };
    expect(
      (await judgeTexts({ outcomes: text(rows()), ops: undefined, assignment: undefined }, stores)).reasons,
    ).toEqual(['COHORT_CONTAMINATION']);
  });

  it('has no day where there are no outcomes since the start', async () => {
    const found = await judge(rows().filter((line) => line.startsWith('pre')));
    expect(found).toMatchObject({ decision: 'CONTINUE', days: 0, srm: { canary: 0, control: 0 }, metrics: {} });
  });
});

describe('files that cannot be used', () => {
  const OPS = 'window,arm,requests,errors,slow,expected,missing,nonfinite,negative';

  it('are refused with every missing column named', async () => {
    expect(await refusal({ outcomes: 'date,sku,store\n2026-03-01,a,b\n' })).toEqual(
      ['period', 'region', 'arm', 'units', 'forecast', 'stockout', 'overstock_units'].map(
        (column) => `CANARY_OUTCOMES_COLUMN_MISSING:${column}`,
      ),
    );
    expect(await refusal({ outcomes: `${HEADER}\n` })).toEqual(['CANARY_OUTCOMES_EMPTY']);
    expect(await refusal({ ops: 'window,arm\nw,canary\n' })).toHaveLength(7);
  });

  it('are refused with the faults of all of them at once', async () => {
    const found = await refusal({
      ...{ outcomes: 'period,date,sku\npost,2026-03-01,k\n', ops: `${OPS}\nw1,canary,10,x,0,10,0,0,0\n` },
      assignment: 'cluster,arm\n',
    });
    expect(found).toEqual(
      expect.arrayContaining(['CANARY_OUTCOMES_COLUMN_MISSING:units', 'OPS_INVALID_ROWS', 'ASSIGNMENT_EMPTY']),
    );
  });

  it('are refused with a frozen cohort of nobody: its rows were lost, which is no contamination', async () => {
    expect(await refusal({ assignment: 'cluster,arm\n' })).toEqual(['ASSIGNMENT_EMPTY']);
  });

  it('are refused where operations are no counts, or say two things: they are not guessed at', async () => {
    expect(await refusal({ ops: `${OPS}\nw1,canary,10,x,0,10,0,0,0\n` })).toEqual(['OPS_INVALID_ROWS']);
    expect(await refusal({ ops: `${OPS}\nw1,canary,10,-1,0,10,0,0,0\n` })).toEqual(['OPS_INVALID_ROWS']);
    expect(await refusal({ ops: `${OPS}\nw1,canary,10,1,,10,0,0,0\nw1,canary,10,2,,10,0,0,0\n` })).toEqual([
      'OPS_INVALID_ROWS',
    ]);
    expect(await refusal({ assignment: 'cluster,arm\nsku-1|harbour,treatment\n' })).toEqual([
      'ASSIGNMENT_INVALID_ROWS',
    ]);
  });

  it('are read where equal windows repeat, and slow calls are not known', async () => {
    const line = 'w1,canary,1000,2,,1000,0,0,0';
    const found = await judge(rows(), { ops: `${OPS}\n${line}\n${line}\nw1,control,1000,2,,1000,0,0,0\n` });
    expect(found.ops).toMatchObject({ error_rate_canary: 0.002, slow_log_e: null });
  });
});
