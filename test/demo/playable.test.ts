import { describe, expect, it } from 'vitest';
import type { Demand, DemandSeries } from '../../infra/demo/demand.ts';
import { MAX_SERIES, MIN_DAYS, MIN_SERIES, playable, smallestCategory } from '../../infra/demo/playable.ts';
import { REPLAY_DAYS } from '../../infra/demo/retailer.ts';

const FIRST_DAY = MIN_DAYS - REPLAY_DAYS;

function demandOf(
  series: number,
  days = MIN_DAYS,
  over: (index: number) => Partial<DemandSeries> = () => ({}),
): Demand {
  return {
    firstDate: '2025-01-01',
    days,
    series: Array.from({ length: series }, (_, index) => ({
      ...{ sku: `sku-${index}`, store: 'A', region: 'north', category: index % 3 === 0 ? 'dairy' : 'bakery', start: 0 },
      units: new Array<number>(days).fill(index + 1),
      ...over(index),
    })),
  };
}

describe('What of a demand history is played', () => {
  it('is its last days, when there are enough of them', () => {
    expect(playable(demandOf(MIN_SERIES), 'file')).toMatchObject({ ok: true, firstDay: FIRST_DAY, notes: [] });
  });

  it('is nothing of a history that is too short, and says what is needed', () => {
    expect(playable(demandOf(MIN_SERIES, MIN_DAYS - 1), 'file')).toMatchObject({
      ok: false,
      fault: expect.stringContaining(`needed are ${MIN_DAYS}`),
    });
  });

  it('is nothing of too few series, and says what is needed', () => {
    expect(playable(demandOf(MIN_SERIES - 1), 'file')).toMatchObject({
      ok: false,
      fault: expect.stringContaining(`needed are ${MIN_SERIES}`),
    });
  });

  it('leaves out series that begin or sell only when the replay is near, and says how many', () => {
    const late = (index: number): Partial<DemandSeries> =>
      index === 0 ? { start: FIRST_DAY - 27 } : index === 1 ? { units: new Array<number>(FIRST_DAY).fill(0) } : {};
    const found = playable(demandOf(MIN_SERIES + 2, MIN_DAYS, late), 'file');
    expect(found).toMatchObject({ ok: true, notes: [expect.stringMatching(/^2 of 62 series/)] });
    expect(found.ok && found.demand.series).toHaveLength(MIN_SERIES);
  });

  it('are those that sold most before the replay, of more than can be played', () => {
    const found = playable(demandOf(MAX_SERIES + 50), 'file');
    expect(found).toMatchObject({ ok: true, notes: [expect.stringContaining(`the ${MAX_SERIES} that sold most`)] });
    expect(found.ok && found.demand.series.map(({ sku }) => sku)).not.toContain('sku-49');
  });
});

describe('The category that a canary leaves out', () => {
  it('is the smallest', () => {
    expect(smallestCategory(demandOf(9), FIRST_DAY)).toBe('dairy');
  });

  it('is the one that sells less, of two with as many series', () => {
    const even = (index: number) => ({ category: index % 2 === 0 ? 'dairy' : 'bakery' });
    expect(smallestCategory(demandOf(8, MIN_DAYS, even), FIRST_DAY)).toBe('dairy');
  });

  it.each([
    ['one', 'dairy'],
    ['none', ''],
  ])('is none where there is %s', (_, category) => {
    expect(
      smallestCategory(
        demandOf(9, MIN_DAYS, () => ({ category })),
        FIRST_DAY,
      ),
    ).toBeNull();
  });
});
