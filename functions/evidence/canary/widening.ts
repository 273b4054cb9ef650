import { notExcepted } from '../../change/advance-notice/hold-exceptions.ts';
import { frozen, type HoldReason, noticeFacts } from '../../change/advance-notice/notice-checks.ts';
import { type FreezePeriod, freezeAt } from '../../change/freeze.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { ModelItem, PromotionItem } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';

export interface WideningPorts {
  readonly registry: Pick<RegistryStore, 'model'>;
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
}

/**
 * What keeps a running canary from serving more units, by the calendars of now; nothing else of it is held.
 * @throws ReleaseError NOT_FOUND when the model does not exist
 */
export async function readWidening(
  { registry, freezes }: WideningPorts,
  run: PromotionItem,
  now: string,
): Promise<readonly HoldReason[]> {
  const model = await registry.model(run.model);
  if (model === null) throw new ReleaseError('NOT_FOUND', `The model ${run.model} does not exist.`);
  return wideningHolds(run, model, { now, freezes });
}

/** As `readWidening`, for the model as it is. */
export function wideningHolds(
  run: PromotionItem,
  model: ModelItem,
  at: { readonly now: string; readonly freezes: readonly FreezePeriod[] },
): readonly HoldReason[] {
  const facts = noticeFacts(run, model, at);
  return frozen(facts).filter((reason) => {
    const counted = { ...run, holdExceptions: [...exceptionsThatCount(run, reason, facts.freezes)] };
    return notExcepted([reason], counted, { model, stage: 'canary', gates: [] }).length > 0;
  });
}

/**
 * Exceptions whose approver is known not to have let the canary in, without reading who did: those that were made when that
 * was decided, which whoever recorded them looked at, and those by which the canary began in this very freeze.
 */
function exceptionsThatCount(
  run: PromotionItem,
  { until }: HoldReason,
  freezes: readonly FreezePeriod[],
): NonNullable<PromotionItem['holdExceptions']> {
  const made = run.holdExceptions ?? [];
  const began = run.exposures.find(({ stage }) => stage === 'canary')?.movedAt;
  if (began === undefined) return [];
  if (freezeAt(freezes, began)?.until === until) return made;
  return made.filter(({ at }) => Date.parse(at) >= Date.parse(began));
}
