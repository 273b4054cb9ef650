import { describe, expect, it } from 'vitest';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import { type DayCounts, judgeCounts } from '../../../functions/evidence/guard/guard-counts.ts';
import type { Volume } from '../../../functions/evidence/guard/guard-item.ts';
import { dateOf } from './days.ts';

const counts = (index: number, members: Partial<DayCounts> = {}): DayCounts => ({
  ...{ date: dateOf(index), live: true, asked: 1000, missing: 0, invalid: 0 },
  ...{ stores: 20, skus: 50, regions: 4 },
  ...{ comparatorAsked: 1000, comparatorMissing: 0, comparatorInvalid: 0 },
  ...members,
});
const usual: readonly Volume[] = [0, 1, 2].map((index) => ({ date: dateOf(index), asked: 1000 + index }));
const judge = (days: readonly DayCounts[], volumes = usual) => judgeCounts(days, volumes, guardConfig.parse({}));
const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code);

describe('the newest as-of dates', () => {
  it('are judged while the last of them goes on, against a usual day', () => {
    expect(codes(judge([counts(3, { asked: 20, invalid: 2 })]).reasons)).toEqual([]);
    expect(codes(judge([counts(3, { asked: 20, invalid: 6 })]).reasons)).toEqual(['INVALID_PREDICTIONS']);
    expect(codes(judge([counts(3, { asked: 300, missing: 150 })]).reasons)).toEqual([]);
    expect(codes(judge([counts(3, { asked: 300, missing: 201 })]).reasons)).toEqual(['VOLUME_DROP']);
  });

  it('are judged as they are once they are complete', () => {
    const after = counts(4, { asked: 0, comparatorAsked: 0 });
    expect(codes(judge([counts(3, { asked: 20, invalid: 2 }), after]).reasons)).toEqual(['INVALID_PREDICTIONS']);
    expect(codes(judge([counts(3, { invalid: 5 }), after]).reasons)).toEqual([]);
  });

  it('are no fault of the version when the one before shows the same: the cause lies upstream', () => {
    const both = counts(3, { invalid: 50, comparatorInvalid: 50 });
    expect(codes(judge([both]).warnings)).toEqual(['UPSTREAM_CAUSE_LIKELY']);
    expect(codes(judge([counts(3, { invalid: 50 })]).warnings)).toEqual([]);
    expect(codes(judge([counts(3, { invalid: 50, comparatorAsked: 0 })]).warnings)).toEqual([]);
  });

  it('are no fault of the version when it is asked for less: that is a warning', () => {
    const [few, after] = [counts(3, { asked: 700, comparatorAsked: 700 }), counts(4, { asked: 1 })];
    const { reasons, warnings } = judge([few, after]);
    expect(reasons).toEqual([]);
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'FEWER_REQUESTS', got: '700 forecasts asked for on 2026-03-04' }),
    ]);
    expect(judge([counts(3, { asked: 800 }), after]).warnings).toEqual([]);
    // Days differ by weekday: the least of a week says what is few.
    expect(judge([few, after], [...usual, { date: '2026-02-28', asked: 710 }]).warnings).toEqual([]);
  });

  it('say nothing of the version before the promoted document routed them', () => {
    const before = counts(3, { live: false, asked: 10, invalid: 10 });
    expect(judge([before, counts(4)])).toMatchObject({ reasons: [], warnings: [] });
  });

  it('are kept as what is usual, once complete, and no longer than needed', () => {
    const many = Array.from({ length: 12 }, (_, index) => counts(index));
    expect(judge(many, []).volumes.map(({ date }) => date)).toEqual(many.slice(3, 11).map(({ date }) => date));
    expect(judge([counts(2, { asked: 5 }), counts(3)]).volumes.at(-1)).toEqual({ date: dateOf(2), asked: 5 });
    expect(judge([], usual)).toEqual({ reasons: [], warnings: [], volumes: usual });
  });

  it('of a first day alone are judged by what there is', () => {
    expect(codes(judge([counts(0, { asked: 100, invalid: 1 })], []).reasons)).toEqual(['INVALID_PREDICTIONS']);
  });
});
