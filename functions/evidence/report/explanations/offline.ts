import { CALIBRATE, type Explanations, RETRAIN } from './explanation.ts';

const REBUILD = 'Rebuild the backtest so that each origin forecasts only from what was known at its origin date.';
const MORE_DATA = 'Hand in a backtest with more series or more origins; too little data is never a pass.';
const CHECK_EXPORT = 'Check the export.';

/** Codes of the offline gate. */
export const OFFLINE_EXPLANATIONS: Explanations = {
  LEAKAGE_TARGET_NOT_AFTER_ORIGIN: { message: 'Rows forecast a day that is not after their origin.', next: REBUILD },
  LEAKAGE_HORIZON_MISMATCH: {
    message: 'The stated horizon is not the number of days from origin to target.',
    next: REBUILD,
  },
  LEAKAGE_TRAINED_PAST_ORIGIN: { message: 'Training or features reach past the origin.', next: REBUILD },
  LEAKAGE_TRAINING_CUTOFF_MISSING: {
    message: 'Rows do not say how far the training reached, so nothing shows that it ended before the origin.',
    next: 'Write the last day that the training of each origin saw into trained_through, as YYYY-MM-DD.',
  },
  LEAKAGE_FOLDS_WITH_MANY_ORIGINS: {
    message: 'A fold holds several origins: that is a random split, not a test over time.',
    next: REBUILD,
  },
  LEAKAGE_TOO_FEW_ORIGINS: { message: 'Too few rolling origins to be a test over time.', next: MORE_DATA },
  LEAKAGE_ORIGIN_SPAN_TOO_SHORT: {
    message: 'The origins lie so close together that their windows are one experiment.',
    next: 'Spread the origins over more days.',
  },
  LEAKAGE_EXACT_MATCHES: {
    message: 'The candidate hits the actuals exactly too often to be a forecast.',
    next: REBUILD,
  },
  LEAKAGE_IMPLAUSIBLE: {
    message: 'The candidate knows demand better than a forecast can: its error bears several traces of a leak.',
    next: 'Look for the future in its features (sums, means or flags that include the target day), rebuild the backtest without it, and hand in a new version. If every trace has an honest cause, the owner may relax this check in the policy.',
  },
  IMPLAUSIBLE_ACCURACY: {
    message:
      'The candidate may know demand better than a forecast can: its error bears one trace of a leak, and no second one.',
    next: 'Show how each feature was known at its origin. If demand itself is known in advance, as standing orders are, the owner may relax this check in the policy or switch it off.',
  },
  FOLLOWS_SURPRISES: {
    message:
      'The candidate follows what happens from day to day. A model that knows promotions does; no other trace of a leak was found.',
    next: 'See that its features have what moves demand so: promotions, prices or events that were planned at the origin.',
  },
  IMPLAUSIBLE_OFF: {
    message: 'The policy does not ask whether the candidate knows demand better than a forecast can.',
    next: 'Switch it off only where demand is known in advance; a leak with a false training cutoff is not found otherwise.',
  },
  BACKTEST_INVALID_ROWS: {
    message: 'Rows have no readable origin date, target date, SKU or store.',
    next: 'Write dates as YYYY-MM-DD and fill every key; leave a value empty only where it is unknown.',
  },
  CANDIDATE_INVALID_RATE: {
    message: 'The candidate has no usable forecast for too many rows.',
    next: 'Make the model answer every row with a finite number of at least 0.',
  },
  CONFLICTING_DUPLICATES: {
    message: 'The same key appears with different values.',
    next: 'Find out which of the two is right, and write each key once.',
  },
  ACTUALS_MISMATCH: {
    message: 'Demand in the backtest is not what was recorded here for the same days.',
    next: 'Build the backtest from the outcomes that the business delivered, or have them delivered again if they are wrong.',
  },
  BASELINE_MISMATCH: {
    message: 'The baseline of the backtest is not what production forecast for the same rows.',
    next: 'Take the baseline from the prediction log of the version in production.',
  },
  OVERALL_REGRESSED: { message: 'The candidate is worse than the baseline overall.', next: RETRAIN },
  BELOW_MIN_IMPROVEMENT: {
    message: 'The candidate does no harm, but does not improve on the baseline by enough either.',
    next: 'Improve the model; or, if equal is enough for reasons of cost, maintenance or safety, say why in the change record and start again.',
  },
  BIAS: { message: 'The candidate forecasts systematically too much or too little.', next: CALIBRATE },
  NO_VALUE_OVER_SEASONAL_NAIVE: {
    message: 'Repeating the last known value of the same weekday would do as well.',
    next: RETRAIN,
  },
  QUANTILE_COVERAGE: {
    message:
      'Demand falls below the forecast quantiles more or less often than they say, or they are worse than the baseline’s.',
    next: 'Calibrate the quantiles on origins that the model was not trained on, and hand in a new version.',
  },
  QUANTILE_CROSSING: {
    message: 'A higher quantile lies below a lower one.',
    next: 'Sort the quantiles of each row, or train them together.',
  },
  FOLD_REGRESSED: {
    message: 'The candidate is worse than the baseline at the origin %: it is not stable.',
    next: RETRAIN,
  },
  SEGMENT_REGRESSED: { message: 'The candidate is worse than the baseline in the segment %.', next: RETRAIN },
  SEGMENT_BIAS: { message: 'The candidate is biased in the segment %.', next: CALIBRATE },
  OVERALL_INSUFFICIENT: { message: 'There is too little data to judge the candidate.', next: MORE_DATA },
  OVERALL_INCONCLUSIVE: {
    message: 'The data neither show that the candidate does no harm, nor that it does.',
    next: 'Hand in a backtest with more origins; eight and more make the interval narrow enough for most margins.',
  },
  CRITICAL_SEGMENT_INSUFFICIENT: { message: 'There is too little data in the critical segment %.', next: MORE_DATA },
  CRITICAL_SEGMENT_INCONCLUSIVE: {
    message: 'The data do not show that the candidate does no harm in the critical segment %.',
    next: MORE_DATA,
  },
  NO_TRAINING_CUTOFF: {
    message: 'Rows do not say how far the training reached.',
    next: 'Write the last day that the training saw into trained_through.',
  },
  HISTORY_INVALID_ROWS: {
    message: 'History rows have no readable date, SKU or store; they were left out.',
    next: CHECK_EXPORT,
  },
  HISTORY_CONFLICTS: {
    message: 'History days appear with different units; they were left out.',
    next: CHECK_EXPORT,
  },
  SERIES_WITHOUT_HISTORY: {
    message: 'Series have no history before the first origin: their volume band is N and their regime none.',
    next: 'Hand in a history that covers every series of the backtest.',
  },
  RECORDED_NOT_READ: {
    message: 'More was recorded for the dates of the backtest than is read; the newest dates were compared.',
    next: 'Nothing, unless the older dates are those in doubt.',
  },
  ACTUALS_DIFFER_FROM_HISTORY: {
    message: 'Actuals of the backtest are not the units of the history on the same day.',
    next: 'Find out which of the two is right before relying on either.',
  },
};
