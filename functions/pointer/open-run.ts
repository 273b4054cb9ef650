import { ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { ModelItem, Run } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { PointerPlace } from './appconfig-store.ts';

/**
 * A run that has not ended, its model, and the model's place in AppConfig.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED
 */
export async function openRun(
  registry: Pick<RegistryStore, 'run' | 'model'>,
  promotionId: string,
): Promise<{ readonly run: Run; readonly model: ModelItem; readonly place: PointerPlace }> {
  const name = parsePromotionId(promotionId)?.model ?? '';
  const [run, model] = await Promise.all([registry.run(name, promotionId), registry.model(name)]);
  if (run === null || model === null) throw new ReleaseError('NOT_FOUND', `There is no run ${promotionId}.`);
  assertOpen(run);
  return { run, model, place: { environmentId: model.environmentId, profileId: model.profileId } };
}

/** @throws ReleaseError PROMOTION_ENDED */
export function assertOpen(run: Run): void {
  if (run.end === undefined) return;
  throw new ReleaseError('PROMOTION_ENDED', `${run.promotionId} ended as ${run.end}.`, {
    reasons: [
      {
        code: 'PROMOTION_ENDED',
        message: 'The run was ended by somebody else while this step ran.',
        got: run.end,
        next: 'Start a new attempt if the change is still wanted.',
      },
    ],
  });
}
