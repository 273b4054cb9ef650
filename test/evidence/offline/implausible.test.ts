import { describe, expect, it } from 'vitest';
import { explainFinding } from '../../../functions/evidence/explain-finding.ts';
import { judgeImplausible } from '../../../functions/evidence/offline/implausible.ts';
import type { ImplausibleSums } from '../../../functions/evidence/offline/implausible-sums.ts';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import type { OfflineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import { goodSums, thresholds } from '../../fakes/backtest.ts';
import { around, type Families, scopeSums } from '../../fakes/implausible.ts';

const sumsOf = (whole: Families, origins: Readonly<Record<string, Families>> = {}): ImplausibleSums => ({
  whole: scopeSums(whole),
  origins: Object.fromEntries(Object.entries(origins).map(([origin, one]) => [origin, scopeSums(one)])),
});
const judged = (whole: Families, config: Partial<OfflineConfig> = {}) =>
  judgeImplausible(sumsOf(whole), thresholds(config));
const codes = ({ reasons, pending, warnings }: ReturnType<typeof judgeImplausible>) =>
  [...reasons, ...pending, ...warnings].map(({ code }) => code);

const days: Families = { noise: around(200, [5e5, 1e6], [1e4]) };
const totals: Families = { totals: Array.from({ length: 200 }, (_, one) => [one < 160 ? 4 : 0, 4]) };
const follows: Families = { moves: around(200, [7e8, 1e9, -8e8, -8e8], [1e8]) };
const flat: Families = { weeks: around(200, [10_000, 10_000, 20_000, 24_000], [100, 100, 0, 0]) };
const dayOff: Families = { moves: around(200, [-1e8, 1e9, 2e8, 0], [1e8]) };
/** Too few series that move slowly, or at all slowly enough for totals to be counted. */
const fast: Families = { noise: [], slow: [], medium: [], known: [], totals: [] };

describe('implausible accuracy', () => {
  it.each<readonly [string, Families, readonly string[]]>([
    ['days and windows', { ...days, ...totals }, ['LEAKAGE_IMPLAUSIBLE']],
    ['days, and moves that follow', { ...days, ...follows }, ['LEAKAGE_IMPLAUSIBLE']],
    ['days, and error that does not grow', { ...days, ...flat }, ['LEAKAGE_IMPLAUSIBLE']],
    ['windows, and moves that follow', { ...totals, ...follows }, ['LEAKAGE_IMPLAUSIBLE']],
    ['windows, and moves that answer to a day off', { ...totals, ...dayOff }, ['LEAKAGE_IMPLAUSIBLE']],
    ['days alone', days, ['IMPLAUSIBLE_ACCURACY']],
    ['windows alone', totals, ['IMPLAUSIBLE_ACCURACY']],
    ['moves that follow, as promotions make them', follows, ['FOLLOWS_SURPRISES']],
    ['error that does not grow', flat, []],
    ['both of these', { ...follows, ...flat }, ['FOLLOWS_SURPRISES']],
    ['both of these where chance cannot be measured', { ...follows, ...flat, ...fast }, ['IMPLAUSIBLE_ACCURACY']],
    ['nothing', {}, []],
  ])('of %s', (_, whole, expected) => expect(codes(judged(whole))).toEqual(expected));

  it('is told in numbers that a person can follow', () => {
    const [found] = judged({ ...days, ...totals, ...follows, ...flat }).reasons;
    expect(found?.got).toBe(
      'squared error 0.50 of counting noise on slow movers; 80.0 % of window totals met within half their counting noise; follows day-to-day surprises (correlation 0.70); error of the last week 1.00 times that of the first (production 1.20)',
    );
    expect(found?.allowed).toBe('what chance leaves to a forecast that knows the true rate of each day');
  });

  it('of one origin alone is found, and named', () => {
    const leaks: Families = { ...days, ...follows };
    const { implausible, reasons } = judgeImplausible(
      sumsOf({}, { '2026-01-05': {}, '2026-02-02': leaks, '2026-03-02': {} }),
      thresholds(),
    );
    expect(implausible).toMatchObject({ verdict: 'FAIL', rows: 50_000, series: 200 });
    expect(Object.keys(implausible?.origins ?? {})).toEqual(['2026-02-02']);
    expect(reasons[0]?.got).toBe(
      'at 2026-02-02 squared error 0.50 of counting noise on slow movers, follows day-to-day surprises (correlation 0.70)',
    );
  });

  it('of a single origin is no finding beside that of the whole', () => {
    expect(judgeImplausible(sumsOf(days, { '2026-01-05': days }), thresholds()).implausible?.origins).toEqual({});
  });

  it('of moves a day off has to be there at each origin: a holiday that all series got wrong is none', () => {
    const origins = { '2026-01-05': dayOff, '2026-02-02': dayOff };
    expect(codes(judgeImplausible(sumsOf(dayOff, origins), thresholds()))).toEqual(['IMPLAUSIBLE_ACCURACY']);
    expect(codes(judgeImplausible(sumsOf(dayOff, { ...origins, '2026-03-02': {} }), thresholds()))).toEqual([]);
    expect(codes(judgeImplausible(sumsOf({}, { ...origins, '2026-03-02': {} }), thresholds()))).toEqual([]);
  });

  it('is not asked about where there is too little data', () => {
    const suspect = { ...days, ...totals };
    expect(judged(suspect, { implausible_min_rows: 50_001 })).toEqual({ reasons: [], pending: [], warnings: [] });
    expect(judged(suspect, { implausible_min_series: 201 })).toEqual({ reasons: [], pending: [], warnings: [] });
    expect(judgeImplausible(undefined, thresholds())).toEqual({ reasons: [], pending: [], warnings: [] });
  });

  it('is not asked about where that is switched off, which is said', () => {
    const off = judged({ ...days, ...totals }, { implausible: 'off' });
    expect(off).toMatchObject({ reasons: [], pending: [], warnings: [{ code: 'IMPLAUSIBLE_OFF' }] });
    expect(off).not.toHaveProperty('implausible');
  });

  it('decides the offline gate like any other rule, and is in its result', () => {
    const decide = (whole: Families) =>
      judgeOffline({ ...goodSums(), implausible: sumsOf(whole) }, thresholds()).result;
    expect(decide({})).toMatchObject({ decision: 'PASS', implausible: { verdict: 'PASS', origins: {} } });
    expect(decide(days)).toMatchObject({ decision: 'INCONCLUSIVE', pending: ['IMPLAUSIBLE_ACCURACY'] });
    expect(decide({ ...days, ...follows })).toMatchObject({ decision: 'FAIL', reasons: ['LEAKAGE_IMPLAUSIBLE'] });
    expect(decide(follows)).toMatchObject({ decision: 'PASS', warnings: ['FOLLOWS_SURPRISES'] });
    expect(judgeOffline(goodSums(), thresholds()).result).not.toHaveProperty('implausible');
  });

  it.each(['LEAKAGE_IMPLAUSIBLE', 'IMPLAUSIBLE_ACCURACY', 'FOLLOWS_SURPRISES', 'IMPLAUSIBLE_OFF'])(
    'explains %s to people',
    (code) => expect(explainFinding({ code, got: 'x', allowed: 'y' })).toHaveProperty('next'),
  );
});
