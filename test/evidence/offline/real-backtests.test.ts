import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STRICT_OFFLINE } from '../../../functions/evidence/offline/offline-config.ts';
import type { OfflineResult } from '../../../functions/evidence/offline/offline-result.ts';
import { resultOf } from '../../fakes/backtest.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');

async function judgeFile(name: string, history: string, config = {}): Promise<OfflineResult> {
  const backtest = readFileSync(join(DATA, 'backtests', `${name}.csv.gz`));
  return resultOf(backtest, { history: readFileSync(join(DATA, `${history}.csv.gz`)), config });
}

const policies = [
  ['the contract', {}],
  ['a promotion', STRICT_OFFLINE],
] as const;

describe.runIf(existsSync(DATA))('backtests of real demand', () => {
  it.each(
    policies.flatMap(([policy, config]) => [
      ['good_es_tsb', 'm5_long_history', policy, config] as const,
      ['good_es_tsb', 'm5_wide', policy, config] as const,
      ['good_lgbm', 'm5_wide', policy, config] as const,
    ]),
  )('passes %s with %s by the thresholds of %s', async (name, history, _, config) => {
    const result = await judgeFile(name, history, config);
    expect(result).toMatchObject({ decision: 'PASS', reasons: [], pending: [], warnings: [] });
    expect(result.overall).toMatchObject({ n_rows: 94_080, n_series: 840, n_folds: 4, verdict: 'NON_INFERIOR' });
    expect(result.overall.metrics.sum_y).toBe(241_305);
  });

  it('finds the gains that the data states for good_es_tsb, overall and at each origin', async () => {
    const { overall, folds = {} } = await judgeFile('good_es_tsb', 'm5_long_history');
    expect(overall.rel_wape).toBeCloseTo(-0.178, 3);
    expect(overall.metrics.candidate.bias).toBeCloseTo(-0.067, 3);
    expect(overall.metrics.candidate.wape).toBeCloseTo(0.554, 3);
    expect((overall.metrics.candidate.rmse ?? 0) / (overall.metrics.baseline.rmse ?? 0) - 1).toBeCloseTo(-0.175, 3);
    expect(Object.values(folds).map(({ rel_wape }) => Number(rel_wape).toFixed(3))).toEqual([
      ...['-0.183', '-0.156', '-0.198', '-0.177'],
    ]);
  });

  it.each(policies)(
    'rejects bad_underforecast_mae for its bias by the thresholds of %s, although its error is the lowest',
    async (_, config) => {
      const { decision, reasons, overall } = await judgeFile('bad_underforecast_mae', 'm5_long_history', config);
      expect(decision).toBe('FAIL');
      expect(reasons).toEqual(expect.arrayContaining(['BIAS', 'SEGMENT_BIAS:category:HOBBIES']));
      expect(reasons.filter((code) => !/BIAS/.test(code))).toEqual([]);
      expect(overall.verdict).toBe('NON_INFERIOR');
    },
  );

  it.each(policies)(
    'rejects bad_unstable_fold for its broken origin by the thresholds of %s, although it gains overall',
    async (_, config) => {
      const { decision, reasons, overall } = await judgeFile('bad_unstable_fold', 'm5_wide', config);
      expect({ decision, reasons }).toEqual({ decision: 'FAIL', reasons: ['FOLD_REGRESSED:2016-03-27'] });
      expect(overall.rel_wape).toBeCloseTo(-0.063, 3);
    },
  );
});

it('is covered without the shared data as well', () => {
  if (!existsSync(DATA)) console.log(`No shared data at ${DATA}: its backtests were not judged.`);
  expect(existsSync(join(import.meta.dirname, 'offline.test.ts'))).toBe(true);
});
