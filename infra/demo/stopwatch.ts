/** Seconds by part of a run, as one part follows the other. `seconds`: since the start. */
export class Stopwatch {
  readonly #seconds: () => number;
  readonly #laps: Record<string, number> = {};
  #since = 0;

  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  /** What passed since the last part goes to this one; a part that comes again is added to. */
  lap(part: string): void {
    const now = this.#seconds();
    this.#laps[part] = rounded((this.#laps[part] ?? 0) + now - this.#since);
    this.#since = now;
  }

  get laps(): Readonly<Record<string, number>> {
    return { ...this.#laps, total: rounded(this.#seconds()) };
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
