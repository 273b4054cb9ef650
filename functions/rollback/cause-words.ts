import { CAUSES, type Cause } from './input.ts';

/** The causes as people read them. */
export const CAUSE_WORDS: Readonly<Record<Cause, string>> = {
  'metric-degradation': 'A metric got worse beyond its tolerance',
  'data-drift': 'The data drifted',
  'data-corruption': 'Data is corrupt',
  infrastructure: 'The infrastructure is unstable or down',
  'business-escalation': 'The business escalated it',
  safety: 'Safety is at risk',
};

/** A cause as people read it; one that is not known, as it stands. */
export function causeWords(cause: string): string {
  const known = CAUSES.find((one) => one === cause);
  return known === undefined ? cause : CAUSE_WORDS[known];
}

/** A version as people read it; empty is the safe forecast. */
export function versionWords(version: string): string {
  return version === '' ? 'the safe forecast' : `version ${version}`;
}
