import { parsePromotionId, subjectOf } from '../platform/ids.ts';
import type { PointerDocument } from '../pointer/document.ts';
import type { CandidateLevel } from './items.ts';
import type { Out } from './kill-switch-ports.ts';

/** A version that a document lets run beside production. */
export interface Beside {
  readonly as: 'canary' | 'shadow';
  readonly version: string;
  /** The promotion that the document names. */
  readonly promotionId: string;
  /** The version before, which runs on for comparison: nobody's candidate. */
  readonly isComparator: boolean;
}

/** What runs beside production by a document alone, since the registry may not answer; null: nothing. */
export function besideIn(document: PointerDocument): Beside | null {
  const { canaryVersion, shadowVersion, productionVersion, promotionId } = document;
  if (canaryVersion !== '') return { as: 'canary', version: canaryVersion, promotionId, isComparator: false };
  if (shadowVersion === '') return null;
  const subject = parsePromotionId(promotionId)?.subject;
  const isComparator = productionVersion !== '' && subject === subjectOf(productionVersion);
  return { as: 'shadow', version: shadowVersion, promotionId, isComparator };
}

/** What a call of a level for candidates is about. */
export interface Stopping {
  readonly level: CandidateLevel;
  readonly promotionId: string;
  /** What is stopped; empty: the version of the promotion. */
  readonly version: string;
  readonly isComparator: boolean;
  /** Null: the candidate was not in the pointer. */
  readonly out: Out | null;
}
