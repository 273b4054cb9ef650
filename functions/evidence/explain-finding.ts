import type { Reason } from '../platform/errors.ts';
import type { Finding } from './finding.ts';

interface Explanation {
  /** `%` stands for what follows the colon of the code. */
  readonly message: string;
  readonly next: string;
}

const REBUILD = 'Rebuild the backtest so that each origin forecasts only from what was known at its origin date.';
const RETRAIN = 'Look at where the error comes from, mend the model, and hand in a new version.';
const CALIBRATE =
  'Calibrate the level of the forecast; a lower absolute error does not make up for empty or full shelves.';
const MORE_DATA = 'Hand in a backtest with more series or more origins; too little data is never a pass.';

const ASK_LATER = 'Nothing: it is judged again with each further closed day.';
const LOOK_AT_LOG =
  'Look at the prediction log and at the errors of the inference function, mend the model, and hand in a new version.';

/** What each code of a gate means to a person, and what to do about it. */
export const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
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
  BACKTEST_INVALID_ROWS: {
    message: 'Rows have no readable origin date, target date, SKU or store.',
    next: 'Write dates as YYYY-MM-DD and fill every key; leave a value empty only where it is unknown.',
  },
  CANDIDATE_INVALID_RATE: {
    message: 'The candidate has no usable forecast for too many rows.',
    next: 'Make the model answer every row with a finite number of at least 0.',
  },
  CONFLICTING_DUPLICATES: {
    message: 'The same origin, SKU, store and target appears with different values.',
    next: 'Write each key once.',
  },
  OVERALL_REGRESSED: { message: 'The candidate is worse than the baseline overall.', next: RETRAIN },
  BELOW_MIN_IMPROVEMENT: { message: 'The candidate does not improve on the baseline by enough.', next: RETRAIN },
  BIAS: { message: 'The candidate forecasts systematically too much or too little.', next: CALIBRATE },
  NO_VALUE_OVER_SEASONAL_NAIVE: {
    message: 'Repeating the last known value of the same weekday would do as well.',
    next: RETRAIN,
  },
  FOLD_REGRESSED: {
    message: 'The candidate is worse than the baseline at the origin %: it is not stable.',
    next: RETRAIN,
  },
  SEGMENT_REGRESSED: { message: 'The candidate is worse than the baseline in the segment %.', next: RETRAIN },
  SEGMENT_BIAS: { message: 'The candidate is biased in the segment %.', next: CALIBRATE },
  OVERALL_INSUFFICIENT: { message: 'There is too little data to judge the candidate.', next: MORE_DATA },
  CRITICAL_SEGMENT_INSUFFICIENT: { message: 'There is too little data in the critical segment %.', next: MORE_DATA },
  NO_TRAINING_CUTOFF: {
    message: 'Rows do not say how far the training reached.',
    next: 'Write the last day that the training saw into trained_through.',
  },
  HISTORY_INVALID_ROWS: {
    message: 'History rows have no readable date, SKU or store; they were left out.',
    next: 'Check the export.',
  },
  HISTORY_CONFLICTS: {
    message: 'History days appear with different units; they were left out.',
    next: 'Check the export.',
  },
  SERIES_WITHOUT_HISTORY: {
    message: 'Series have no history before the first origin: their volume band is N and their regime none.',
    next: 'Hand in a history that covers every series of the backtest.',
  },
  ACTUALS_DIFFER_FROM_HISTORY: {
    message: 'Actuals of the backtest are not the units of the history on the same day.',
    next: 'Find out which of the two is right before relying on either.',
  },
  SYSTEMATIC_BIAS: {
    message: 'Beside production the candidate forecasts too much, or too little, cycle after cycle.',
    next: CALIBRATE,
  },
  UNSTABLE_REVISIONS: {
    message: 'The forecast of one and the same day moves too much from origin to origin to plan with.',
    next: 'Damp how fast the model follows single days, and hand in a new version.',
  },
  SPIKES: {
    message: 'Too many forecasts are several times those of production, or a fraction of them.',
    next: RETRAIN,
  },
  NOT_NON_INFERIOR_AT_HORIZON: {
    message: 'Nothing showed within the bound of the stage that the candidate does no harm.',
    next: 'Mend the model, or plan a longer or wider stage in the policy, and start again.',
  },
  INSUFFICIENT_CYCLES: { message: 'Not enough whole demand cycles are complete.', next: ASK_LATER },
  NOT_YET_NON_INFERIOR: { message: 'Not shown yet that the candidate does no harm.', next: ASK_LATER },
  COHORT_CONTAMINATION: {
    message: 'The candidate served units that were not assigned to the canary, so the arms cannot be compared.',
    next: 'Find out which client routes by another rule than functions/inference/cohort.ts.',
  },
  NONFINITE_PREDICTIONS: { message: 'The candidate gave forecasts that are no finite number.', next: LOOK_AT_LOG },
  MISSING_PREDICTIONS: { message: 'The candidate gave no forecast, or none in time, too often.', next: LOOK_AT_LOG },
  NEGATIVE_PREDICTIONS: { message: 'The candidate gave negative forecasts too often.', next: LOOK_AT_LOG },
  KPI_REGRESSED: { message: 'The canary does worse than its comparator in %.', next: RETRAIN },
  INSUFFICIENT: {
    message: 'There is too little data to judge %.',
    next: 'See to it that outcomes say it, for enough units in both arms.',
  },
  PASS_LOOK_NOT_DUE: { message: 'The canary passes on planned days only.', next: ASK_LATER },
  NO_STOCK_COLUMNS: {
    message: 'Outcomes do not say enough about stock: the canary cannot pass without it.',
    next: 'Deliver on_hand, stockout or overstock_units with the outcomes before the canary starts.',
  },
  DAMAGED_OBJECTS: {
    message: 'Objects of the prediction bucket are damaged; what they should hold was left out.',
    next: 'Deliver damaged outcomes again with a later asof; damaged predictions stay as they are.',
  },
  UNREADABLE_RECORDS: {
    message: 'Lines of the prediction log are no records; they were left out.',
    next: 'Check who writes the log.',
  },
  OUTCOME_ROWS_UNREADABLE: {
    message: 'Outcome rows have no readable key or belong to another day than their file; they were left out.',
    next: 'Check the export.',
  },
  OUTCOME_CONFLICTS: {
    message: 'Outcomes of one day give a series different values; they were left out.',
    next: 'Check the export, and deliver the day again with a later asof.',
  },
};

/** Metrics as people name them. */
const SUBJECTS: Readonly<Record<string, string>> = {
  paired_wape: 'accuracy on the same rows',
  stockout: 'stockouts',
  overstock: 'overstock',
};

/** A finding as a reason that a person can act on. */
export function explainFinding({ code, got, allowed }: Finding): Reason {
  const colon = code.indexOf(':');
  const explanation = EXPLANATIONS[colon < 0 ? code : code.slice(0, colon)];
  if (explanation === undefined) return { code, message: code, got, allowed };
  const subject = colon < 0 ? '' : code.slice(colon + 1);
  const message = explanation.message.replace('%', () => SUBJECTS[subject] ?? subject);
  return { code, message, got, allowed, next: explanation.next };
}
