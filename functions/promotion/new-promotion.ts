import { promotionSeverity } from '../change/change-severity.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { JsonObject } from '../platform/json.ts';
import type { ModelItem, PromotionItem, StoredObject } from '../registry/items.ts';
import type { HandedIn } from './candidate-faults.ts';
import { planOf } from './exposure.ts';
import type { PromotionInput } from './input.ts';

/** An accepted candidate, with what was pinned for it. */
export interface Accepted {
  readonly promotionId: string;
  readonly executionArn: string;
  readonly input: PromotionInput;
  readonly model: ModelItem;
  readonly objects: Readonly<Record<HandedIn, StoredObject>>;
  /** The version in production now; empty: the safe forecast. */
  readonly baseline: string;
  readonly at: string;
}

/** The promotion as it starts: in the offline stage, under the model's policy of this moment. */
export function newPromotion(accepted: Accepted): PromotionItem {
  const { input, model } = accepted;
  return {
    kind: 'promotion',
    promotionId: accepted.promotionId,
    model: input.model,
    version: input.version,
    attempt: parsePromotionId(accepted.promotionId)?.attempt ?? 1,
    requestedBy: input.requestedBy,
    change: input.change,
    severity: promotionSeverity(input.change, model.policy.canaryPlan.where),
    policyVersion: model.policyVersion,
    policyDigest: model.policyDigest,
    executionArn: accepted.executionArn,
    startedAt: accepted.at,
    stage: 'offline',
    awaitingApproval: false,
    ...accepted.objects,
    training: input.training,
    knownFailureModes: input.knownFailureModes,
    baseline: accepted.baseline,
    gates: {},
    plan: planOf(model.policy),
    canaryStep: 0,
    exposures: [],
    looks: {},
  };
}

/** Data of the `candidate-registered` entry. */
export function registeredData(run: PromotionItem): JsonObject {
  return {
    promotionId: run.promotionId,
    version: run.version,
    artifact: run.artifact,
    backtest: run.backtest,
    history: run.history,
    training: run.training,
    knownFailureModes: run.knownFailureModes,
    change: run.change,
    ...(run.severity === undefined ? {} : { severity: run.severity }),
    policyVersion: run.policyVersion,
    policyDigest: run.policyDigest,
    plan: run.plan,
    baseline: run.baseline,
    requestedBy: run.requestedBy,
  };
}
