import type { GateItem } from '../../functions/approval/items.ts';
import type { GroupReport } from '../../functions/evidence/report.ts';
import { sha256Hex } from '../../functions/platform/json.ts';
import type { ChangeItem, ModelItem, PromotionItem, StoredObject } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { ANA, BEN, CHANGE_RECORD, OWNER, PIPELINE, REPLENISHMENT } from '../fakes/inputs.ts';

export const CAS = { id: 'cas', name: 'Cas Approver', email: 'cas@shop.example' };
export const STARTED = '2026-03-01T08:00:00.000Z';
export const PROMOTION_ID = 'demand_1-2-0_1';

export function modelItem(over: Partial<ModelItem> = {}): ModelItem {
  return {
    model: 'demand',
    owner: OWNER,
    approvers: [ANA, BEN],
    downstream: [REPLENISHMENT],
    policyVersion: 1,
    policy: policySchema.parse({}),
    policyDigest: sha256Hex('policy'),
    environmentId: 'env1',
    profileId: 'prof1',
    revision: 1,
    createdAt: STARTED,
    updatedAt: STARTED,
    changedBy: 'demand_onboard_1',
    ...over,
  };
}

/** A policy with this many approvals for production. */
export function quorumOf(production: number) {
  return policySchema.parse({ approvals: { quorum: { production } } });
}

export function stored(key: string, text: string, versionId = 'v1'): StoredObject {
  return { bucket: 'evidence', key, versionId, sha256: sha256Hex(text) };
}

export const REPORT_KEY = `evidence/${PROMOTION_ID}/offline/evaluation-report.json`;

export function promotionItem(over: Partial<PromotionItem> = {}): PromotionItem {
  return {
    kind: 'promotion',
    promotionId: PROMOTION_ID,
    model: 'demand',
    attempt: 1,
    requestedBy: PIPELINE,
    change: CHANGE_RECORD,
    policyVersion: 1,
    policyDigest: sha256Hex('policy'),
    executionArn: `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-promotion:${PROMOTION_ID}`,
    startedAt: STARTED,
    version: '1.2.0',
    stages: ['offline', 'production'],
    stage: 'offline',
    awaitingApproval: false,
    artifact: stored(`candidates/${PROMOTION_ID}/artifact`, 'artifact'),
    backtest: stored(`candidates/${PROMOTION_ID}/backtest`, 'backtest'),
    history: stored(`candidates/${PROMOTION_ID}/history`, 'history'),
    training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday', 'level'], code: 'abc123' },
    knownFailureModes: ['Underforecasts in the week before Easter.', 'Has never seen a store that opened in summer.'],
    baseline: '1.1.0',
    gates: {
      offline: {
        verdict: 'PASS',
        reasons: [],
        judge: 'offline/1',
        judgedAt: STARTED,
        artifacts: { 'evaluation-report': stored(REPORT_KEY, reportText()) },
      },
    },
    ...over,
  };
}

export function changeItem(over: Partial<ChangeItem> = {}): ChangeItem {
  const { owner, approvers, downstream, policy } = modelItem();
  return {
    kind: 'change',
    promotionId: 'demand_change_1',
    model: 'demand',
    attempt: 1,
    requestedBy: PIPELINE,
    change: { ...CHANGE_RECORD, type: 'ownership' },
    policyVersion: 2,
    policyDigest: sha256Hex('policy 2'),
    executionArn: 'arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-onboarding:demand_change_1',
    startedAt: STARTED,
    proposal: { owner, approvers: [...approvers, CAS], downstream, policy },
    baseRevision: 1,
    ...over,
  };
}

export function gateItem(over: Partial<GateItem> = {}): GateItem {
  return {
    promotionId: PROMOTION_ID,
    model: 'demand',
    stage: 'production',
    round: 1,
    status: 'open',
    seal: sha256Hex('seal'),
    peopleDigest: sha256Hex('people'),
    quorum: 1,
    approvers: [{ ...ANA, requestId: '0'.repeat(31).concat('1') }],
    decisions: [],
    openedAt: STARTED,
    expiresAt: '2026-03-08T08:00:00.000Z',
    openedSeq: 1,
    forgedCallbacks: 0,
    failedRequests: 0,
    countedIssue: 0,
    revision: 1,
    ...over,
  };
}

export function groupReport(over: Partial<GroupReport> = {}): GroupReport {
  return {
    name: 'overall',
    sufficient: true,
    verdict: 'WITHIN_MARGIN',
    n_rows: 124_800,
    n_series: 4160,
    n_folds: 6,
    sum_y: 1_000_000,
    rel_wape: -0.084,
    wape_candidate: 0.312,
    wape_baseline: 0.341,
    bias_candidate: 0.012,
    bias_baseline: -0.034,
    ...over,
  };
}

/** An evaluation report as the offline gate writes it. */
export function reportText(): string {
  const evidence = { artifact: stored('a', 'a'), backtest: stored('b', 'b'), history: stored('h', 'h') };
  return JSON.stringify({
    schema: 1,
    gate: 'offline',
    judge: 'offline/1',
    promotionId: PROMOTION_ID,
    model: 'demand',
    version: '1.2.0',
    baseline: '1.1.0',
    verdict: 'PASS',
    reasons: [],
    pending: [],
    warnings: [{ code: 'ONE_SIDED_CLEANING', message: 'The candidate forecasts fewer rows than the baseline.' }],
    evidence,
    policy: { version: 1, digest: sha256Hex('policy'), thresholds: {} },
    quality: {},
    leakage: {},
    history: {},
    overall: groupReport(),
    fva: null,
    folds: [],
    segments: [
      groupReport({ name: 'region:CA', rel_wape: -0.12, n_rows: 61_000 }),
      groupReport({ name: 'regime:lumpy', rel_wape: 0.031, wape_candidate: 0.71, wape_baseline: 0.689, n_rows: 9400 }),
      groupReport({ name: 'volume:C', rel_wape: 0.008, n_rows: 20_100 }),
      groupReport({ name: 'category:HOBBIES', rel_wape: -0.02, n_rows: 18_300 }),
      groupReport({ name: 'category:FOODS', rel_wape: -0.11, n_rows: 80_000 }),
      groupReport({ name: 'store:new', rel_wape: 'inf', n_rows: 40, sufficient: false, verdict: 'INSUFFICIENT' }),
    ],
  });
}
