/** MurmurHash3_x86_32 of Austin Appleby's reference implementation (SMHasher, public domain), as an unsigned number. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const blocksEnd = bytes.length - (bytes.length % 4);
  const byte = (index: number) => bytes[index] ?? 0;
  let hash = seed | 0;
  for (let at = 0; at < blocksEnd; at += 4) {
    hash = mixed(hash, byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
  }
  // Bytes past the end count as zeros.
  const tail = byte(blocksEnd) | (byte(blocksEnd + 1) << 8) | (byte(blocksEnd + 2) << 16);
  return finished(hash, tail, bytes.length);
}

const encoder = new TextEncoder();
const SEPARATOR = '|'.charCodeAt(0);
/** UTF-16 units below this are their own UTF-8 byte. */
const ASCII_END = 0x80;

/**
 * Hashes of keys behind one prefix, seed 0, over UTF-8 bytes. What the prefix contributes is computed once. A key of ASCII
 * characters is read in place, without an allocation; any other is encoded first, as TextEncoder does it: half a
 * surrogate pair counts as U+FFFD.
 */
export class PrefixedHash {
  readonly #prefix: string;
  /** State after the whole blocks of the prefix, its bytes that fill no block yet, and how many bits those are. */
  readonly #hash: number;
  readonly #word: number;
  readonly #bits: number;
  readonly #length: number;

  constructor(prefix: string) {
    const bytes = encoder.encode(prefix);
    const blocksEnd = bytes.length - (bytes.length % 4);
    let hash = 0;
    let word = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      word |= (bytes[at] ?? 0) << (8 * (at % 4));
      if (at % 4 !== 3) continue;
      hash = mixed(hash, word);
      word = 0;
    }
    this.#prefix = prefix;
    this.#hash = hash;
    this.#word = word;
    this.#bits = 8 * (bytes.length - blocksEnd);
    this.#length = bytes.length;
  }

  /** Of `key`, or of `key|second`. */
  of(key: string, second?: string): number {
    let hash = this.#hash;
    let word = this.#word;
    let bits = this.#bits;
    let length = this.#length + key.length;
    let text = key;
    let rest = second;
    for (;;) {
      for (let at = 0; at < text.length; at += 1) {
        const unit = text.charCodeAt(at);
        if (unit >= ASCII_END) return this.#ofUtf8(key, second);
        word |= unit << bits;
        bits += 8;
        if (bits < 32) continue;
        hash = mixed(hash, word);
        word = 0;
        bits = 0;
      }
      if (rest === undefined) return finished(hash, word, length);
      length += 1 + rest.length;
      word |= SEPARATOR << bits;
      bits += 8;
      if (bits === 32) {
        hash = mixed(hash, word);
        word = 0;
        bits = 0;
      }
      text = rest;
      rest = undefined;
    }
  }

  #ofUtf8(key: string, second: string | undefined): number {
    const whole = second === undefined ? key : `${key}|${second}`;
    return murmur3(encoder.encode(`${this.#prefix}${whole}`), 0);
  }
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
