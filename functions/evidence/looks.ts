import { digestOf, type JsonObject } from '../platform/json.ts';
import type { Stage } from '../promotion/life-cycle.ts';
import type { Looks, PromotionItem } from '../registry/items.ts';

/** The registry keeps no positive number below 1e-130; a p value this small decides as a smaller one would. */
const SMALLEST_P = 1e-100;

/** Looks before and after a judge's run. */
export interface SpentLook {
  readonly before: Looks;
  readonly after: Looks;
}

/** What a judge leaves behind over what it started from; null when it spent nothing. */
export function spentLook({ looks: before }: Pick<PromotionItem, 'looks'>, left?: Partial<Looks>): SpentLook | null {
  if (left === undefined) return null;
  const after = { ...before, ...storable(left) };
  return sameLooks(before, after) ? null : { before, after };
}

export function sameLooks(one: Looks, other: Looks): boolean {
  return digestOf(one) === digestOf(other);
}

/** Holds only while the looks are those that the judge started from. */
export function looksUnchanged(before: Looks): {
  readonly expression: string;
  readonly values: Readonly<Record<string, unknown>>;
} {
  // An item of before looks were kept has none, which says the same as an empty one.
  const none = Object.keys(before).length === 0;
  return {
    expression: none ? '(attribute_not_exists(looks) OR looks = :looks)' : 'looks = :looks',
    values: { ':looks': before },
  };
}

/** What a stage's look left behind, as the ledger tells it. */
export function toldLook({ after }: SpentLook, stage: Stage): JsonObject {
  return stage === 'shadow' || stage === 'canary' ? { ...after[stage] } : {};
}

function storable(left: Partial<Looks>): Partial<Looks> {
  const { canary } = left;
  if (canary === undefined) return left;
  const p_run = Object.fromEntries(
    Object.entries(canary.p_run).map(([metric, p]) => [metric, p > 0 ? Math.max(p, SMALLEST_P) : 0]),
  );
  return { ...left, canary: { ...canary, p_run } };
}
