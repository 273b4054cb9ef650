import type { JudgeContent, Verdict } from './judge-content.ts';
import type { Pointer } from './pointer.ts';
import type { PointerEvent, PointerSource, Tally } from './pointer-event.ts';

/** What a reader serves by, and what it knows of the content that AppConfig serves. */
export class HeldPointer {
  readonly #judge: JudgeContent;
  readonly #tally: Tally;
  #pointer: Pointer | null = null;
  #source: PointerSource | null = null;
  #judged: { readonly content: Uint8Array; readonly verdict: Verdict } | null = null;

  constructor(judge: JudgeContent, tally: Tally) {
    this.#judge = judge;
    this.#tally = tally;
  }

  get pointer(): Pointer | null {
    return this.#pointer;
  }

  /** The content that was judged last. */
  get content(): Uint8Array | null {
    return this.#judged?.content ?? null;
  }

  /**
   * Judges content that AppConfig serves; null: the same as before, and so is the verdict. What was refused stays so for
   * as long as it is served, though it comes once.
   */
  verdictOn(content: Uint8Array | null): Verdict {
    const known = this.#judged;
    if (known !== null && (content === null || Buffer.compare(content, known.content) === 0)) return known.verdict;
    const judged = content ?? new Uint8Array();
    const verdict = this.#judge(judged);
    this.#judged = { content: judged, verdict };
    return verdict;
  }

  /** Serves by a pointer from now on. A move is told; the same revision from another source is none. */
  take(pointer: Pointer, source: PointerSource): readonly PointerEvent[] {
    const from = this.#pointer?.document.revision ?? null;
    const to = pointer.document.revision;
    // A shipped document says nothing of what AppConfig served before.
    const backward = from !== null && to < from && this.#source !== 'bootstrap';
    this.#pointer = pointer;
    this.#source = source;
    if (from === to) return [];
    this.#tally.moved += 1;
    if (backward) this.#tally.wentBack += 1;
    return [{ kind: 'moved', from, to, backward, source }];
  }
}
