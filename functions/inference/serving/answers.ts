import type { Said } from '../predictors/run-version.ts';

/** What all versions that were asked said of a question. */
export interface Answers {
  /** By version, and by the name of the safe forecast. A version that could not be loaded said nothing. */
  readonly said: ReadonlyMap<string, Said>;
  /** By candidate: positions that it had no time for, or was not asked for here. */
  readonly unfinished: ReadonlyMap<string, ReadonlySet<number>>;
  /** Production, or what serves in its place, had no time for all that it was asked. */
  readonly isServingLate: boolean;
  /** Serves in place of a production version that could not be loaded: the one before it. */
  readonly standIn: string | null;
  /** Name of the safe forecast, which has said something of every request. */
  readonly safe: string;
  readonly notLoaded: readonly { readonly version: string; readonly code: string; readonly forecasts: number }[];
  /** Why a version's answers are missing: of the first one that failed, a code or an error's name. */
  readonly failures: ReadonlyMap<string, string>;
}
