/** An instant by both clocks of a process; see `Rest`. */
export interface Instant {
  readonly wallMs: number;
  readonly steadyMs: number;
}

/** One look at AppConfig. It may outlast those who wait for it: its answer is taken whenever it comes, as of its beginning. */
export class Look {
  readonly began: Instant;
  readonly abandon = new AbortController();
  /** Those who waited have gone. */
  isLate = false;
  /** When its answer has been taken, or never will be. */
  done: Promise<void> = Promise.resolve();

  constructor(began: Instant) {
    this.began = began;
  }
}
