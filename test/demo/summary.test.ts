import { describe, expect, it } from 'vitest';
import { auditLog } from '../../infra/demo/audit.ts';
import type { DemoOutcome } from '../../infra/demo/outcome.ts';
import { summaryOf } from '../../infra/demo/summary.ts';

const PROMOTED = {
  ...{ version: '1.0.0', end: 'promoted', reasons: [], historyEvents: 412 },
  stages: [{ stage: 'offline', verdict: 'PASS', reasons: [], at: '2026-03-01T08:00:00.000Z' }],
  approvals: [],
};

const AUDIT = auditLog({ logged: [], served: [], excludedCategories: [] });

function outcome(over: Partial<DemoOutcome> = {}): DemoOutcome {
  return {
    ...{ outcome: 'rolled-back', model: 'demand', promotions: [PROMOTED] },
    pointer: { before: '1.0.0', after: '2.0.0', afterRollback: '1.0.0' },
    rollback: { cause: 'safety', seconds: 0.4 },
    ledger: { entries: 59, verified: true },
    ...{ predictions: AUDIT.predictions, served: 0, logComplete: true },
    demand: { source: 'a file', series: 60, days: 70 },
    calls: { s3: { PutObject: 7, GetObject: 2 }, dynamodb: { Query: 30 } },
    seconds: { '1.0.0 shadow': 5.4, total: 40 },
    ...over,
  };
}

describe('The summary', () => {
  it('tells how many calls each service had, the most first, how long each part took, and how long a history became', () => {
    const told = summaryOf(outcome(), AUDIT);
    expect(told).toContain('AWS calls: dynamodb 30, s3 9; 39 in all');
    expect(told).toContain('seconds: 1.0.0 shadow 5.4, total 40');
    expect(told).toContain('demand 1.0.0: promoted (412 history events)');
    expect(told).toContain('1.0.0 -> 2.0.0 -> 1.0.0 after the rollback');
  });

  it('says which gate stopped a version and why, in a few words', () => {
    const reasons = ['BIAS', 'FOLD', 'SEGMENT', 'WAPE'].map((code) => ({ code, message: 'Too much.' }));
    const stage = { stage: 'offline', verdict: 'FAIL', reasons, at: '2026-03-01T08:00:00.000Z' };
    const stopped = { ...PROMOTED, version: '2.0.0', end: 'rejected', reasons, stages: [stage] };
    const told = summaryOf(
      outcome({
        promotions: [PROMOTED, stopped],
        rollback: null,
        pointer: { before: '1.0.0', after: '1.0.0', afterRollback: null },
      }),
      AUDIT,
    );
    expect(told).toContain('demand 2.0.0: rejected at the offline gate: BIAS, FOLD, SEGMENT, and 1 more');
    expect(told).toContain('served: 1.0.0 -> 1.0.0\n');
    expect(told).not.toContain('rollback');
  });

  it('does not call a ledger or a log sound that is not', () => {
    const log = { ...AUDIT, missing: 2 };
    const told = summaryOf(outcome({ ledger: { entries: 3, verified: false } }), log);
    expect(told).toContain('NOT VERIFIED');
    expect(told).toContain('NOT AS SERVED: 2 missing');
  });
});
