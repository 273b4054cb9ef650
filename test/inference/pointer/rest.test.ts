import { describe, expect, it } from 'vitest';
import { Rest } from '../../../functions/inference/pointer/rest.ts';

const at = (milliseconds: number) => () => milliseconds;

describe('A rest', () => {
  it('has not begun by itself', () => {
    expect(new Rest().holds(0, at(0))).toBe(false);
  });

  it('lasts from its beginning until its length has passed', () => {
    const rest = new Rest();
    rest.begin({ wallMs: 1_000, steadyMs: 50 }, 100);
    expect([50, 100, 149, 150].map((steady) => rest.holds(steady, at(steady + 950)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it.each([
    ['the wall clock was set back', 60, 500],
    ['the process was frozen, and its steady clock with it', 60, 1_101],
    ['the wall clock was set back, and comes by again', 4_000, 1_050],
  ])('is over when %s', (_what, steadyMs, wallMs) => {
    const rest = new Rest();
    rest.begin({ wallMs: 1_000, steadyMs: 50 }, 100);
    expect(rest.holds(51, at(1_001))).toBe(true);
    expect(rest.holds(steadyMs, at(wallMs))).toBe(false);
  });

  it('asks the wall clock once in a tenth of a millisecond, however often it is asked itself', () => {
    const rest = new Rest();
    rest.begin({ wallMs: 1_000, steadyMs: 0 }, 100);
    let asked = 0;
    const wall = () => {
      asked += 1;
      return 1_000;
    };
    for (let call = 0; call < 1_000; call++) expect(rest.holds(call / 1_000, wall)).toBe(true);
    expect(asked).toBe(10);
    rest.begin({ wallMs: 5_000, steadyMs: 1 }, 100);
    expect(rest.holds(1, wall)).toBe(false);
  });

  it('never lasts longer than it was told, not even for a tenth of a millisecond', () => {
    const rest = new Rest();
    rest.begin({ wallMs: 1_000, steadyMs: 0 }, 0.05);
    expect(rest.holds(0, at(1_000))).toBe(true);
    expect(rest.holds(0.05, at(1_000))).toBe(false);
    rest.begin({ wallMs: 1_000, steadyMs: 0 }, 0);
    expect(rest.holds(0, at(1_000))).toBe(false);
  });
});
