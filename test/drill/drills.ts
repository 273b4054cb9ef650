import type { DrillItem } from '../../functions/drill/drill-items.ts';

/** A drill that passed, unless `over` says otherwise. */
export function aDrill(over: Partial<DrillItem> = {}): DrillItem {
  return {
    model: 'demand',
    executionName: 'demand_drill_1',
    startedAt: '2026-03-01T08:00:00.000Z',
    at: '2026-03-01T08:00:20.000Z',
    ...{ from: '2.0', to: '1.0', production: '2.0', pollSeconds: 15 },
    ...{ passed: true, seconds: { detect: 0.01, decide: 0.4, switch: 1.2, converge: 7.9 }, total: 9.51 },
    ...{ maxSeconds: 120, slowest: 'converge', reasons: [] },
    evidence: {
      bucket: 'evidence',
      key: 'drills/demand/demand_drill_1.json',
      versionId: 'v1',
      sha256: 'ab'.repeat(32),
    },
    ledgerSeq: 7,
    ...over,
  };
}
