import type { Explanations } from './explanation.ts';

const ROLLED_BACK = 'Nothing to stop it: the version is taken back. ';

/** Codes of the production guard. */
export const GUARD_EXPLANATIONS: Explanations = {
  ACCURACY_DEGRADED: {
    message:
      'The version in production has become worse than its comparator on the same rows, and it is no single bad day.',
    next: `${ROLLED_BACK}Find out what changed in demand or in its inputs before handing in a new version.`,
  },
  INVALID_PREDICTIONS: {
    message: 'Too many forecasts of the version in production cannot be used.',
    next: `${ROLLED_BACK}Look at the prediction log and at the errors of the inference function.`,
  },
  VOLUME_DROP: {
    message: 'Far fewer rows were forecast than expected.',
    next: `${ROLLED_BACK}Find out whether requests or answers are missing.`,
  },
  DATA_DRIFT: {
    message: 'What the model is fed is distributed differently from what it was judged on.',
    next: 'Check the feed first. Declare promotions and holidays as events, so that they are not taken for drift.',
  },
  DEGRADING: {
    message: 'The error of the version in production grows against its comparator, not yet by enough to act.',
    next: 'Look at the segments of its last days, and prepare a new version.',
  },
  DAY_WITHOUT_SCORE: {
    message: 'A closed day could not be scored.',
    next: 'Find out why forecasts or outcomes of that day are missing.',
  },
  UPSTREAM_CAUSE_LIKELY: {
    message: 'The comparator shows the same fault, so the cause lies in the data that both are fed.',
    next: 'Mend the feed: a rollback does not help. Until then serve the last good forecasts.',
  },
  FEWER_REQUESTS: {
    message: 'The version in production was asked for far fewer forecasts than on usual days.',
    next: 'Ask whoever requests forecasts whether that was meant; the version is not at fault.',
  },
  NO_FORECASTS: {
    message: 'Business dates have no forecast of the version in production: nobody asked for one, or none was logged.',
    next: 'Look at whoever requests forecasts, and at whether the inference function logs them.',
  },
  NO_OUTCOMES: {
    message:
      'Nobody has told what was sold on business dates that should be known by now; nothing can be judged by them.',
    next: 'Look at whoever writes outcomes. The version stays unconfirmed until they are there.',
  },
  STORES_MISSING: {
    message: 'Forecasts were asked for far fewer stores, SKUs or regions than usual.',
    next: 'Ask whoever requests forecasts whether that was meant; the version is not at fault.',
  },
  OUTCOMES_INCOMPLETE: {
    message: 'What was sold is told for far fewer stores than were forecast; such days are not judged.',
    next: 'Look at whoever writes outcomes. The version stays unconfirmed until enough days are whole.',
  },
  BAD_DATE: {
    message: 'Daily rows have no readable date; they were left out.',
    next: 'Write dates as YYYY-MM-DD.',
  },
};
