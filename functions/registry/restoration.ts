import * as z from 'zod';
import type { Reason } from '../platform/errors.ts';
import type { Run, VersionItem } from './items.ts';
import type { RegistryStore } from './registry-store.ts';

/** What leaving a kill switch is about: the switch as it stood at registration, and the version that then serves. */
export const restoration = z.object({
  fallback: z.string(),
  fallbackSegments: z.array(z.string()),
  /** Empty: the safe forecast of the model's policy. */
  productionVersion: z.string(),
  /** Position of the entry by which the switch was thrown or renewed last. */
  thrownSeq: z.int().min(1),
});
export type Restoration = z.infer<typeof restoration>;

/** As much of a standing kill switch as leaving it is about. */
export interface Standing {
  readonly fallback: string;
  readonly fallbackSegments: readonly string[];
  readonly ledgerSeq: number;
}

interface RestorationFacts {
  readonly standing: Standing | null;
  readonly exposing: string | null;
  readonly versions: readonly VersionItem[];
}

/** Why no kill switch can be left now. */
export function restorationFaults({ standing, exposing }: RestorationFacts): readonly Reason[] {
  const none: Reason = {
    code: 'NO_KILL_SWITCH',
    path: 'model',
    message: 'No kill switch stands for the model.',
    next: 'Ask what serves; a version that was rolled back comes again by a promotion.',
  };
  const exposed: Reason = {
    code: 'CANDIDATE_EXPOSED',
    path: 'model',
    message: 'A candidate runs beside production; what it is judged by must not change under it.',
    got: exposing ?? '',
    next: `Wait until ${exposing} has ended, or stop it by the kill switch of its stage; then start a new attempt.`,
  };
  return [...(standing === null ? [none] : []), ...(exposing === null ? [] : [exposed])];
}

/** What a restoration leaves, and what serves then, as people are asked about it. */
export function restorationOf({ standing, versions }: RestorationFacts): { readonly restore?: Restoration } {
  if (standing === null) return {};
  const { fallback, fallbackSegments, ledgerSeq: thrownSeq } = standing;
  const productionVersion = versions.find(({ status }) => status === 'production')?.version ?? '';
  return { restore: { fallback, fallbackSegments: [...fallbackSegments], productionVersion, thrownSeq } };
}

/** The promotion in flight that may have its candidate in the pointer as shadow or canary. */
export async function exposingRun(
  registry: Pick<RegistryStore, 'inFlight' | 'run'>,
  model: string,
): Promise<string | null> {
  const inFlight = await registry.inFlight(model, 'promotion');
  const run = inFlight === null ? null : await registry.run(model, inFlight.promotionId);
  return run !== null && run.end === undefined && exposes(run) ? run.promotionId : null;
}

/** Whoever waits for the canary's approval is still in the shadow. */
function exposes(run: Run): boolean {
  if (run.kind !== 'promotion') return false;
  return run.stage === 'canary' || (run.stage === 'shadow' && !run.awaitingApproval);
}
