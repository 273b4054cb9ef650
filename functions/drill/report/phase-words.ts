import type { Phase } from '../drill-items.ts';

/** What each phase measures, and what it does not. */
export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  detect:
    'From broken forecasts to the check of operations that notices them. How long a real fault waits for the next run of that check is no part of it: up to five minutes for the guard, a minute for an alarm.',
  decide: 'From then until the function that goes back has decided on the document, its start included.',
  switch: 'From then until the data plane serves the document.',
  converge: 'From then until a reader goes by it that looks as often as inference does.',
};
