import type * as timers from 'node:timers/promises';

/**
 * `node:timers/promises` for tests that run steps by the hundred: what waits for AWS to get on does not wait, since in an
 * account of this process everything has happened when it is answered. Short pauses, as for an engine to start, stay.
 */
export async function withoutWaiting(actual: () => Promise<typeof timers>): Promise<typeof timers> {
  const real = await actual();
  const setTimeout: typeof real.setTimeout = (milliseconds = 0, value, options) =>
    real.setTimeout(milliseconds > 100 ? 0 : milliseconds, value, options);
  return { ...real, setTimeout };
}
