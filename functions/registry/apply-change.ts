import type { Draft } from '../ledger/entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { digestOf } from '../platform/json.ts';
import { systemActor } from '../platform/people.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { adoptedVersion, adoptionData } from './adoption.ts';
import type { ChangeItem, ModelItem } from './items.ts';
import type { RegistryStore } from './registry-store.ts';
import type { RegistryWrites } from './registry-writes.ts';

export interface ApplyChangePorts {
  readonly registry: Pick<RegistryStore, 'model' | 'run' | 'version'>;
  readonly writes: Pick<RegistryWrites, 'newModel' | 'changedModel' | 'newVersion' | 'updateVersion' | 'runIsOpen'>;
  readonly ledger: Pick<Ledger, 'append'>;
  /** Whether people approved this very change. */
  readonly isApproved: (run: ChangeItem) => Promise<boolean>;
  /** Makes sure that the model has its own AppConfig environment and profile. Throws ENVIRONMENT_QUOTA. */
  readonly ensureEnvironment: (
    model: string,
  ) => Promise<{ readonly environmentId: string; readonly profileId: string }>;
}

export interface Applied {
  readonly promotionId: string;
  readonly kind: ChangeItem['kind'];
  /** Whether a version is taken over once the first document is out. */
  readonly adopts: boolean;
}

/**
 * Carries out an approved onboarding or change: model item, policy item, the item of a version to be adopted, and ledger
 * entry in one transaction.
 * Repeating the call changes nothing more. Of a restoration only the approval is looked at.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, NOT_VOUCHED (not approved), CONDITION_FAILED (the model was changed
 * in between), ENVIRONMENT_QUOTA
 */
export async function applyChange(ports: ApplyChangePorts, promotionId: string, at: string): Promise<Applied> {
  const model = parsePromotionId(promotionId)?.model ?? '';
  const run = await ports.registry.run(model, promotionId);
  if (run === null || run.kind === 'promotion') {
    throw new ReleaseError('NOT_FOUND', `There is no onboarding or change ${promotionId}.`);
  }
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} has ended: ${run.end}.`);
  if (!(await ports.isApproved(run))) {
    throw new ReleaseError('NOT_VOUCHED', `${promotionId} has no approval for what it would change.`);
  }
  // The move of the pointer is all that leaving a kill switch changes.
  if (run.kind === 'restore') return { promotionId, kind: run.kind, adopts: false };
  const before = await ports.registry.model(model);
  const applied: Applied = { promotionId, kind: run.kind, adopts: run.adopt !== undefined };
  if (before?.revision === run.baseRevision + 1 && isResult(before, run)) return applied;
  const environment = before ?? (await ports.ensureEnvironment(model));
  const item = changedItem(run, before, environment, at);
  try {
    await ports.ledger.append(entryOf(run, item, at), [
      ...(before === null
        ? ports.writes.newModel(item)
        : ports.writes.changedModel(item, before.policyVersion !== item.policyVersion)),
      ...(await adoptionWrites(ports, run, at)),
      ports.writes.runIsOpen(run),
    ]);
  } catch (error) {
    const now = isReleaseError(error, 'CONDITION_FAILED') ? await ports.registry.model(model) : null;
    if (now === null || now.revision !== item.revision || !isResult(now, run)) throw error;
  }
  return applied;
}

/** The adopted version as a candidate; one that an onboarding which broke off left behind becomes this run's. */
async function adoptionWrites(ports: ApplyChangePorts, run: ChangeItem, at: string): Promise<readonly TransactWrite[]> {
  if (run.adopt === undefined) return [];
  const item = adoptedVersion(run, run.adopt, at);
  const known = await ports.registry.version(run.model, item.version);
  if (known === null) return [ports.writes.newVersion(item)];
  if (known.sha256 !== item.sha256) {
    throw new ReleaseError('CONDITION_FAILED', `Version ${item.version} was registered with another artifact.`);
  }
  return [ports.writes.updateVersion(run.model, item.version, { promotionId: run.promotionId }, ['candidate'])];
}

function isResult(item: ModelItem, run: ChangeItem): boolean {
  return item.changedBy === run.promotionId;
}

function changedItem(
  run: ChangeItem,
  before: ModelItem | null,
  environment: { readonly environmentId: string; readonly profileId: string },
  at: string,
): ModelItem {
  return {
    model: run.model,
    ...run.proposal,
    policyVersion: run.policyVersion,
    // Of what is stored: a release that came in between may have read the proposal with further defaults.
    policyDigest: run.policyVersion === before?.policyVersion ? before.policyDigest : digestOf(run.proposal.policy),
    environmentId: environment.environmentId,
    profileId: environment.profileId,
    // Not before.revision + 1: a change made against an older revision must fail its condition.
    revision: run.baseRevision + 1,
    changedBy: run.promotionId,
    createdAt: before?.createdAt ?? at,
    updatedAt: at,
  };
}

function entryOf(run: ChangeItem, item: ModelItem, at: string): Draft {
  return {
    model: run.model,
    type: run.kind === 'onboard' ? 'model-onboarded' : 'model-changed',
    at,
    actor: systemActor('onboarding'),
    data: {
      promotionId: run.promotionId,
      revision: item.revision,
      owner: item.owner,
      approvers: item.approvers,
      downstream: item.downstream,
      policyVersion: item.policyVersion,
      policyDigest: item.policyDigest,
      environmentId: item.environmentId,
      profileId: item.profileId,
      ...adoptionData(run),
    },
  };
}
