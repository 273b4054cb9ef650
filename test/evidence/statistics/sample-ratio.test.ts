import { describe, expect, it } from 'vitest';
import { sampleRatio } from '../../../functions/evidence/statistics/sample-ratio.ts';

describe('the sample ratio', () => {
  it('is tested by chi-square with one degree of freedom', () => {
    const { chi2, p } = sampleRatio(60, 40, 0.5);
    expect(chi2).toBeCloseTo(4, 12);
    expect(p).toBeCloseTo(0.04550026389635842, 9);
    expect(sampleRatio(20, 80, 0.2)).toEqual({ canary: 20, control: 80, chi2: 0, p: 1 });
  });

  it('is not tested where an arm should have fewer than five units', () => {
    expect(sampleRatio(4, 5, 0.5)).toEqual({ canary: 4, control: 5, chi2: null, p: null });
    expect(sampleRatio(0, 0, 0.5)).toMatchObject({ p: null });
    expect(sampleRatio(5, 5, 0.5)).toMatchObject({ p: 1 });
  });
});
