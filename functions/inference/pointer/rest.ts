import type { Instant } from './look.ts';

/**
 * For so long the wall clock is not asked again. Its answer is an object on the heap, the steady clock's is not; and a
 * process that was frozen and thawed has run for longer than this in between.
 */
const GLANCE_MS = 0.1;

/**
 * The time for which calls are answered without a look. Two clocks have to agree that it lasts. The wall clock may be set
 * back, and would keep a document fresh, at once or when it comes by again; the steady clock may stand still while the
 * process is frozen.
 */
export class Rest {
  #from = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #untilSteady = Number.NEGATIVE_INFINITY;
  #seenUntilSteady = Number.NEGATIVE_INFINITY;

  begin(from: Instant, lengthMs: number): void {
    this.#from = from.wallMs;
    this.#until = from.wallMs + lengthMs;
    this.#untilSteady = from.steadyMs + lengthMs;
    this.#seenUntilSteady = Number.NEGATIVE_INFINITY;
  }

  holds(steadyMs: number, wall: () => number): boolean {
    if (steadyMs < this.#seenUntilSteady) return true;
    const wallMs = wall();
    const holds = wallMs >= this.#from && wallMs < this.#until && steadyMs < this.#untilSteady;
    if (holds) this.#seenUntilSteady = Math.min(steadyMs + GLANCE_MS, this.#untilSteady);
    return holds;
  }
}
