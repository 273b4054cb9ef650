import { systemMillis } from '../../platform/clock.ts';
import { type Outcome, within } from '../../platform/deadline.ts';
import { type Answer, AppConfigSessions, type Session } from './appconfig-session-store.ts';
import { Episodes } from './episodes.ts';
import { HeldPointer } from './held-pointer.ts';
import { judgeOfServed, judgeOfShipped } from './judge-content.ts';
import type { LookFault } from './look-fault.ts';
import type { Pointer } from './pointer.ts';
import { PointerCopyStore } from './pointer-copy-store.ts';
import { newTally, type PointerCounts, type PointerEvent } from './pointer-event.ts';
import { type PointerReaderOptions, READER_DEFAULTS, type ReaderSettings } from './reader-options.ts';
import { pointerUnavailable, type Tried } from './unavailable.ts';

/** A throttled reader pauses twice as long each time, up to this. */
const LONGEST_PAUSE_MS = 60_000;

/** One look at AppConfig. It may outlast those who wait for it: its answer is taken whenever it comes, as of its beginning. */
class Look {
  readonly beganAt: number;
  readonly abandon = new AbortController();
  /** Those who waited have gone. */
  isLate = false;
  done: Promise<void> = Promise.resolve();

  constructor(beganAt: number) {
    this.beganAt = beganAt;
  }
}

/**
 * Reads one model's pointer for as long as the process lives. It serves the newest document that AppConfig was heard to
 * serve and that verified; before that the copy of an earlier process, or else the bootstrap document.
 *
 * The process may be frozen at any await, for hours. So all that is remembered of a look, or of a wait, counts from the
 * instant at which it began: what comes back after a thaw is then as old as it is, and makes nobody rest.
 */
export class PointerReader {
  readonly #settings: ReaderSettings;
  readonly #now: () => number;
  readonly #sessions: AppConfigSessions;
  readonly #copy: PointerCopyStore | null;
  readonly #tally = newTally();
  readonly #held: HeldPointer;
  readonly #episodes: Episodes;

  /** Calls between these instants are answered without a look. */
  #restsFrom = Number.POSITIVE_INFINITY;
  #restsUntil = Number.NEGATIVE_INFINITY;
  /** AppConfig should have confirmed by now what is served. */
  #isOverdue = true;

  #session: Session | undefined;
  #look: Look | null = null;
  #wait: { readonly since: number; readonly over: Promise<void> } | null = null;
  #throttledInRow = 0;
  #lastFault: LookFault = { code: 'TIMEOUT', message: 'AppConfig was not asked yet.' };
  #opening: Promise<void> | undefined;
  #tried: Pick<Tried, 'copy' | 'bootstrap'> = { copy: { state: 'none' }, bootstrap: { state: 'none' } };

  constructor(options: PointerReaderOptions) {
    this.#settings = { ...READER_DEFAULTS, ...options };
    this.#now = options.now ?? systemMillis;
    const { application, model, publicKeyPem, copyFolder, staleAfterSeconds } = this.#settings;
    this.#sessions = new AppConfigSessions(this.#settings);
    this.#copy = copyFolder === null ? null : new PointerCopyStore(copyFolder, application, model);
    this.#held = new HeldPointer(judgeOfServed({ model, publicKeyPem }), this.#tally);
    this.#episodes = new Episodes(this.#tally, staleAfterSeconds);
  }

