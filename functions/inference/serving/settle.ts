import type { ForecastUnits } from '../log/prediction.ts';
import type { Route, Served } from '../routing/router.ts';
import type { Answers } from './answers.ts';

/** One forecast of one version for one request and day that nobody gets. */
export interface Unserved {
  readonly version: string;
  readonly units: ForecastUnits;
  /** It was for the log alone and had no time: others make it later. */
  readonly isLate: boolean;
}

export interface SettledDay {
  readonly served: Served & { readonly units: number };
  /** It serves in place of the version that the pointer names for the unit. */
  readonly isInstead: boolean;
  readonly unserved: readonly Unserved[];
}

/**
 * Decides whose forecast of one day a caller gets: the routed version's if it is a finite number from 0 on, else
 * production's, else that of the version before it, else the safe forecast. Each day stands for itself, so that the log
 * says of each whether it could serve. A version that should have served and had no time is not late but missing.
 */
export function settleDay(
  { route, standard }: { readonly route: Route; readonly standard: Served },
  answers: Pick<Answers, 'said' | 'unfinished' | 'standIn' | 'safe'>,
  at: { readonly position: number; readonly day: number },
): SettledDay {
  const unitsOf = (version: string) => asUnits(answers.said.get(version)?.[at.position]?.[at.day]);
  const { standIn, safe } = answers;
  const stood = standIn === null ? [] : [{ arm: 'fallback', version: standIn } as const];
  const turns = route.arm === 'fallback' ? [route] : [route, standard, ...stood];
  const served = turns
    .map(({ arm, version }) => ({ arm, version, units: unitsOf(version) }))
    .find((turn): turn is SettledDay['served'] => isUsable(turn.units)) ?? {
    arm: 'fallback' as const,
    version: safe,
    units: Number(unitsOf(safe)),
  };
  // A safe forecast by a name that nobody knows said nothing, and there is nothing to log of it.
  const named = route.arm === 'fallback' ? route.shadows : [route.version, ...route.shadows];
  const unserved = named
    .filter((version) => version !== served.version)
    .map((version) => ({
      version,
      units: unitsOf(version),
      isLate: version !== route.version && answers.unfinished.get(version)?.has(at.position) === true,
    }));
  return { served, isInstead: served.version !== route.version, unserved };
}

/** A value as the log keeps it; null for what is no number at all. */
export function asUnits(value: unknown): ForecastUnits {
  if (typeof value !== 'number') return null;
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'Infinity' : '-Infinity';
}

/** True for a forecast that a caller may get. */
export function isUsable(units: ForecastUnits): units is number {
  return typeof units === 'number' && units >= 0;
}
