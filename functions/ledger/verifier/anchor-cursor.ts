import type { KeyObject } from 'node:crypto';
import type { Anchor } from '../anchor.ts';
import type { LedgerRow } from '../entry.ts';
import type { Fault } from './fault.ts';
import { isSigned } from './is-signed.ts';

/** An anchor as found: `anchor` is null when the object is none. */
export interface FoundAnchor {
  readonly seq: number;
  /** Where it lies, for the message. */
  readonly name: string;
  readonly anchor: Anchor | null;
}

/** Walks over the anchors in step with the rows. */
export class AnchorCursor {
  compared = 0;
  last: { readonly seq: number; readonly at: string } | null = null;
  readonly #anchors: AsyncIterator<FoundAnchor> | Iterator<FoundAnchor>;
  #next: FoundAnchor | null | undefined;

  constructor(anchors: AsyncIterable<FoundAnchor> | Iterable<FoundAnchor>) {
    this.#anchors = Symbol.asyncIterator in anchors ? anchors[Symbol.asyncIterator]() : anchors[Symbol.iterator]();
  }

  /** The fault of an anchor of this row's position; null when there is none or all hold. */
  async compare(row: LedgerRow, key: KeyObject): Promise<Fault | null> {
    for (let next = await this.#peek(); next !== null && next.seq <= row.seq; next = await this.#advance()) {
      const fault = await anchorFault(next, row, key);
      if (fault !== null) return fault;
      this.#count(next);
    }
    return null;
  }

  /** The fault of anchors behind the end of the chain. */
  async beyond(lastSeq: number): Promise<Fault | null> {
    const next = await this.#peek();
    if (next === null) return null;
    let furthest = next;
    for (let more: FoundAnchor | null = next; more !== null; more = await this.#advance()) furthest = more;
    return {
      position: lastSeq + 1,
      kind: 'truncated',
      message: `The chain ends at ${lastSeq}, but position ${furthest.seq} was anchored (${furthest.name}).`,
      got: String(lastSeq),
      expected: `at least ${furthest.seq}`,
    };
  }

  #count({ anchor }: FoundAnchor): void {
    this.compared += 1;
    if (anchor !== null) this.last = { seq: anchor.seq, at: anchor.at };
  }

  async #peek(): Promise<FoundAnchor | null> {
    return this.#next === undefined ? this.#advance() : this.#next;
  }

  async #advance(): Promise<FoundAnchor | null> {
    const { done, value } = await this.#anchors.next();
    this.#next = done ? null : value;
    return this.#next ?? null;
  }
}

async function anchorFault(found: FoundAnchor, row: LedgerRow, key: KeyObject): Promise<Fault | null> {
  const { anchor, name } = found;
  const at = { position: found.seq, kind: 'anchor-mismatch' } as const;
  if (anchor === null || anchor.seq !== row.seq || found.seq !== row.seq || anchor.model !== row.model) {
    return { ...at, message: `${name} is not an anchor of this position.` };
  }
  if (anchor.entryHash !== row.entryHash) {
    const message = `Another entry stood here when ${name} was written.`;
    return { ...at, message, got: row.entryHash, expected: anchor.entryHash };
  }
  if (await isSigned(key, row.body, anchor.signature)) return null;
  return { ...at, message: `${name} carries a signature that is not by the ledger key.`, got: anchor.signature };
}
