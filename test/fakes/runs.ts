import { parsePromotionId } from '../../functions/platform/ids.ts';
import { digestOf, sha256Hex } from '../../functions/platform/json.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import type {
  ChangeItem,
  Exposure,
  GateResult,
  ModelItem,
  PromotionItem,
  Proposal,
  StoredObject,
} from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { ANA, BEN, CHANGE_RECORD, OWNER, PIPELINE, REPLENISHMENT } from './inputs.ts';

const policy = policySchema.parse({});
export const STARTED = '2026-03-01T08:00:00.000Z';

/** A stored object whose bytes are `text`. */
export function stored(key: string, text = key, versionId = 'v1'): StoredObject {
  return { bucket: 'evidence', key, versionId, sha256: sha256Hex(text) };
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
    environmentId: 'env1',
    profileId: 'prof1',
    revision: 1,
    changedBy: 'demand_onboard_1',
    createdAt: STARTED,
    updatedAt: STARTED,
    ...over,
  };
}

/** What a gate found that was passed. */
export function passedGate(judge: string, artifacts: GateResult['artifacts'], judgedAt = STARTED): GateResult {
  return { verdict: 'PASS', reasons: [], judge, judgedAt, artifacts };
}

/** A promotion that has passed offline; nobody was asked yet. */
export function aPromotion(over: Partial<PromotionItem> = {}): PromotionItem {
  const promotionId = over.promotionId ?? 'demand_1-0-0_1';
  const artifacts = ['evaluation-report', 'segment-analysis', 'risk-summary'].map(
    (name) => [name, stored(`evidence/${promotionId}/offline/${name}`)] as const,
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
    executionArn: `arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-promotion:${promotionId}`,
    startedAt: STARTED,
    stage: 'offline',
    awaitingApproval: false,
    artifact: stored(`candidates/${promotionId}/artifact`, 'artifact'),
    backtest: stored(`candidates/${promotionId}/backtest`, 'backtest'),
    history: stored(`candidates/${promotionId}/history`, 'history'),
    training: { from: '2025-01-01', to: '2026-01-31', features: ['weekday', 'level'], code: 'abc123' },
    knownFailureModes: ['Underforecasts in the week before Easter.', 'Has never seen a store that opened in summer.'],
    baseline: '',
    gates: { offline: passedGate('offline/1', Object.fromEntries(artifacts)) },
    plan: planOf(policy),
    canaryStep: 0,
    exposures: [],
    looks: {},
    ...over,
  };
}

/** One document by which a candidate was exposed. */
export function anExposure(over: Partial<Exposure> = {}): Exposure {
  return {
    stage: 'shadow',
    step: 0,
    percentage: 0,
    until: '2026-05-10T08:00:00.000Z',
    revision: 3,
    deploymentNumber: 3,
    documentSha256: digestOf('shadow document'),
    movedAt: '2026-03-02T09:05:00.000Z',
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
    executionArn: 'arn:aws:states:eu-west-1:000000000000:execution:ModelRelease-onboarding:demand_change_1',
    startedAt: STARTED,
    proposal: settings,
    before: settings,
    baseRevision: 1,
    ...over,
  };
}
