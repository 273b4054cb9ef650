import { describe, expect, it } from 'vitest';
import { segmentsOf } from '../../../functions/evidence/canary/canary-segments.ts';
import type { SegmentSums } from '../../../functions/evidence/stages/segment-accuracy.ts';

/** Series with these errors of candidate and production, each over 100 units sold. */
function segment(name: string, series: readonly (readonly [number, number])[]): SegmentSums {
  const sum = (of: (one: readonly [number, number]) => number) => BigInt(series.reduce((t, one) => t + of(one), 0));
  return {
    ...{ segment: name, rows: series.length * 7, actual: BigInt(series.length * 100) },
    ...{ candidate: BigInt(series.length * 105), production: BigInt(series.length * 90) },
    ...{ candidateError: sum(([a]) => a), productionError: sum(([, b]) => b) },
    series: { groups: series.length, aa: sum(([a]) => a * a), ab: sum(([a, b]) => a * b), bb: sum(([, b]) => b * b) },
  };
}
const three = [
  [10, 20],
  [12, 18],
  [8, 22],
] as const;

describe('accuracy of a canary by segment', () => {
  it('is told with its error, for people to read', () => {
    const [found] = segmentsOf([segment('region:north', three)], { min_clusters: 3 });
    expect(found).toMatchObject({
      ...{ name: 'region:north', n_rows: 21, n_series: 3, rel_wape: -0.5, wape_candidate: 0.1, wape_production: 0.2 },
      ...{ bias_candidate: 0.05, bias_production: -0.1 },
    });
    // u = (a - b / 2) / 60 is 0, 3 / 60, -3 / 60; V = 3 / 2 of the sum of squares.
    expect(found?.se).toBeCloseTo(Math.sqrt((3 / 2) * 18) / 60, 12);
  });

  it('leaves out segments of few series', () => {
    expect(segmentsOf([segment('region:north', three)], { min_clusters: 4 })).toEqual([]);
  });

  it('says what is unbounded, and what is undefined', () => {
    const perfect = segment('region:north', [
      [5, 0],
      [3, 0],
    ]);
    expect(segmentsOf([perfect], { min_clusters: 2 })).toMatchObject([{ rel_wape: 'inf', se: null }]);
    const unsold = { ...perfect, actual: 0n };
    expect(segmentsOf([unsold], { min_clusters: 2 })).toMatchObject([{ wape_candidate: null, bias_candidate: null }]);
  });
});
