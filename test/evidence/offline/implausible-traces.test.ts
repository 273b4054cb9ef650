import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../functions/evidence/offline/implausible-result.ts';
import { traceScope } from '../../../functions/evidence/offline/implausible-traces.ts';
import type { OfflineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import { thresholds } from '../../fakes/backtest.ts';
import { around, type Families, scopeSums } from '../../fakes/implausible.ts';

const traced = (families: Families, config: Partial<OfflineConfig> = {}) =>
  traceScope({ scope: scopeSums(families), config: thresholds(config), alpha: 0.005 });
const trace = (name: Trace['name'], families: Families, config: Partial<OfflineConfig> = {}) =>
  traced(families, config).find((one) => one.name === name);

/** Surprises of which the best multiple of a move leaves `rest` of counting noise, of `varied` times that in all. */
const moving = (rest: number, varied = 1.5, mixed = 0.1) => {
  const known = 1e6 * (varied - rest);
  return around(200, [1e6 * varied, mixed * known, mixed ** 2 * known, 1e6], [1e4]);
};

describe('the traces of implausible accuracy', () => {
  it('are silent over an honest candidate, and each says its value', () => {
    const traces = traced({});
    expect(traces.map(({ name, value }) => [name, Number(value.toFixed(3))])).toEqual([
      ...[
        ['squared_error', 2],
        ['unexplained_slow', 1.5],
        ['unexplained_medium', 3],
        ['known_series', 0],
      ],
      ...[
        ['window_totals', 0.25],
        ['follows_surprises', 0],
        ['a_day_off', 0],
        ['horizon_growth', 1.1],
      ],
    ]);
    expect(traces.filter(({ speaks }) => speaks)).toEqual([]);
    expect(traces.every(({ series }) => series === 200)).toBe(true);
  });

  it('need as many series as are configured', () => {
    expect(traced({}, { implausible_min_series: 201 })).toEqual([]);
    expect(traced({}, { implausible_min_series: 200 })).toHaveLength(8);
    expect(traced({ noise: around(99, [1e6, 1e6]) }).map(({ name }) => name)).not.toContain('squared_error');
  });

  describe('squared error', () => {
    it('speaks where it is shown to be below its limit, not only measured so', () => {
      const noise = (value: number, deviation: number) => ({
        noise: around(200, [value * 1e6, 1e6], [deviation * 1e6]),
      });
      expect(trace('squared_error', noise(0.79, 0.01))).toMatchObject({ speaks: true, limit: 0.8 });
      expect(trace('squared_error', noise(0.81, 0.01))?.speaks).toBe(false);
      // Demand a fifth steadier than counts leaves a forecast that knows its promotions about so much.
      expect(trace('squared_error', noise(0.79, 0.1))?.speaks).toBe(false);
      expect(trace('squared_error', noise(0.5, 1))?.speaks).toBe(true);
      expect(trace('squared_error', noise(0.5, 2))?.speaks).toBe(false);
    });

    it('is not asked where demand itself is steadier than counting noise', () => {
      const steady = { noise: around(200, [1e5, 1e6]), slow: around(200, [0.89e6, 0, 0, 1e6]) };
      expect(traced(steady).map(({ name }) => name)).not.toContain('squared_error');
      expect(traced(steady).map(({ name }) => name)).not.toContain('unexplained_slow');
      expect(trace('squared_error', { ...steady, slow: around(200, [0.9e6, 0, 0, 1e6]) })?.speaks).toBe(true);
    });
  });

  describe('what is unexplained', () => {
    it.each([1, 0.1, 0.01])('tells a leak however faintly it was mixed in: %f', (mixed) => {
      expect(trace('unexplained_slow', { slow: moving(0.5, 1.5, mixed) })).toMatchObject({ speaks: true });
      expect(trace('unexplained_slow', { slow: moving(0.5, 1.5, mixed) })?.value).toBeCloseTo(0.5, 3);
    });

    it('has a lower limit where more is sold', () => {
      expect(trace('unexplained_slow', { slow: moving(0.79) })?.speaks).toBe(true);
      expect(trace('unexplained_slow', { slow: moving(0.81) })?.speaks).toBe(false);
      expect(trace('unexplained_medium', { medium: moving(0.41, 3) })?.speaks).toBe(false);
      expect(trace('unexplained_medium', { medium: moving(0.39, 3) })?.speaks).toBe(true);
    });

    it('is everything where a forecast does not move, or moves against the surprises', () => {
      expect(trace('unexplained_slow', { slow: around(200, [1.5e6, 0, 0, 1e6]) })?.value).toBe(1.5);
      expect(trace('unexplained_slow', { slow: around(200, [1.5e6, -1e6, 1e6, 1e6]) })?.value).toBe(1.5);
    });

    it('is hardly anything in too many series', () => {
      const share = (series: number) => Array.from({ length: 200 }, (_, one) => [one < series ? 1 : 0, 1]);
      expect(trace('known_series', { known: share(9) })?.speaks).toBe(false);
      expect(trace('known_series', { known: share(14) })).toMatchObject({
        speaks: true,
        value: expect.closeTo(0.07, 12),
      });
    });
  });

  it('speak of window totals where more are met than by a forecast that knows the true rate', () => {
    const met = (share: number) => Array.from({ length: 200 }, (_, one) => [one < 200 * share ? 4 : 0, 4]);
    expect(trace('window_totals', { totals: met(0.59) })?.speaks).toBe(false);
    expect(trace('window_totals', { totals: met(0.62) })).toMatchObject({
      speaks: true,
      value: expect.closeTo(0.62, 12),
    });
    expect(trace('window_totals', { totals: met(0.62).slice(0, 110).concat(met(0)) })?.speaks).toBe(false);
  });

  it('speak of moves that follow surprises', () => {
    const moves = (r: number) => ({ moves: around(200, [r * 1e9, 1e9, 0, 0], [1e8]) });
    expect(trace('follows_surprises', moves(0.49))?.speaks).toBe(false);
    expect(trace('follows_surprises', moves(0.51))?.speaks).toBe(true);
  });

  it('speak of moves that fit the day before or the day after better than their own', () => {
    const moves = (before: number, after: number, deviation = 0.1) => ({
      moves: around(200, [0, 1e9, before * 1e9, after * 1e9], [1e8, 0, deviation * 1e9, deviation * 1e9]),
    });
    expect(trace('a_day_off', moves(0.09, -0.2))?.speaks).toBe(false);
    expect(trace('a_day_off', moves(0.11, -0.2))).toMatchObject({ speaks: true, value: expect.closeTo(0.11, 9) });
    expect(trace('a_day_off', moves(-0.2, 0.3))).toMatchObject({ speaks: true, value: expect.closeTo(0.3, 9) });
    expect(trace('a_day_off', moves(0.11, -0.2, 0.7))?.speaks).toBe(false);
  });

  describe('growth over the horizon', () => {
    const growing = (candidate: number, production: number, noise = 100) => ({
      weeks: around(200, [10_000, 10_000 * candidate, 20_000, 20_000 * production], [noise, noise, 0, 0]),
    });

    it('speaks where production’s error grows and the candidate’s hardly does', () => {
      expect(trace('horizon_growth', growing(1, 1.2))).toMatchObject({ speaks: true, value: expect.closeTo(1, 12) });
      expect(trace('horizon_growth', growing(1, 1.2))?.production).toBeCloseTo(1.2, 12);
      expect(trace('horizon_growth', growing(1, 1.2))?.limit).toBeCloseTo(1.05, 12);
      expect(trace('horizon_growth', growing(1.06, 1.2))?.speaks).toBe(false);
    });

    it('says nothing where production’s error does not grow either, or where that is not shown', () => {
      expect(trace('horizon_growth', growing(1, 1.04))?.speaks).toBe(false);
      const unsteady = around(200, [10_000, 10_000, 20_000, 24_000], [9000, -9000, 20_000, -20_000]);
      expect(trace('horizon_growth', { weeks: unsteady })?.speaks).toBe(false);
    });

    it('is not there without an error to compare with', () => {
      expect(trace('horizon_growth', { weeks: around(200, [0, 0, 1000, 1000]) })).toBeUndefined();
    });
  });
});
