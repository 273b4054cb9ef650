import { ReleaseError } from '../../functions/platform/errors.ts';

/** The expected error by which a promise fails; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<ReleaseError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof ReleaseError) return error;
  throw new Error(`Expected a ReleaseError, got ${String(error)}`);
}
