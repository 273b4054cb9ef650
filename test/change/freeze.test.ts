import { describe, expect, it } from 'vitest';
import { freezeAt, freezeCalendar } from '../../functions/change/freeze.ts';

const PEAK = { from: '2026-11-20T00:00:00Z', until: '2026-12-27T00:00:00Z', reason: 'Peak trading' };
const STOCKTAKE = { from: '2026-12-27T01:00:00+01:00', until: '2026-12-30T00:00:00Z', reason: 'Stocktaking' };

describe('A freeze', () => {
  it('begins with its first moment and is over with its last', () => {
    expect(freezeAt([PEAK], '2026-11-19T23:59:59.999Z')).toBeNull();
    expect(freezeAt([PEAK], '2026-11-20T00:00:00.000Z')).toEqual({
      until: '2026-12-27T00:00:00.000Z',
      reasons: ['Peak trading'],
    });
    expect(freezeAt([PEAK], '2026-12-27T00:00:00.000Z')).toBeNull();
  });

  it('lasts until the last of the periods that follow each other without a gap, in whatever order they are named', () => {
    const until = { until: '2026-12-30T00:00:00.000Z', reasons: ['Peak trading', 'Stocktaking'] };
    expect(freezeAt([STOCKTAKE, PEAK], '2026-12-01T00:00:00.000Z')).toEqual(until);
    const later = { ...STOCKTAKE, from: '2026-12-28T00:00:00Z' };
    expect(freezeAt([later, PEAK], '2026-12-01T00:00:00.000Z')?.until).toBe('2026-12-27T00:00:00.000Z');
  });

  it('is refused when it ends before it begins, or is no moment', () => {
    expect(freezeCalendar.safeParse([{ ...PEAK, until: PEAK.from }]).success).toBe(false);
    expect(freezeCalendar.safeParse([{ ...PEAK, from: '2026-11-20' }]).success).toBe(false);
  });
});
