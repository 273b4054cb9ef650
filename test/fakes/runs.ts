import { parsePromotionId } from '../../functions/platform/ids.ts';
import { digestOf } from '../../functions/platform/json.ts';
import type { ChangeItem, ModelItem, PromotionItem, Proposal, StoredObject } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { ANA, BEN, CHANGE_RECORD, OWNER, PIPELINE, REPLENISHMENT } from './inputs.ts';

const policy = policySchema.parse({});

export function stored(key: string): StoredObject {
  return { bucket: 'evidence', key, versionId: `v-${key}`, sha256: digestOf(key) };
}

export function aModel(over: Partial<ModelItem> = {}): ModelItem {
  return {
    model: 'demand',
    owner: OWNER,
    approvers: [ANA, BEN],
    downstream: [REPLENISHMENT],
    policyVersion: 1,
    policy,
    policyDigest: digestOf(policy),
    environmentId: 'env',
    profileId: 'profile',
    revision: 1,
    changedBy: 'demand_onboard_1',
    createdAt: '2026-03-01T00:00:00.000Z',
    updatedAt: '2026-03-01T00:00:00.000Z',
    ...over,
  };
}

/** A promotion that has passed the offline gate of a stack that runs offline and production. */
export function aPromotion(over: Partial<PromotionItem> = {}): PromotionItem {
  const promotionId = over.promotionId ?? 'demand_1-0-0_1';
  const artifacts = ['evaluation-report', 'segment-analysis', 'risk-summary'].map(
    (name) => [name, stored(name)] as const,
  );
  return {
    kind: 'promotion',
    promotionId,
    model: 'demand',
    version: '1.0.0',
    attempt: parsePromotionId(promotionId)?.attempt ?? 1,
    requestedBy: PIPELINE,
    change: CHANGE_RECORD,
    policyVersion: 1,
    policyDigest: digestOf(policy),
    executionArn: `arn:${promotionId}`,
    startedAt: '2026-03-02T00:00:00.000Z',
    stages: ['offline', 'production'],
    stage: 'production',
    awaitingApproval: true,
    artifact: stored('artifact'),
    backtest: stored('backtest'),
    history: stored('history'),
    training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday', 'level'], code: 'abc123' },
    knownFailureModes: ['Underforecasts in the week before Easter.'],
    baseline: '',
    gates: {
      offline: {
        verdict: 'PASS',
        reasons: [],
        judge: 'offline/1',
        judgedAt: '2026-03-02T00:01:00.000Z',
        artifacts: Object.fromEntries(artifacts),
      },
    },
    ...over,
  };
}

export const settings: Proposal = { owner: OWNER, approvers: [ANA, BEN], downstream: [REPLENISHMENT], policy };

/** A change of an onboarded model. */
export function aChange(over: Partial<ChangeItem> = {}): ChangeItem {
  return {
    kind: 'change',
    promotionId: 'demand_change_1',
    model: 'demand',
    attempt: 1,
    requestedBy: PIPELINE,
    change: { ...CHANGE_RECORD, type: 'ownership' },
    policyVersion: 1,
    policyDigest: digestOf(policy),
    executionArn: 'arn:demand_change_1',
    startedAt: '2026-03-02T00:00:00.000Z',
    proposal: settings,
    before: settings,
    baseRevision: 1,
    ...over,
  };
}
