import { describe, expect, it } from 'vitest';
import {
  FAMILIES,
  isAsked,
  ORIGIN_FAMILIES,
  pairsOf,
  productName,
  sampleOf,
} from '../../../functions/evidence/offline/implausible-sums.ts';
import { thresholds } from '../../fakes/backtest.ts';

describe('what is summed of implausible accuracy', () => {
  it('has each product of two variables once, by the name that it is asked for', () => {
    const pairs = pairsOf(FAMILIES.slow).map(([a, b]) => `${a}*${b}`);
    expect(new Set(pairs).size).toBe(10);
    for (const a of FAMILIES.slow)
      for (const b of FAMILIES.slow) expect(pairs).toContain(productName(FAMILIES.slow, a, b));
  });

  it('looks at each origin by what a single window can tell', () => {
    expect(ORIGIN_FAMILIES).not.toContain('known');
    expect(ORIGIN_FAMILIES).not.toContain('weeks');
  });

  it('asks nothing of a backtest that is too short, or where that is switched off', () => {
    expect(isAsked(thresholds(), 4999)).toBe(false);
    expect(isAsked(thresholds(), 5000)).toBe(true);
    expect(isAsked(thresholds({ implausible: 'off' }), 5000)).toBe(false);
  });

  it.each([
    [1_000_000, 1],
    [1_000_001, 2],
    [4_000_000, 4],
    [10_000_000, 16],
  ])('of %i rows looks at one series in %i', (rows, oneOf) => expect(sampleOf(rows, 1_000_000)).toBe(oneOf));
});
