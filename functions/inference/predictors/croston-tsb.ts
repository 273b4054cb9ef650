import { type BuiltIn, fromFirstSale, meanOf, perDay } from './forecaster.ts';
import { FLAT, weekdayProfile } from './weekday-profile.ts';

export interface TsbParameters {
  /** Weight of the newest sale in the mean size of a sale, above 0 and up to 1. */
  readonly alpha: number;
  /** Weight of the newest day in the chance of a sale, above 0 and up to 1. */
  readonly beta: number;
  /** Weeks that a weekday profile is made of, at most; 0: every day is alike. */
  readonly profileWeeks: number;
}

/** Days that the chance of a sale starts from. */
const START_DAYS = 28;

/**
 * Croston's method as changed by Teunter, Syntetos and Babai (Intermittent demand: linking forecasting to inventory
 * obsolescence, European Journal of Operational Research 214, 2011): chance of a sale times size of a sale, the chance
 * updated every day, so that the forecast of a product that sells no more goes to zero.
 */
export function crostonTsb({ alpha, beta, profileWeeks }: TsbParameters): BuiltIn {
  return ({ history, horizonDays }) => {
    const known = fromFirstSale(history);
    const start = known.slice(0, START_DAYS);
    const sales = start.filter((units) => units > 0);
    let size = meanOf(sales);
    let chance = start.length === 0 ? 0 : sales.length / start.length;
    for (const units of known) {
      if (units > 0) size += alpha * (units - size);
      chance += beta * ((units > 0 ? 1 : 0) - chance);
    }
    const share = profileWeeks === 0 ? FLAT : weekdayProfile(known, profileWeeks);
    return perDay(horizonDays, (days) => chance * size * share(days));
  };
}
