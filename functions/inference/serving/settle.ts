import type { ForecastUnits } from '../log/prediction.ts';
import { SAFE_FORECAST } from '../predictors/seasonal-naive.ts';
import type { Route, Served, ServedArm } from '../routing/router.ts';
import type { Answers } from './ask-versions.ts';

/** One forecast of one version for one request and day, and how it was used. */
export interface Settled {
  readonly arm: ServedArm | 'shadow';
  readonly version: string;
  readonly units: ForecastUnits;
}

export interface SettledDay {
  readonly served: { readonly arm: ServedArm; readonly version: string; readonly units: number };
  /** All that was forecast and not served. */
  readonly unserved: readonly Settled[];
}

/**
 * Decides whose forecast of one day a caller gets: the routed version's if it is a finite number from 0 on, else
 * production's, else the safe forecast. Each day stands for itself, so that the log says of each whether it could serve.
 */
export function settleDay(
  { route, standard }: { readonly route: Route; readonly standard: Served },
  { said, standIn }: Answers,
  at: { readonly position: number; readonly day: number },
): SettledDay {
  const unitsOf = (version: string) => asUnits(said.get(version)?.[at.position]?.[at.day]);
  const stood = standIn === null ? [] : [{ arm: 'fallback', version: standIn } as const];
  const turns = route.arm === 'fallback' ? [route] : [route, standard, ...stood];
  const served = turns
    .map(({ arm, version }) => ({ arm, version, units: unitsOf(version) }))
    .find((turn): turn is SettledDay['served'] => isUsable(turn.units)) ?? {
    arm: 'fallback' as const,
    version: SAFE_FORECAST,
    units: Number(unitsOf(SAFE_FORECAST)),
  };
  const unserved = [route.version, ...route.shadows]
    .filter((version) => version !== served.version)
    .map((version) => ({ arm: 'shadow' as const, version, units: unitsOf(version) }));
  return { served, unserved };
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
