/**
 * A fault that whoever starts the platform can mend. It is shown as its message and `next`, one line each, without a
 * stack trace.
 */
export class PlatformFault extends Error {
  /** What to do now. */
  readonly next: string;

  constructor(message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PlatformFault';
    this.next = next;
  }
}
