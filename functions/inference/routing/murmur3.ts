/** MurmurHash3_x86_32 of Austin Appleby's reference implementation (SMHasher, public domain), as an unsigned number. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const blocksEnd = bytes.length - (bytes.length % 4);
  return finished(blocksHashed(seed | 0, bytes, blocksEnd), tailOf(bytes, blocksEnd), bytes.length);
}

const encoder = new TextEncoder();
const SEPARATOR = '|'.charCodeAt(0);
/** UTF-16 units below this are their own UTF-8 byte. */
const ASCII_END = 0x80;
/** Longer keys are hashed as those that are not ASCII. */
const MAX_KEY_BYTES = 1024;
/** The key at work. One for all, since a constant array is read and written in a third less time than a member. */
const scratch = new Uint8Array(MAX_KEY_BYTES + 8);
const scratchBlocks = new DataView(scratch.buffer);

/**
 * Hashes of keys behind one prefix, seed 0, over UTF-8 bytes. What the whole blocks of the prefix contribute is computed
 * once. A key of ASCII characters is hashed without an allocation; any other is encoded first, as TextEncoder does it: half
 * a surrogate pair counts as U+FFFD.
 */
export class PrefixedHash {
  readonly #prefix: string;
  /** State after the whole blocks of the prefix, and how many bytes those are. */
  readonly #hash: number;
  readonly #hashedBytes: number;
  /** The bytes of the prefix that fill no block, and how many those are. */
  readonly #rest: number;
  readonly #restBytes: number;

  constructor(prefix: string) {
    const bytes = encoder.encode(prefix);
    this.#prefix = prefix;
    this.#restBytes = bytes.length % 4;
    this.#hashedBytes = bytes.length - this.#restBytes;
    this.#hash = blocksHashed(0, bytes, this.#hashedBytes);
    this.#rest = tailOf(bytes, this.#hashedBytes);
  }

  /** Of `key`, or of `key|second`. */
  of(key: string, second?: string): number {
    if (key.length + (second?.length ?? 0) >= MAX_KEY_BYTES) return this.#ofUtf8(key, second);
    scratchBlocks.setInt32(0, this.#rest, true);
    let end = this.#restBytes;
    let units = 0;
    for (let at = 0; at < key.length; at += 1) {
      const unit = key.charCodeAt(at);
      units |= unit;
      scratch[end++] = unit;
    }
    if (second !== undefined) {
      scratch[end++] = SEPARATOR;
      for (let at = 0; at < second.length; at += 1) {
        const unit = second.charCodeAt(at);
        units |= unit;
        scratch[end++] = unit;
      }
    }
    if (units >= ASCII_END) return this.#ofUtf8(key, second);
    // Bytes past the end count as zeros; the scratch has those of longer keys there.
    scratchBlocks.setInt32(end, 0, true);
    const blocksEnd = end & ~3;
    let hash = this.#hash;
    for (let at = 0; at < blocksEnd; at += 4) hash = mixed(hash, scratchBlocks.getInt32(at, true));
    return finished(hash, scratchBlocks.getInt32(blocksEnd, true), this.#hashedBytes + end);
  }

  #ofUtf8(key: string, second: string | undefined): number {
    const whole = second === undefined ? key : `${key}|${second}`;
    return murmur3(encoder.encode(`${this.#prefix}${whole}`), 0);
  }
}

/** The state after the blocks before `end`. */
function blocksHashed(state: number, bytes: Uint8Array, end: number): number {
  const blocks = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let hash = state;
  for (let at = 0; at < end; at += 4) hash = mixed(hash, blocks.getInt32(at, true));
  return hash;
}

/** What follows the blocks, as a block of which the missing bytes are zeros. */
function tailOf(bytes: Uint8Array, from: number): number {
  return (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8) | ((bytes[from + 2] ?? 0) << 16);
}

function mixed(hash: number, block: number): number {
  return (Math.imul(rotated(hash ^ scrambled(block), 13), 5) + 0xe6546b64) | 0;
}

/** A tail of zeros, or none, changes nothing. */
function finished(state: number, tail: number, length: number): number {
  let hash = state ^ scrambled(tail) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scrambled(block: number): number {
  return Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
