import { ReleaseError } from '../platform/errors.ts';

/** The refusal of a document that would go out without the decision that it needs. */
export function notVouched(code: string, message: string, got: string, allowed: string): ReleaseError {
  return new ReleaseError('NOT_VOUCHED', message, { reasons: [{ code, message, got, allowed }] });
}

/** The extension's word for a refusal that says nothing of the document: registry and ledger gave no proof in time. */
export const PROOF_UNAVAILABLE = 'PROOF_UNAVAILABLE';
