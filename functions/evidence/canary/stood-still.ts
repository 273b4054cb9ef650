import type { PromotionItem } from '../../registry/items.ts';

/** A time in which a canary was not widened although it could have been. UTC; `to` null: until the verdict. */
export interface StoodStill {
  readonly from: string;
  readonly to: string | null;
  readonly why: readonly string[];
}

/** When a canary stood still, in order, from the holds that were recorded once it served. */
export function stoodStill({
  exposures,
  holds = [],
}: Pick<PromotionItem, 'exposures' | 'holds'>): readonly StoodStill[] {
  const began = exposures.find(({ stage }) => stage === 'canary')?.movedAt;
  const own = holds.filter(
    ({ stage = 'canary', since }) => stage === 'canary' && began !== undefined && since >= began,
  );
  return own.flatMap(({ since, reasons, messages }, index) =>
    reasons.length === 0 ? [] : [{ from: since, to: own[index + 1]?.since ?? null, why: messages ?? reasons }],
  );
}
