import { describe, expect, it } from 'vitest';
import { checkPower } from '../../../functions/evidence/canary/power.ts';
import { type PowerSettings, sumPower } from '../../../functions/evidence/canary/power-store.ts';
import { residualSpread } from '../../../functions/evidence/statistics/ratio-effect.ts';
import { Cohort } from '../../../functions/inference/routing/cohort.ts';
import {
  batch,
  datesFrom,
  demandOf,
  MemoryFiles,
  type OutcomeRow,
  outcomesOf,
  RULE,
  readTables,
  SERIES,
  type Series,
  SHADOW,
} from '../stages/stage-world.ts';
import { configOf } from './clusters.ts';

const settings: PowerSettings = {
  ...{ rule: RULE, percentage: 30, minShare: 0.95, coverDays: 14, lengths: [7, 14, 21, 28] },
};
const number = ({ sku }: Series) => Number(sku.slice(4));
const stock = (series: Series, date: string): Partial<OutcomeRow> => ({
  stockout: (number(series) + Number(date.slice(8))) % 9 === 0 ? 1 : 0,
  overstock_units: number(series) + (Number(date.slice(8)) % 3),
});

/** Two weeks beside production, and outcomes from four weeks before. */
function shadow(of: typeof stock | (() => object) = stock): MemoryFiles {
  const files = new MemoryFiles();
  for (const asOf of datesFrom('2026-03-01', 14)) files.log(batch({ asOf }));
  files.outcomes(outcomesOf(datesFrom('2026-02-01', 42), of));
  return files;
}

const read = (files: MemoryFiles, given = settings, daysBefore = 56) =>
  readTables(files, SHADOW, daysBefore, (engine) => sumPower(engine, given));

describe('what the power check rests on', () => {
  it('is the cohort that the last step will draw, among those who were asked for', async () => {
    const drawn = SERIES.filter((series) =>
      new Cohort({ ...RULE, percentage: 30 }).has({ ...series, region: '', category: '', segments: [] }),
    ).length;
    const found = await read(shadow());
    expect(found.clusters).toEqual({ canary: drawn, control: SERIES.length - drawn });
    const excluded = { ...settings, rule: { ...RULE, excludedSegments: ['region:north'] } };
    const { canary, control } = (await read(shadow(), excluded)).clusters;
    expect(canary + control).toBe(20);
  });

  it('splits the days that are known into a recent part and the days before it', async () => {
    const { days, metrics } = await read(shadow());
    expect(days).toBe(42);
    // 42 days: a recent part of up to 35 leaves a week before it. Both forecasts are there for 13 closed days.
    expect(metrics.stockout?.windows.map((window) => window.days)).toEqual([7, 14, 21, 28]);
    expect(metrics.paired_wape?.windows.map((window) => window.days)).toEqual([7]);
    expect(metrics.stockout?.windows[1]?.moments).toMatchObject({
      ...{ clusters: 40, d: BigInt(40 * 14), d0: BigInt(40 * 28) },
    });
    expect(metrics.stockout?.windows[2]?.moments).toMatchObject({ d: BigInt(40 * 21), d0: BigInt(40 * 21) });
    expect(metrics.stockout?.before.d).toBe(BigInt(40 * 28));
  });

  it('measures the spread between clusters as somebody would by hand', async () => {
    const { metrics } = await read(shadow());
    const [first] = metrics.overstock?.windows ?? [];
    const recent = datesFrom('2026-03-08', 7);
    const before = datesFrom('2026-02-08', 28);
    const sum = (dates: readonly string[], of: (date: string) => number) => dates.reduce((t, date) => t + of(date), 0);
    const clusters = SERIES.map((series) => {
      const over = (date: string) => Number(stock(series, date).overstock_units);
      const sold = (date: string) => demandOf(series, date);
      return [sum(recent, over), sum(recent, sold), sum(before, over), sum(before, sold)] as const;
    });
    const total = (at: 0 | 1 | 2 | 3) => clusters.reduce((t, cluster) => t + cluster[at], 0);
    const [r, r0] = [total(0) / total(1), total(2) / total(3)];
    const u = clusters.map(([n, d]) => ((n - r * d) * 40) / total(1));
    const v = clusters.map(([, , n, d]) => ((n - r0 * d) * 40) / total(3));
    const product = (a: readonly number[], b: readonly number[]) =>
      a.reduce((t, x, index) => t + x * (b[index] ?? 0), 0);
    const theta = Math.min(1, Math.max(0, product(u, v) / product(v, v)));
    const rest = u.map((x, index) => x - theta * (v[index] ?? 0));
    const spread = first === undefined ? null : residualSpread(first.moments);
    expect(spread).toBeCloseTo(Math.sqrt(product(rest, rest) / 39), 10);
  });

  it('says nothing of stock where outcomes do not, which the check tells', async () => {
    const found = await read(shadow(() => ({})));
    const { findings } = checkPower(found, { steps: [{ percentage: 30, hold: 'P7D' }] }, configOf());
    expect(findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['CANARY_POWER_UNKNOWN:stockout', 'CANARY_POWER_UNKNOWN:overstock']),
    );
  });

  it('has no window for days that are too few, and nothing at all without outcomes', async () => {
    const short = new MemoryFiles();
    short.log(batch({ asOf: '2026-03-01' }));
    short.outcomes(outcomesOf(datesFrom('2026-02-19', 13), stock));
    expect((await read(short)).metrics.stockout?.windows).toEqual([]);
    const none = new MemoryFiles();
    none.log(batch({ asOf: '2026-03-01' }));
    expect(await read(none)).toMatchObject({ days: 0, metrics: {} });
    expect(await read(new MemoryFiles())).toMatchObject({ clusters: { canary: 0, control: 0 }, metrics: {} });
  });

  it('does not count a day of which few outcomes are there', async () => {
    const files = shadow();
    files.outcomes(outcomesOf(['2026-03-15'], stock).slice(0, 10));
    expect((await read(files)).days).toBe(42);
  });
});