  /**
   * The pointer to go by now: at once while it is fresh, else within the time limits of the options, whatever AppConfig
   * does. Calls at the same time share one look.
   * @throws ReleaseError POINTER_UNAVAILABLE (as a rejection) while no document was ever had; its reasons say what was tried
   */
  current(): Pointer | Promise<Pointer> {
    const now = this.#now();
    const { pointer } = this.#held;
    if (pointer === null || !this.#isResting(now)) return this.#refreshed(now);
    if (this.#isOverdue) this.#tally.servedStale += 1;
    return pointer;
  }

  /** What was counted until now. */
  get counts(): PointerCounts {
    return { ...this.#tally, faults: { ...this.#tally.faults } };
  }

  /** For how long AppConfig has not been heard; 0 before the first call. A copy goes on from where its process ended. */
  staleSeconds(): number {
    return this.#episodes.staleSeconds(this.#now());
  }

  /** A clock that was set back would otherwise keep a document fresh for as long as it was ahead. */
  #isResting(now: number): boolean {
    return now >= this.#restsFrom && now < this.#restsUntil;
  }

  async #refreshed(calledAt: number): Promise<Pointer> {
    if (!this.#isResting(calledAt)) await this.#waited(calledAt);
    const { pointer } = this.#held;
    if (pointer === null) {
      const { application, model } = this.#settings;
      throw pointerUnavailable({ application, model, appConfig: this.#lastFault, ...this.#tried });
    }
    if (this.#isOverdue) this.#tally.servedStale += 1;
    return pointer;
  }

  /** A wait from before a freeze ends at once, and says nothing of those who call after it. */
  #waited(calledAt: number): Promise<void> {
    if (this.#wait !== null) {
      const age = calledAt - this.#wait.since;
      if (age >= 0 && age <= this.#settings.firstTimeoutMs) return this.#wait.over;
    }
    const wait = {
      since: calledAt,
      over: this.#refresh(calledAt).finally(() => {
        if (this.#wait === wait) this.#wait = null;
      }),
    };
    this.#wait = wait;
    return wait.over;
  }

  async #refresh(calledAt: number): Promise<void> {
    this.#opening ??= this.#open();
    await this.#opening;
    const { refreshTimeoutMs, firstTimeoutMs } = this.#settings;
    const isFirst = this.#held.pointer === null && this.#tally.looks === 0;
    const limitMs = isFirst ? firstTimeoutMs : refreshTimeoutMs;
    const look = this.#join(calledAt);
    const { done } = await within(limitMs, () => look.done);
    if (done || this.#look !== look) return;
    if (!look.isLate) this.#failed(look, { code: 'TIMEOUT', message: `No answer within ${limitMs} ms.` });
    look.isLate = true;
    this.#rest(calledAt, limitMs + this.#retryMs, true);
  }

  /** The look that goes on already, or a new one. One that is too old was frozen, and would tell of an older time. */
  #join(calledAt: number): Look {
    if (this.#look !== null) {
      const age = calledAt - this.#look.beganAt;
      if (age >= 0 && age < this.#settings.lookTimeoutMs) return this.#look;
      this.#look.abandon.abort();
      this.#tally.abandoned += 1;
    }
    this.#tally.looks += 1;
    this.#episodes.asked(calledAt);
    const look = new Look(calledAt);
    this.#look = look;
    look.done = this.#ask(look);
    return look;
  }

  async #ask(look: Look): Promise<void> {
    // A token is good for one answer: what becomes of this look decides which comes next.
    const session = this.#session;
    this.#session = undefined;
    const outcome = await within(this.#settings.lookTimeoutMs, (limit) =>
      this.#sessions.latest(session, AbortSignal.any([limit, look.abandon.signal])),
    );
    // An abandoned look is nobody's any more, and so are its answer and its token: the next session brings both again.
    if (this.#look !== look) return;
    this.#look = null;
    this.#settle(look, answerOf(outcome));
  }

  #settle(look: Look, answer: Answer): void {
    this.#session = answer.session;
    if (answer.ok && answer.hasRenewed) {
      this.#tally.renewed += 1;
      this.#tell([{ kind: 'renewed' }]);
    }
    this.#throttledInRow = !answer.ok && answer.fault.code === 'THROTTLED' ? this.#throttledInRow + 1 : 0;
    if (answer.ok) this.#heard(look, answer.content);
    else this.#lost(look, answer.fault);
  }

  #heard(look: Look, content: Uint8Array | null): void {
    if (look.isLate) this.#tally.late += 1;
    const verdict = this.#held.verdictOn(content);
    this.#rest(look.beganAt, this.#pollMs, !verdict.ok);
    if (!verdict.ok) {
      this.#failed(look, verdict.fault);
      return;
    }
    this.#tell(this.#held.take(verdict.pointer, 'appconfig'));
    this.#keepCopy(look);
    const nowMs = this.#now();
    this.#tell(this.#episodes.good({ inTime: !look.isLate, beganAtMs: look.beganAt, nowMs }));
  }

  #lost(look: Look, fault: LookFault): void {
    if (fault.code !== 'TIMEOUT' || !look.isLate) this.#failed(look, fault);
    if (fault.code === 'THROTTLED') {
      const pauseMs = this.#settings.retrySeconds * 1000 * 2 ** this.#throttledInRow;
      this.#rest(look.beganAt, Math.min(pauseMs, LONGEST_PAUSE_MS), true);
    } else if (fault.code === 'TOO_SOON') this.#rest(look.beganAt, this.#pollMs, true);
    // Those who waited for a late one have begun the pause.
    else if (!look.isLate) this.#rest(look.beganAt, this.#retryMs, true);
  }

  #failed(look: Look, fault: LookFault): void {
    this.#lastFault = fault;
    const nowMs = this.#now();
    this.#tell(this.#episodes.failed({ fault, again: look.isLate, beganAtMs: look.beganAt, nowMs }));
  }

