import { hash } from 'node:crypto';

const FIRST_SLOTS = 1024;
const MOST_FULL = 0.5;

/**
 * Units that were seen, by 64 bits of a hash: 16 to 32 bytes each, where a set of their names takes some hundred and ends at
 * sixteen million. Of five million units two have the same bits once in a million batches.
 */
export class UnitSet {
  #slots = new BigUint64Array(FIRST_SLOTS);
  #size = 0;

  /** False: it was there before. */
  add({ sku, store }: { readonly sku: string; readonly store: string }): boolean {
    const digest: Buffer = hash('sha256', JSON.stringify([sku, store]), 'buffer');
    // 0 is an empty slot.
    const bits = digest.readBigUInt64LE() || 1n;
    if (!put(this.#slots, bits)) return false;
    this.#size += 1;
    if (this.#size > this.#slots.length * MOST_FULL) this.#grow();
    return true;
  }

  #grow(): void {
    const grown = new BigUint64Array(this.#slots.length * 2);
    for (const bits of this.#slots) if (bits !== 0n) put(grown, bits);
    this.#slots = grown;
  }
}

/** Open addressing with linear probing. False: it is there already. */
function put(slots: BigUint64Array, bits: bigint): boolean {
  const mask = slots.length - 1;
  for (let at = Number(bits & 0xffff_ffffn) & mask; ; at = (at + 1) & mask) {
    if (slots[at] === bits) return false;
    if (slots[at] === 0n) {
      slots[at] = bits;
      return true;
    }
  }
}
