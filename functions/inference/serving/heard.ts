import type { IsolatedAnswers } from '../predictors/isolated-runner-store.ts';
import type { VersionAnswers } from '../predictors/run-version.ts';

/**
 * What counts of a run apart. A version that was out of time may be asked again by others, who have more of it. One that
 * broke its process would break theirs too: what it had not said is missing, and its gate must see that.
 */
export function heard({ outcome, ...answers }: IsolatedAnswers): VersionAnswers {
  return outcome === 'crashed' || outcome === 'out-of-memory' ? { ...answers, unfinished: [] } : answers;
}
