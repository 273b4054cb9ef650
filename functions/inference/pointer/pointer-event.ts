import { LOOK_FAULTS, type LookFaultCode } from './look-fault.ts';

/** Where a document came from: what AppConfig answered, what it had answered a process before, or what was shipped. */
export type PointerSource = 'appconfig' | 'copy' | 'bootstrap';

/** What a reader noticed. All but moves are told once per episode: from the first look that failed so to the next good one. */
export type PointerEvent =
  /** `backward`: an older revision came back, as after a rollback, and that is right. */
  | {
      readonly kind: 'moved';
      readonly from: number | null;
      readonly to: number;
      readonly backward: boolean;
      readonly source: PointerSource;
    }
  /** AppConfig serves what is not to be gone by; the last good document stays. */
  | { readonly kind: 'refused'; readonly code: LookFaultCode; readonly reason: string }
  /** AppConfig gave no document, or not in time; the last good document stays. */
  | {
      readonly kind: 'not-refreshed';
      readonly code: LookFaultCode;
      readonly reason: string;
      readonly staleSeconds: number;
    }
  /** It has not for so long that it is no passing fault: a rollback would not have been seen. */
  | { readonly kind: 'stale'; readonly code: LookFaultCode; readonly reason: string; readonly staleSeconds: number }
  /** An episode ended. `seconds`: since its first look; `failedLooks`: how many failed so. */
  | { readonly kind: 'recovered'; readonly code: LookFaultCode; readonly failedLooks: number; readonly seconds: number }
  /** A token was no good any more, and the same look began a new session. */
  | { readonly kind: 'renewed' };

/** What a reader did since it was made: each only grows, and goes on growing for as long as a fault lasts. */
export interface PointerCounts {
  /** Looks that began; each is one request to AppConfig, or two where a session begins. */
  readonly looks: number;
  /** Looks that confirmed the document, or brought one. */
  readonly goodLooks: number;
  /** Looks that found a document not to go by. */
  readonly refused: number;
  /** Looks that found none, or not in time. */
  readonly notRefreshed: number;
  /** Those of them beyond the time that a passing fault takes: what to alarm on. */
  readonly stale: number;
  /** Looks whose answer came after callers had stopped to wait for it, and was taken. */
  readonly late: number;
  /** Looks that were frozen with the process and given up after it; a new one was begun at once. */
  readonly abandoned: number;
  /** Tokens that were no good any more; a new session was begun in the same look. */
  readonly renewed: number;
  /** Calls that were served a document that AppConfig should have confirmed by then. */
  readonly servedStale: number;
  readonly moved: number;
  /** Moves to an older revision. */
  readonly wentBack: number;
  /** Copies on disk that were unreadable, torn, foreign or too large. */
  readonly copyIgnored: number;
  readonly copyNotWritten: number;
  readonly bootstrapRefused: number;
  readonly faults: Readonly<Record<LookFaultCode, number>>;
}

/** The counts while they are counted. */
export type Tally = { -readonly [Name in Exclude<keyof PointerCounts, 'faults'>]: number } & {
  readonly faults: Record<LookFaultCode, number>;
};

export function newTally(): Tally {
  const none = Object.keys(LOOK_FAULTS).map((code) => [code, 0]);
  return {
    ...{ looks: 0, goodLooks: 0, refused: 0, notRefreshed: 0, stale: 0, late: 0, abandoned: 0, renewed: 0 },
    ...{ servedStale: 0, moved: 0, wentBack: 0, copyIgnored: 0, copyNotWritten: 0, bootstrapRefused: 0 },
    faults: Object.fromEntries(none),
  };
}
