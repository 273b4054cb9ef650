import { steadyMillis, systemMillis } from '../../platform/clock.ts';
import { type Outcome, within } from '../../platform/deadline.ts';
import { type Answer, AppConfigSessions, type Session } from './appconfig-session-store.ts';
import { Episodes } from './episodes.ts';
import { HeldPointer } from './held-pointer.ts';
import { judgeOfServed, judgeOfShipped } from './judge-content.ts';
import { type Instant, Look } from './look.ts';
import type { LookFault } from './look-fault.ts';
import type { Pointer } from './pointer.ts';
import { PointerCopyStore } from './pointer-copy-store.ts';
import { newTally, type PointerCounts, type PointerEvent } from './pointer-event.ts';
import { type PointerReaderOptions, type ReaderSettings, settingsOf } from './reader-options.ts';
import { Rest } from './rest.ts';
import { pointerUnavailable, type Tried } from './unavailable.ts';

/** A throttled reader pauses twice as long each time, up to this. */
const LONGEST_PAUSE_MS = 60_000;

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
  readonly #steady: () => number;
  readonly #sessions: AppConfigSessions;
  readonly #copy: PointerCopyStore | null;
  readonly #tally = newTally();
  readonly #held: HeldPointer;
  readonly #episodes: Episodes;

  readonly #rest = new Rest();
  /** AppConfig should have confirmed by now what is served. */
  #isOverdue = true;

  #session: Session | undefined;
  #look: Look | null = null;
  #wait: { readonly sinceMs: number; readonly over: Promise<void> } | null = null;
  #throttledInRow = 0;
  #lastFault: LookFault = { code: 'TIMEOUT', message: 'AppConfig was not asked yet.' };
  #opening: Promise<void> | undefined;
  #tried: Pick<Tried, 'copy' | 'bootstrap'> = { copy: { state: 'none' }, bootstrap: { state: 'none' } };

  constructor(options: PointerReaderOptions) {
    this.#settings = settingsOf(options);
    this.#now = options.now ?? systemMillis;
    this.#steady = options.steady ?? steadyMillis;
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
    const steadyMs = this.#steady();
    const { pointer } = this.#held;
    if (pointer === null || !this.#rest.holds(steadyMs, this.#now)) {
      return this.#refreshed({ wallMs: this.#now(), steadyMs });
    }
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

  async #refreshed(called: Instant): Promise<Pointer> {
    if (!this.#rest.holds(called.steadyMs, this.#now)) await this.#waited(called);
    const { pointer } = this.#held;
    if (pointer === null) {
      const { application, model } = this.#settings;
      throw pointerUnavailable({ application, model, appConfig: this.#lastFault, ...this.#tried });
    }
    if (this.#isOverdue) this.#tally.servedStale += 1;
    return pointer;
  }

  /** Whoever calls meanwhile shares the wait, unless it is from before a freeze: then it ends at once, and tells of before. */
  #waited(called: Instant): Promise<void> {
    if (this.#wait !== null) {
      const age = called.wallMs - this.#wait.sinceMs;
      if (age >= 0 && age <= Math.min(this.#settings.firstTimeoutMs, this.#pollMs)) return this.#wait.over;
    }
    const wait = {
      sinceMs: called.wallMs,
      over: this.#refresh(called).finally(() => {
        if (this.#wait === wait) this.#wait = null;
      }),
    };
    this.#wait = wait;
    return wait.over;
  }

  async #refresh(called: Instant): Promise<void> {
    this.#opening ??= this.#open();
    await this.#opening;
    const { refreshTimeoutMs, firstTimeoutMs } = this.#settings;
    const isFirst = this.#held.pointer === null && this.#tally.looks === 0;
    const limitMs = isFirst ? firstTimeoutMs : refreshTimeoutMs;
    let look = this.#join(called);
    const { done } = await within(limitMs, async (limit) => {
      await look.done;
      // One that went on already may tell of a time before the poll interval: then another follows it.
      if (look.began.wallMs + this.#pollMs >= called.wallMs || limit.aborted) return;
      look = this.#join(called);
      await look.done;
    });
    if (done || this.#look !== look) return;
    if (!look.isLate) this.#failed(look, { code: 'TIMEOUT', message: `No answer within ${limitMs} ms.` });
    look.isLate = true;
    this.#pause(called, limitMs + this.#retryMs);
  }

  /** The look that goes on already, or a new one. One that is too old was frozen, and would tell of an older time. */
  #join(called: Instant): Look {
    if (this.#look !== null) {
      const age = called.wallMs - this.#look.began.wallMs;
      if (age >= 0 && age < this.#settings.lookTimeoutMs) return this.#look;
      this.#look.abandon.abort();
      this.#tally.abandoned += 1;
    }
    this.#tally.looks += 1;
    this.#episodes.asked(called.wallMs);
    const look = new Look(called);
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
    this.#rest.begin(look.began, this.#pollMs);
    this.#isOverdue = !verdict.ok;
    if (!verdict.ok) {
      this.#failed(look, verdict.fault);
      return;
    }
    this.#tell(this.#held.take(verdict.pointer, 'appconfig'));
    this.#keepCopy(look);
    const nowMs = this.#now();
    this.#tell(this.#episodes.good({ inTime: !look.isLate, beganAtMs: look.began.wallMs, nowMs }));
  }

  #lost(look: Look, fault: LookFault): void {
    if (fault.code !== 'TIMEOUT' || !look.isLate) this.#failed(look, fault);
    if (fault.code === 'THROTTLED') {
      // Whoever has nothing to serve cannot be that patient.
      const doublings = this.#held.pointer === null ? 1 : this.#throttledInRow;
      const pauseMs = this.#settings.retrySeconds * 1000 * 2 ** doublings;
      this.#pause(look.began, Math.min(pauseMs, LONGEST_PAUSE_MS));
    } else if (fault.code === 'TOO_SOON') this.#pause(look.began, this.#pollMs);
    // Those who waited for a late one have begun the pause.
    else if (!look.isLate) this.#pause(look.began, this.#retryMs);
  }

  #pause(from: Instant, lengthMs: number): void {
    this.#rest.begin(from, lengthMs);
    this.#isOverdue = true;
  }

  #failed(look: Look, fault: LookFault): void {
    this.#lastFault = fault;
    const nowMs = this.#now();
    this.#tell(this.#episodes.failed({ fault, again: look.isLate, beganAtMs: look.began.wallMs, nowMs }));
  }

  /** Nobody waits for the disk. */
  #keepCopy({ began }: Look): void {
    const { content } = this.#held;
    if (this.#copy === null || content === null) return;
    void this.#copy.keep({ content, confirmedAtMs: began.wallMs }).then((isWritten) => {
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
      // A forecast does not fail because a count does, at once or later.
      try {
        const told: unknown = this.#settings.onEvent?.(event);
        if (told instanceof Promise) told.catch(() => undefined);
      } catch {}
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
