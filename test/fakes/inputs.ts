import type { ChangeInput } from '../../functions/registry/change-input.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import type { MemoryEvidence } from './memory-evidence.ts';

export const PIPELINE = { name: 'Pia Pipeline', email: 'pia@shop.example' };
export const OWNER = { name: 'Olga Owner', email: 'olga@shop.example', team: 'Forecasting' };
export const ANA = { id: 'ana', name: 'Ana Approver', email: 'ana@shop.example' };
export const BEN = { id: 'ben', name: 'Ben Approver', email: 'ben@shop.example' };
export const REPLENISHMENT = { team: 'Replenishment', email: 'replenishment@shop.example' };

export const CHANGE_RECORD = {
  type: 'architecture',
  reason: 'Weekday profiles halve the error on promotions.',
  scope: 'All stores and all categories.',
  expectedImpact: 'Fewer stockouts at weekends.',
  rollbackPlan: 'Roll back to the version before; the owner decides.',
} as const;

export function onboardInput(over: Partial<Extract<ChangeInput, { kind: 'onboard' }>> = {}) {
  return {
    kind: 'onboard' as const,
    model: 'demand',
    owner: OWNER,
    approvers: [ANA, BEN],
    downstream: [REPLENISHMENT],
    policy: policySchema.parse({}),
    change: { ...CHANGE_RECORD, type: 'onboarding' as const },
    requestedBy: PIPELINE,
    ...over,
  };
}

export const BACKTEST_HEADER = 'origin_date,sku,store,region,target_date,horizon,actual,candidate,baseline\n';

/** A candidate whose objects lie where a pipeline puts them. */
export function candidateInput(evidence: MemoryEvidence, over: Readonly<Record<string, unknown>> = {}) {
  return {
    model: 'demand',
    version: '1.0.0',
    artifact: evidence.put('incoming/model.json', '{"kind":"smoothing"}'),
    training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday', 'level'], code: 'abc123' },
    backtest: evidence.put('incoming/backtest.csv', `${BACKTEST_HEADER}2026-01-31,S1,A,N,2026-02-01,1,3,3,4\n`),
    history: evidence.put('incoming/history.csv', 'sku,store,date,units\nS1,A,2026-01-31,3\n'),
    knownFailureModes: ['Underforecasts in the week before Easter.'],
    change: { ...CHANGE_RECORD },
    requestedBy: PIPELINE,
    ...over,
  };
}
