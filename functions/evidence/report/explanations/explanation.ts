/** What a code of a gate means to a person, and what to do about it. */
export interface Explanation {
  /** `%` stands for what follows the colon of the code. */
  readonly message: string;
  readonly next: string;
}

export type Explanations = Readonly<Record<string, Explanation>>;

export const RETRAIN = 'Look at where the error comes from, mend the model, and hand in a new version.';
export const CALIBRATE =
  'Calibrate the level of the forecast; a lower absolute error does not make up for empty or full shelves.';
