import { ReleaseError } from '../platform/errors.ts';

/** The refusal of a document that would go out without the decision that it needs. */
export function notVouched(code: string, message: string, got: string, allowed: string): ReleaseError {
  return new ReleaseError('NOT_VOUCHED', message, { reasons: [{ code, message, got, allowed }] });
}
