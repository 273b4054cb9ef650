import type { Reason } from '../platform/errors.ts';
import type { UnsignedDocument } from '../pointer/document.ts';
import { carries, type Switch, sameSwitch, switchOf, widened } from '../pointer/switch.ts';

export interface SwitchQuestion {
  /** What is deployed. */
  readonly live: Pick<UnsignedDocument, 'productionVersion' | 'fallback' | 'fallbackSegments'>;
  /** What the registry has standing; null: nothing, or it does not answer. */
  readonly standing: Switch | null;
  /** Empty: the whole model. */
  readonly segments: readonly string[];
  /** The safe forecast that is asked for by name; null: whichever serves already, else the policy's. */
  readonly fallback: string | null;
  readonly safeForecast: string;
}

export type SwitchDecision =
  | { readonly outcome: 'throw'; readonly to: Switch }
  /** The pointer has all that served by that forecast already. */
  | { readonly outcome: 'stands'; readonly to: Switch }
  | { readonly outcome: 'refuse'; readonly reasons: readonly Reason[] };

/**
 * What a throw makes of the switch that stands. A throw only widens: it never gives back a segment to a
 * version, since that is leaving the switch, which people have to approve.
 */
export function decideSwitch({ live, standing, segments, fallback, safeForecast }: SwitchQuestion): SwitchDecision {
  // A document without a production version cannot tell a switch of the whole model from a stand-in; the registry can.
  const now = widened(standing, switchOf(live));
  const asked = { fallback: fallback ?? now?.fallback ?? safeForecast, fallbackSegments: segments };
  if (live.productionVersion === '' && segments.length === 0)
    return { outcome: 'refuse', reasons: [nothingServes(live)] };
  const to = widened(now, asked) ?? asked;
  const stands = now !== null && sameSwitch(now, to) && carries(live, to);
  return stands ? { outcome: 'stands', to: now } : { outcome: 'throw', to };
}

function nothingServes({ fallback }: SwitchQuestion['live']): Reason {
  return {
    code: 'SAFE_FORECAST_SERVES',
    path: 'level',
    message: 'No version is in production: the safe forecast serves the whole model already.',
    got: fallback,
    next: 'A candidate beside it is stopped by the level candidate; the others leave its version another try.',
  };
}
