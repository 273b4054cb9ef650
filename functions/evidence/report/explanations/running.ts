import { CALIBRATE, type Explanations, RETRAIN } from './explanation.ts';

const ASK_LATER = 'Nothing: it is judged again with each further closed day.';
const LOOK_AT_LOG =
  'Look at the prediction log and at the errors of the inference function, mend the model, and hand in a new version.';
const CHECK_EXPORT = 'Check the export.';

/** Codes of the shadow and the canary gate, and of what they read. */
export const RUNNING_EXPLANATIONS: Explanations = {
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
  PREDICTION_DRIFT: {
    message: 'The candidate’s forecasts are distributed differently from production’s.',
    next: 'See in the shadow report where they moved. A sharper model may be right; a moved level is a matter of calibration.',
  },
  LEVEL_SHIFT: {
    message: 'All in all the candidate forecasts more, or fewer, units than production.',
    next: 'Compare with the bias of both: ordering follows the level, so whoever orders should know of it before it serves.',
  },
  NOT_NON_INFERIOR_AT_HORIZON: {
    message: 'Nothing showed within the bound of the stage that the candidate does no harm.',
    next: 'Mend the model, or plan a longer or wider stage in the policy, and start again.',
  },
  INSUFFICIENT_CYCLES: { message: 'Not enough whole demand cycles are complete.', next: ASK_LATER },
  NOT_YET_NON_INFERIOR: { message: 'Not shown yet that the candidate does no harm: %.', next: ASK_LATER },
  CANARY_UNDERPOWERED: {
    message: 'A canary of this plan could not show within its days that it does no harm: %.',
    next: 'Give the canary more units or more days, or widen the margin with its owner, and start again; nobody was exposed.',
  },
  CANARY_MARGIN_UNDEFINED: {
    message: 'The margin of the canary is a share of nothing: there was none of it before: %.',
    next: 'Give the metric an absolute margin in the policy, and start again; nobody was exposed.',
  },
  CANARY_POWER_UNKNOWN: {
    message: 'Nothing is known yet of what the canary should be compared by: %.',
    next: 'Deliver outcomes with stock columns for some weeks before the canary, and start again; nobody was exposed.',
  },
  TOO_FEW_CLUSTERS: {
    message: 'Whole regions are assigned to the canary: too few for any test, so that it can only end without proof.',
    next: 'Assign stores, SKUs or both in the policy before the next promotion.',
  },
  COHORT_CONTAMINATION: {
    message: 'The candidate served units that were not assigned to the canary, so the arms cannot be compared.',
    next: 'Find out which client routes by another rule than functions/inference/cohort.ts.',
  },
  SAMPLE_RATIO_MISMATCH: {
    message: 'The arms returned data in another proportion than the plan gives them, so they are not alike.',
    next: 'Find out for which units outcomes or forecasts are missing before reading anything else of this canary.',
  },
  NONFINITE_PREDICTIONS: { message: 'The candidate gave forecasts that are no finite number.', next: LOOK_AT_LOG },
  MISSING_PREDICTIONS: { message: 'The candidate gave no forecast, or none in time, too often.', next: LOOK_AT_LOG },
  NEGATIVE_PREDICTIONS: { message: 'The candidate gave negative forecasts too often.', next: LOOK_AT_LOG },
  OPS_REGRESSED: {
    message: 'The canary is operated worse than its control: %.',
    next: LOOK_AT_LOG,
  },
  KPI_REGRESSED: { message: 'The canary does worse than its comparator: %.', next: RETRAIN },
  FAILED_AT_EARLIER_LOOK: {
    message: 'The canary failed at an earlier look; later days do not take that back.',
    next: 'See the ledger for the look at which it failed, mend the model, and hand in a new version.',
  },
  INSUFFICIENT: {
    message: 'There is too little data to judge: %.',
    next: 'See to it that outcomes say it, for enough units in both arms.',
  },
  FROZEN: {
    message: 'The canary is judged and not widened: nothing new begins to serve during a freeze.',
    next: 'It goes on by itself after the freeze, unless its bound comes first; a second approver may make an exception, by the link in their letter.',
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
    next: CHECK_EXPORT,
  },
  OUTCOME_CONFLICTS: {
    message: 'Outcomes of one day give a series different values; they were left out.',
    next: 'Check the export, and deliver the day again with a later asof.',
  },
};
