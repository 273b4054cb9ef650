import { describe, expect, it } from 'vitest';
import { scored } from '../../functions/drill/score.ts';
import { trendOf } from '../../functions/drill/trend.ts';
import { aDrill } from './drills.ts';

const at = (seconds: number) => new Date(Date.parse('2026-03-01T08:00:00.000Z') + seconds * 1000).toISOString();
const WHOLE = { faultAt: at(0), noticedAt: at(1), decidedAt: at(1.5), servedAt: at(3), convergedAt: at(12.34) };
const against = { maxSeconds: 120, reasons: [] };

describe('A drill', () => {
  it('passes with the seconds of each phase, the total, and the phase that took longest', () => {
    expect(scored(WHOLE, against)).toEqual({
      passed: true,
      seconds: { detect: 1, decide: 0.5, switch: 1.5, converge: 9.34 },
      total: 12.34,
      maxSeconds: 120,
      slowest: 'converge',
      reasons: [],
    });
  });

  it('fails when it took longer than the policy allows, and says which part did', () => {
    const score = scored(WHOLE, { maxSeconds: 12, reasons: [] });
    expect(score).toMatchObject({ passed: false, total: 12.34 });
    expect(score.reasons).toMatchObject([
      { code: 'TOO_SLOW', path: 'converge', got: '12.34 s', allowed: 'at most 12 s' },
    ]);
  });

  it('passes at the very limit', () => {
    expect(scored(WHOLE, { maxSeconds: 12.34, reasons: [] }).passed).toBe(true);
  });

  it('fails for what stood in its way, however fast it was', () => {
    const reasons = [{ code: 'NOT_SERVED', message: 'No.' }];
    expect(scored(WHOLE, { maxSeconds: 120, reasons })).toMatchObject({ passed: false, total: 12.34, reasons });
  });

  it.each([
    ['nothing', {}, {}, ''],
    ['the noticing', { faultAt: at(0), noticedAt: at(2) }, { detect: 2 }, 'detect'],
    ['the data plane', { ...WHOLE, convergedAt: undefined }, { detect: 1, decide: 0.5, switch: 1.5 }, 'switch'],
  ])(
    'that came no further than %s has no total, and fails',
    (_what, { convergedAt, ...moments }: object & { convergedAt?: undefined }, seconds, path) => {
      expect(scored(moments, against)).toMatchObject({
        ...{ passed: false, total: null, seconds },
        reasons: [{ code: 'NOT_FINISHED', path }],
      });
    },
  );

  it('has no phase shorter than nothing, though the reader may be first and clocks differ', () => {
    const early = { ...WHOLE, decidedAt: at(0.9), servedAt: at(5), convergedAt: at(4) };
    expect(scored(early, against)).toMatchObject({ seconds: { decide: 0, switch: 4.1, converge: 0 }, total: 5 });
  });
});

describe('The trend of drills', () => {
  it('tells of the newest ten, the oldest first, whichever order they came in', () => {
    const drills = Array.from({ length: 12 }, (_, day) => aDrill({ startedAt: at(day * 86_400), total: day + 1 }));
    const trend = trendOf('demand', drills.toReversed());
    expect(trend.drills.map(({ total }) => total)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(trend).toMatchObject({ passed: 10, medianTotal: 7.5 });
  });

  it('counts one that did not come to its end among those that failed, and not in the median', () => {
    const failed = aDrill({ passed: false, total: null, reasons: [{ code: 'NOT_FINISHED', message: 'No.' }] });
    const trend = trendOf('demand', [failed, aDrill({ total: 4, startedAt: at(86_400) })]);
    expect(trend).toMatchObject({ passed: 1, medianTotal: 4 });
    expect(trend.drills[0]).toMatchObject({ passed: false, reasons: ['NOT_FINISHED'] });
  });
});
