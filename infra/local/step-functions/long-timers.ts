const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * A setTimeout without Node's limit: beyond 24.8 days (31 bits of milliseconds) Node's own fires at once. A longer delay
 * is counted in equal legs on one timer, so that clearTimeout works on what is returned.
 */
export function withoutDelayLimit(setTimeout: typeof globalThis.setTimeout): typeof globalThis.setTimeout {
  return new Proxy(setTimeout, {
    apply: (target, self, given: readonly unknown[]) => {
      const [callback, delayMs, ...rest] = given;
      if (typeof callback !== 'function' || typeof delayMs !== 'number' || !(delayMs > MAX_DELAY_MS)) {
        return Reflect.apply(target, self, given);
      }
      let legs = Math.ceil(delayMs / MAX_DELAY_MS);
      const leg = (): void => {
        legs -= 1;
        if (legs > 0) timer.refresh();
        else callback(...rest);
      };
      const timer: NodeJS.Timeout = Reflect.apply(target, self, [leg, delayMs / legs]);
      return timer;
    },
  });
}

let allowed = false;

/** Lifts the limit for this process: the state machine interpreter sets its timers itself and takes no others. */
export function allowLongTimers(): void {
  if (allowed) return;
  allowed = true;
  globalThis.setTimeout = withoutDelayLimit(globalThis.setTimeout);
}
