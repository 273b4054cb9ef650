import type { PromotionItem } from '../../functions/registry/items.ts';

export const GATES = ['shadow', 'canary', 'production'] as const;
export type Gate = (typeof GATES)[number];

/** The way of a promotion as tests walk it: at `canary gate` people are asked to let it into the canary. */
export const PLACES = ['shadow gate', 'shadow', 'canary gate', 'canary', 'production gate', 'production'] as const;
export type Place = (typeof PLACES)[number];

/** What leads to a place: the stage, and whether people are asked there. */
export function partsOf(place: Place): { readonly stage: Gate; readonly isGate: boolean } {
  const stage = GATES.find((one) => place.startsWith(one)) ?? 'production';
  return { stage, isGate: place !== stage };
}

/** True once a promotion has come as far as a place. */
export function hasReached(run: PromotionItem, place: Place): boolean {
  return PLACES.indexOf(place) <= farthest(run);
}

function farthest(run: PromotionItem): number {
  if (run.end === 'promoted') return PLACES.indexOf('production');
  const { stage, awaitingApproval, exposures } = run;
  if (stage === 'offline') return -1;
  const entered = !awaitingApproval && exposures.some((one) => one.stage === stage);
  return PLACES.indexOf(entered ? stage : `${stage} gate`);
}
