import { decideTarget, type Known } from '../target.ts';
import type { Alert } from './alert-link.ts';

/** What a person who is told of an alert must know to act; null: the registry did not answer. */
export interface AlertFacts {
  /** Version that serves; empty: the safe forecast. */
  readonly serves: string | null;
  /** What a rollback would go back to; empty: the safe forecast. Null: nothing, or nobody knows. */
  readonly goesTo: string | null;
}

export const UNKNOWN_FACTS: AlertFacts = { serves: null, goesTo: null };

/** The facts as the registry has them; the page behind the link looks at what is deployed. */
export function alertFacts({ version }: Pick<Alert, 'version'>, known: Known): AlertFacts {
  const serves = known.versions.find(({ status }) => status === 'production')?.version ?? '';
  const withdrawn = version || serves;
  if (withdrawn === '') return { serves, goesTo: null };
  const target = decideTarget({
    input: { withdrawVersion: withdrawn },
    live: null,
    justRolledBack: false,
    byPerson: true,
    // Without a document there is no bound to compare it with.
    at: '',
    known,
  });
  return { serves, goesTo: target.outcome === 'go' ? target.to.version : null };
}
