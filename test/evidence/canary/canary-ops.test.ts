import { describe, expect, it } from 'vitest';
import { judgeOps } from '../../../functions/evidence/canary/canary-ops.ts';
import type { OpsCounts, OpsWindow } from '../../../functions/evidence/canary/canary-sums.ts';
import { configOf, windowsOf } from './clusters.ts';

const codes = (windows: readonly OpsWindow[]) => judgeOps(windows, configOf()).findings.map(({ code }) => code);
const canary = (counts: Partial<OpsCounts>) => codes(windowsOf(counts));

describe('operations of a canary', () => {
  it('fail beyond their limits', () => {
    expect(canary({ missing: 6 })).toEqual(['MISSING_PREDICTIONS']);
    expect(canary({ missing: 5 })).toEqual([]);
    expect(canary({ negative: 2 })).toEqual(['NEGATIVE_PREDICTIONS']);
    expect(canary({ negative: 1 })).toEqual([]);
    expect(canary({ nonfinite: 1 })).toEqual(['NONFINITE_PREDICTIONS']);
    expect(canary({ missing: 500, nonfinite: 1 })).toEqual(['NONFINITE_PREDICTIONS', 'MISSING_PREDICTIONS']);
  });

  it('are not judged by rates of few forecasts or requests, but one that is not finite is one too many', () => {
    expect(canary({ expected: 199, missing: 100, negative: 50 })).toEqual([]);
    expect(canary({ expected: 1, nonfinite: 1 })).toEqual(['NONFINITE_PREDICTIONS']);
    const few = { requests: 100, errors: 3 };
    expect(codes(windowsOf({ ...few, errors: 6 }, few))).toEqual([]);
  });

  it('fail by an error rate that nobody should bear, whatever the control does', () => {
    expect(codes(windowsOf({ errors: 60 }, { errors: 60 }))).toEqual(['OPS_REGRESSED:errors']);
    expect(codes(windowsOf({ errors: 50 }, { errors: 50 }))).toEqual([]);
  });

  it('fail by more errors or slow calls than the control, once the evidence is there', () => {
    expect(codes(windowsOf({ errors: 12 }, {}, 1))).toEqual([]);
    expect(codes(windowsOf({ errors: 12 }, {}, 3))).toEqual(['OPS_REGRESSED:errors']);
    expect(codes(windowsOf({ slow: 40 }, {}, 3))).toEqual(['OPS_REGRESSED:slow']);
  });

  it('do not fail by a rate that is certainly higher, but not by half', () => {
    const found = judgeOps(windowsOf({ slow: 140 }, { slow: 100 }, 50), configOf());
    expect(found.result.slow_log_e).toBeGreaterThan(Math.log(2 / 0.009));
    expect(found.findings).toEqual([]);
  });

  it('do not fail a canary that does better', () => {
    expect(codes(windowsOf({ errors: 0 }, { errors: 40 }, 20))).toEqual([]);
  });

  it('leave undefined what nobody measured', () => {
    const { result } = judgeOps(windowsOf({ slow: null }, { slow: null }), configOf());
    expect(result).toMatchObject({ slow_log_e: null, error_rate_canary: 0.002 });
    expect(judgeOps(windowsOf({ requests: 0, expected: 0 }), configOf()).result).toMatchObject({
      ...{ missing_rate: null, error_rate_canary: null },
    });
  });

  it('say nothing where there is no window', () => {
    expect(judgeOps([], configOf())).toEqual({ result: {}, findings: [] });
  });
});
