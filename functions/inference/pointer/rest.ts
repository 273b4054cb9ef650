import type { Instant } from './look.ts';

/**
 * The time for which calls are answered without a look. Two clocks have to agree that it lasts. The wall clock may be set
 * back, and would keep a document fresh, at once or when it comes by again; the steady clock may stand still while the
 * process is frozen.
 */
export class Rest {
  #from = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #untilSteady = Number.NEGATIVE_INFINITY;

  begin(from: Instant, lengthMs: number): void {
    this.#from = from.wallMs;
    this.#until = from.wallMs + lengthMs;
    this.#untilSteady = from.steadyMs + lengthMs;
  }

  holds(wallMs: number, steadyMs: number): boolean {
    return wallMs >= this.#from && wallMs < this.#until && steadyMs < this.#untilSteady;
  }
}
