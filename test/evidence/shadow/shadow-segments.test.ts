import { describe, expect, it } from 'vitest';
import { segmentsOf } from '../../../functions/evidence/shadow/shadow-segments.ts';
import type { SegmentSums } from '../../../functions/evidence/stages/segment-accuracy.ts';
import { oneWayRelative } from '../../../functions/evidence/statistics/clustered-ratio.ts';

const LIMITS = { min_rows: 100, min_series: 3 };

/** A segment of three equal series with these errors. */
function segment(name: string, a: bigint, b: bigint, rows = 100): SegmentSums {
  return {
    ...{ segment: name, rows, actual: 300n, candidate: 330n, production: 270n },
    ...{ candidateError: 3n * a, productionError: 3n * b },
    series: { groups: 3, aa: 3n * a * a, ab: 3n * a * b, bb: 3n * b * b },
  };
}

describe('segments of a shadow', () => {
  it('come worst first, and in order of their names where they are as bad', () => {
    const given = [segment('region:b', 9n, 10n), segment('region:c', 5n, 0n), segment('region:a', 9n, 10n)];
    expect(segmentsOf([...given, segment('category:x', 15n, 10n)], LIMITS).map(({ name }) => name)).toEqual([
      ...['region:c', 'category:x', 'region:a', 'region:b'],
    ]);
  });

  it('are listed with as much data as a pass needs', () => {
    expect(segmentsOf([segment('region:a', 9n, 10n, 99)], LIMITS)).toEqual([]);
    expect(segmentsOf([segment('region:a', 9n, 10n)], { ...LIMITS, min_series: 4 })).toEqual([]);
  });

  it('say error, bias and how sure the change is', () => {
    const uneven = { ...segment('region:a', 9n, 10n), series: { groups: 3, aa: 260n, ab: 275n, bb: 301n } };
    const { se } = oneWayRelative({ a: 27n, b: 30n, clusters: uneven.series });
    expect(se).toBeGreaterThan(0);
    expect(segmentsOf([uneven], LIMITS)).toEqual([
      {
        ...{ name: 'region:a', n_rows: 100, n_series: 3, rel_wape: -0.1, se },
        ...{ wape_candidate: 0.09, wape_production: 0.1, bias_candidate: 0.1, bias_production: -0.1 },
      },
    ]);
  });
});