  #rest(fromMs: number, lengthMs: number, isOverdue: boolean): void {
    this.#restsFrom = fromMs;
    this.#restsUntil = fromMs + lengthMs;
    this.#isOverdue = isOverdue;
  }

  /** Nobody waits for the disk. */
  #keepCopy({ beganAt }: Look): void {
    const { content } = this.#held;
    if (this.#copy === null || content === null) return;
    void this.#copy.keep({ content, confirmedAtMs: beganAt }).then((isWritten) => {
      if (!isWritten) this.#tally.copyNotWritten += 1;
    });
  }

  /** What may serve until AppConfig answers. */
  async #open(): Promise<void> {
    const copy = await this.#openCopy();
    const bootstrap = this.#held.pointer === null ? this.#openBootstrap() : NONE;
    this.#tried = { copy, bootstrap };
  }

  async #openCopy(): Promise<Tried['copy']> {
    const store = this.#copy;
    if (store === null) return { state: 'off' };
    const read = await within(this.#settings.refreshTimeoutMs, () => store.read());
    const copy = read.done ? read.value : { state: 'ignored' as const };
    if (copy.state === 'none') return NONE;
    const verdict = copy.state === 'read' ? this.#held.verdictOn(copy.content) : null;
    if (copy.state === 'read' && verdict?.ok) {
      this.#episodes.resumed(Math.min(copy.confirmedAtMs, this.#now()));
      this.#tell(this.#held.take(verdict.pointer, 'copy'));
      return NONE;
    }
    this.#tally.copyIgnored += 1;
    return { state: 'ignored', path: store.path };
  }

  #openBootstrap(): Tried['bootstrap'] {
    const { bootstrap, model, publicKeyPem } = this.#settings;
    if (bootstrap === undefined) return NONE;
    const content = typeof bootstrap === 'string' ? Buffer.from(bootstrap) : bootstrap;
    const verdict = judgeOfShipped({ model, publicKeyPem })(content);
    if (verdict.ok) {
      this.#tell(this.#held.take(verdict.pointer, 'bootstrap'));
      return NONE;
    }
    this.#tally.bootstrapRefused += 1;
    return { state: 'refused', fault: verdict.fault };
  }

  get #pollMs(): number {
    return this.#settings.pollSeconds * 1000;
  }

  get #retryMs(): number {
    return Math.min(this.#settings.retrySeconds, this.#settings.pollSeconds) * 1000;
  }

  #tell(events: readonly PointerEvent[]): void {
    for (const event of events) {
      try {
        this.#settings.onEvent?.(event);
      } catch {
        // A forecast does not fail because a count does.
      }
    }
  }
}

const NONE = { state: 'none' } as const;

/** Sessions never throw, so what is not an answer ran out of time. */
function answerOf(outcome: Outcome<Answer>): Answer {
  if (outcome.done) return outcome.value;
  const message = String(outcome.cause);
  return { ok: false, fault: { code: 'TIMEOUT', message }, session: undefined, hasRenewed: false };
}
