import { regimeOf } from '../../evidence/statistics/segments.ts';
import { crostonTsb, type TsbParameters } from './croston-tsb.ts';
import { exponentialSmoothing, type SmoothingParameters } from './exponential-smoothing.ts';
import { type BuiltIn, fromFirstSale } from './forecaster.ts';

/**
 * Teunter, Syntetos and Babai's method for slow movers, smoothing for the rest, both with a weekday profile. Slow is what sells
 * once in 1.32 days or less often (Syntetos, Boylan and Croston, On the categorization of demand patterns, Journal of the
 * Operational Research Society 56, 2005): the border that the gates judge segments by.
 */
export function byDemand(parameters: SmoothingParameters & TsbParameters): BuiltIn {
  const frequent = exponentialSmoothing(parameters);
  const slow = crostonTsb(parameters);
  return (request) => (isSlow(request.history) ? slow : frequent)(request);
}

function isSlow(history: readonly number[]): boolean {
  const known = fromFirstSale(history);
  const sales = known.filter((units) => units > 0);
  const regime = regimeOf({
    days: known.length,
    demandDays: sales.length,
    sum: sales.reduce((sum, units) => sum + units, 0),
    sumOfSquares: sales.reduce((sum, units) => sum + units * units, 0),
  });
  return regime === 'intermittent' || regime === 'lumpy';
}
