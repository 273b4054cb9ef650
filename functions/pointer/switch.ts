import type { UnsignedDocument } from './document.ts';

/** What a thrown kill switch has a safe forecast serve: everything, or the listed segments alone. */
export interface Switch {
  /** Name of the safe forecast. */
  readonly fallback: string;
  /** Empty: the whole model. */
  readonly fallbackSegments: readonly string[];
}

type Switched = Pick<UnsignedDocument, 'productionVersion' | 'fallback' | 'fallbackSegments'>;

/**
 * The kill switch that a document carries; null: none. A fallback for everything beside no production version only stands
 * in for one, as after the onboarding: no document can tell it from a switch, and the registry does.
 */
export function switchOf({ productionVersion, fallback, fallbackSegments }: Switched): Switch | null {
  const standsIn = productionVersion === '' && fallbackSegments.length === 0;
  return fallback === '' || standsIn ? null : { fallback, fallbackSegments };
}

/** Both at once: whatever either covers, by the forecast that the second one names. Of either nothing else is taken over. */
export function widened(first: Switch | null, second: Switch | null): Switch | null {
  if (first === null || second === null) return alone(second ?? first);
  const whole = first.fallbackSegments.length === 0 || second.fallbackSegments.length === 0;
  const both = [...new Set([...first.fallbackSegments, ...second.fallbackSegments])].toSorted();
  return { fallback: second.fallback, fallbackSegments: whole ? [] : both };
}

function alone(one: Switch | null): Switch | null {
  return one === null ? null : { fallback: one.fallback, fallbackSegments: one.fallbackSegments };
}

/** True where a document has at least as much served by that forecast as the switch does; no switch asks for nothing. */
export function carries(document: Switched, standing: Switch | null): boolean {
  if (standing === null) return true;
  if (document.fallback !== standing.fallback) return false;
  // Where no version serves, the forecast does, whichever segments are listed.
  if (document.productionVersion === '' || document.fallbackSegments.length === 0) return true;
  const { fallbackSegments } = standing;
  return fallbackSegments.length > 0 && fallbackSegments.every((one) => document.fallbackSegments.includes(one));
}

/** True where two documents have the same served by the same safe forecast, their production versions left aside. */
export function sameSwitch(a: Switch | null, b: Switch | null): boolean {
  if (a === null || b === null) return a === b;
  const [one, other] = [a, b].map(({ fallbackSegments }) => [...new Set(fallbackSegments)].toSorted().join('\n'));
  return a.fallback === b.fallback && one === other;
}
