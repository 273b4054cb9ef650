import { ReleaseError } from './errors.ts';

/** How long, and how strictly, written evidence is kept. */
export interface Retention {
  readonly days: number;
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
}

/**
 * Reads the stack's retention setting.
 * @throws ReleaseError CONFIG_MISSING when it says nothing usable: evidence is never written without retention
 */
export function retention(days: string, mode: string): Retention {
  const number = Number(days);
  if (Number.isInteger(number) && number >= 1 && (mode === 'COMPLIANCE' || mode === 'GOVERNANCE')) {
    return { days: number, mode };
  }
  throw new ReleaseError('CONFIG_MISSING', 'The retention of evidence is not set.', {
    reasons: [
      {
        code: 'CONFIG_MISSING',
        path: 'RETENTION_DAYS, RETENTION_MODE',
        message: 'Evidence is never written without retention.',
        got: `${days} ${mode}`,
        allowed: 'a whole number of days from 1, COMPLIANCE or GOVERNANCE',
        next: "Correct the stack's settings and deploy again.",
      },
    ],
  });
}
