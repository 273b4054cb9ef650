import { LOOK_FAULTS, type LookFault, type LookFaultCode } from './look-fault.ts';
import type { PointerEvent, Tally } from './pointer-event.ts';

interface Episode {
  readonly beganAt: number;
  failedLooks: number;
}

/**
 * One look that failed. `again`: it was late before, and has now failed for good. What it heard was so when it began:
 * the process may have been frozen since.
 */
export interface FailedLook {
  readonly fault: LookFault;
  readonly again: boolean;
  readonly beganAtMs: number;
  readonly nowMs: number;
}

export interface GoodLook {
  readonly inTime: boolean;
  readonly beganAtMs: number;
  readonly nowMs: number;
}

/** A single look that fails says little: a thawed process has to connect anew, which may take longer than a call waits. */
const LOOKS_TO_BE_STALE = 2;

/**
 * Keeps count of looks that fail, and decides what of them is worth telling: the first of each kind, silence beyond
 * `staleAfterSeconds` once, and the end of each.
 */
export class Episodes {
  readonly #tally: Tally;
  readonly #staleAfterSeconds: number;
  readonly #open = new Map<LookFaultCode, Episode>();
  /** Looks without an answer since the last answer. */
  #unanswered = 0;
  #isStaleTold = false;
  /** When AppConfig was last heard, or, until it was, first asked; in milliseconds. */
  #heardAt: number | undefined;

  constructor(tally: Tally, staleAfterSeconds: number) {
    this.#tally = tally;
    this.#staleAfterSeconds = staleAfterSeconds;
  }

  /** Silence counts from here, unless it is known to have begun before. */
  asked(nowMs: number): void {
    this.#heardAt ??= nowMs;
  }

  /** AppConfig had confirmed then, in an earlier process, what serves now. */
  resumed(confirmedAtMs: number): void {
    this.#heardAt = confirmedAtMs;
  }

  /** For how long AppConfig has given no document, neither a good one nor one to refuse. */
  staleSeconds(nowMs: number): number {
    return Math.max(0, nowMs - (this.#heardAt ?? nowMs)) / 1000;
  }

  failed(look: FailedLook): readonly PointerEvent[] {
    const { fault, nowMs, beganAtMs, again } = look;
    const { isRefusal } = LOOK_FAULTS[fault.code];
    this.#tally.faults[fault.code] += 1;
    if (isRefusal) this.#heard(beganAtMs);
    else if (!again) this.#unanswered += 1;
    const isStale =
      this.#unanswered >= LOOKS_TO_BE_STALE && this.staleSeconds(nowMs) > this.#staleAfterSeconds && !isRefusal;
    if (isRefusal) this.#tally.refused += 1;
    else if (!again) {
      this.#tally.notRefreshed += 1;
      if (isStale) this.#tally.stale += 1;
    }
    return [...this.#begun(look), ...(isStale ? this.#staleOnce(look) : [])];
  }

  /** `inTime`: nobody had stopped waiting for it. What is always late is one episode, although each answer is taken. */
  good({ beganAtMs, nowMs, inTime }: GoodLook): readonly PointerEvent[] {
    this.#tally.goodLooks += 1;
    this.#heard(beganAtMs);
    const ended = [...this.#open].filter(([code]) => inTime || code !== 'TIMEOUT');
    return ended.map(([code, { beganAt, failedLooks }]) => {
      this.#open.delete(code);
      return { kind: 'recovered', code, failedLooks, seconds: Math.max(0, nowMs - beganAt) / 1000 };
    });
  }

  #heard(atMs: number): void {
    this.#heardAt = atMs;
    this.#unanswered = 0;
    this.#isStaleTold = false;
  }

  #begun({ fault, nowMs }: FailedLook): readonly PointerEvent[] {
    const { code, message: reason } = fault;
    const known = this.#open.get(code);
    if (known !== undefined) {
      known.failedLooks += 1;
      return [];
    }
    this.#open.set(code, { beganAt: nowMs, failedLooks: 1 });
    if (LOOK_FAULTS[code].isRefusal) return [{ kind: 'refused', code, reason }];
    return [{ kind: 'not-refreshed', code, reason, staleSeconds: this.staleSeconds(nowMs) }];
  }

  #staleOnce({ fault, nowMs }: FailedLook): readonly PointerEvent[] {
    if (this.#isStaleTold) return [];
    this.#isStaleTold = true;
    const { code, message: reason } = fault;
    return [{ kind: 'stale', code, reason, staleSeconds: this.staleSeconds(nowMs) }];
  }
}
