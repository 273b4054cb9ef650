import type { PointerDocument } from '../../pointer/document.ts';
import type { ForecastRequest } from '../predictors/forecaster.ts';
import type { Route, Served } from '../routing/router.ts';
import type { UnitRequest } from './forecast-event.ts';

/** Requests of one model and day, with the way that each goes. */
export interface Question {
  readonly model: string;
  /** Business date; forecasts are for the `horizonDays` days after it. */
  readonly asOf: string;
  readonly horizonDays: number;
  readonly requests: readonly UnitRequest[];
  /** One per request. */
  readonly routes: readonly Route[];
  /** What they were routed by; null: there was none. */
  readonly document: PointerDocument | null;
  readonly standard: Served;
  /** Versions that forecast for the log alone and are asked by others later. */
  readonly later: ReadonlySet<string>;
}

/** The requests as versions are asked. */
export function versionRequests({ requests, asOf, horizonDays }: Question): readonly ForecastRequest[] {
  return requests.map((request) => ({ ...request, asOf, horizonDays }));
}

/** Versions other than the standard one, which are asked apart from it: in the order in which the routes name them. */
export function candidatesOf({ routes, standard, later }: Question): readonly string[] {
  const named = routes.flatMap(({ version, arm, shadows }) => (arm === 'canary' ? [version, ...shadows] : shadows));
  return [...new Set(named)].filter((version) => version !== standard.version && !later.has(version));
}

/** Requests that a version forecasts: those that it serves, then those for the log. */
export function positionsOf(version: string, { routes }: Pick<Question, 'routes'>): readonly number[] {
  const positions = routes.map((_route, position) => position);
  return [
    ...positions.filter((position) => routes[position]?.version === version),
    ...positions.filter((position) => routes[position]?.shadows.includes(version)),
  ];
}
