import { describe, expect, it } from 'vitest';
import { verdictNumbers } from '../../infra/demo/verdict-numbers.ts';

const metric = (over: object) => ({
  ...{ name: 'WAPE', candidate: 0.3, comparator: 0.4, change: -0.25, limit: 0.02, unit: 'share', verdict: 'OK' },
  ...over,
});

function stageReport(metrics: readonly object[]) {
  return {
    ...{ schema: 1, gate: 'shadow', judge: 'shadow/1', promotionId: 'demand_1-0-0_1', model: 'demand' },
    ...{ version: '1.0.0', baseline: '', verdict: 'PASS', reasons: [], pending: [], warnings: [] },
    days: { from: '2026-03-01', to: '2026-03-14', closed: 14 },
    evidence: { predictions: { objects: 1, digest: 'a' }, outcomes: { objects: 1, digest: 'b' } },
    policy: { version: 1, digest: 'c', thresholds: {} },
    ...{ quality: {}, metrics, segments: [] },
  };
}

describe('The numbers of a gate in one line', () => {
  it('are what was measured, against what, and what was allowed', () => {
    expect(verdictNumbers(stageReport([metric({})]))).toBe(
      'WAPE 30.0 % against 40.0 %: -25.0 % (at most +2.0 %), 14 closed days (2026-03-01 to 2026-03-14)',
    );
  });

  it('leave out what is told only, and faults that there are none of', () => {
    const silent = [
      metric({ name: 'reported', verdict: 'INFO', limit: null }),
      metric({ name: 'negative', candidate: 0, comparator: null, change: null }),
    ];
    expect(verdictNumbers(stageReport(silent))).toBe('14 closed days (2026-03-01 to 2026-03-14)');
  });

  it('name a change alone, where nothing else was measured, and one without bound', () => {
    const paired = metric({ candidate: null, comparator: null, change: 'inf', verdict: 'FAIL' });
    expect(verdictNumbers(stageReport([paired]))).toMatch(/^WAPE: infinitely more \(at most \+2\.0 %\)/);
  });

  it('are none of what is no report', () => {
    expect(verdictNumbers({ gate: 'shadow' })).toBe('');
  });
});
