import { expect, it } from 'vitest';
import { heard } from '../../../functions/inference/serving/heard.ts';

const run = { said: [[1], null], unfinished: [1] } as const;

it.each(['done', 'out-of-time', 'not-loaded'] as const)(
  'leaves what a run that is %s did not say to others',
  (outcome) => {
    expect(heard({ ...run, outcome })).toEqual(run);
  },
);

it.each(['crashed', 'out-of-memory'] as const)(
  'misses what a run that %s did not say: it would break theirs too',
  (outcome) => {
    expect(heard({ ...run, outcome, code: 'SIGKILL' })).toEqual({ ...run, unfinished: [], code: 'SIGKILL' });
  },
);
