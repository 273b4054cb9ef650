import type { Clock } from '../../functions/platform/clock.ts';

/*
 * Takes the place of functions/platform/clock.ts where entries of functions run as they are, and time has to pass between
 * them. What the services themselves stamp stays with the machine's clock.
 */

let aheadMs = 0;

/** Sets the clock so far ahead of the machine's. */
export function setAhead(minutes: number): void {
  aheadMs = minutes * 60_000;
}

export const systemClock: Clock = () => new Date(systemMillis());
export const systemMillis = (): number => Date.now() + aheadMs;
export const steadyMillis = (): number => performance.now();
