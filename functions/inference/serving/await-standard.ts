import type { ModelStore } from '../predictors/model-store.ts';
import type { Served } from '../routing/router.ts';

export interface AwaitStandardPorts {
  readonly models: Pick<ModelStore, 'loadStandard'>;
  readonly rest: (milliseconds: number) => Promise<void>;
}

/** A little longer than a failure to load stands. */
const RESTS_MS = [31_000, 31_000] as const;

/**
 * Waits a minute for the version in production where it cannot be read just now: nobody waits for a batch by the second, and
 * the safe forecast would serve as much of a night as is forecast in half a minute. A version that is not ours is not waited for.
 */
export async function awaitStandard(
  { models, rest }: AwaitStandardPorts,
  { model, standard }: { readonly model: string; readonly standard: Served },
): Promise<void> {
  if (standard.arm === 'fallback') return;
  for (const restMs of RESTS_MS) {
    const { failure } = await models.loadStandard(model, standard.version, '');
    if (failure === null || failure.isFinal) return;
    await rest(restMs);
  }
}
