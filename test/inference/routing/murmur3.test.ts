import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur3, PrefixedHash } from '../../../functions/inference/routing/murmur3.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('MurmurHash3_x86_32', () => {
  it('has the verification value that SMHasher publishes, over keys of 0 to 255 bytes', () => {
    const hashes = new DataView(new ArrayBuffer(1024));
    for (let length = 0; length < 256; length += 1) {
      const key = Uint8Array.from({ length }, (_, index) => index);
      hashes.setUint32(4 * length, murmur3(key, 256 - length), true);
    }
    expect(murmur3(new Uint8Array(hashes.buffer), 0)).toBe(0xb0f57ee3);
  });

  // From the reference implementation, seed 0: the first n letters of the alphabet.
  it.each(
    [
      0x0, 0x3c2569b2, 0x9bbfd75f, 0xb3dd93fa, 0x43ed676a, 0xe89b9af6, 0x6181c085, 0x883c9b06, 0x49ddccc4, 0x421406f0,
      0x88927791, 0x5f3b25df, 0xa36f3d27, 0xf212161b, 0xf8526df0, 0x9d09f7d2, 0xe76291ed, 0xb6655e4a,
    ].map((expected, length) => ({ length, expected })),
  )('hashes $length bytes to $expected', ({ length, expected }) => {
    expect(murmur3(bytes('abcdefghijklmnopq'.slice(0, length)), 0)).toBe(expected);
  });

  // From the table in Wikipedia's article on MurmurHash.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ])('hashes %o with seed %i', (text, seed, expected) => {
    expect(murmur3(bytes(text), seed)).toBe(expected);
    if (seed === 0) expect(new PrefixedHash('').of(text)).toBe(expected);
  });

  it.each([
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['ππππππππ', 0, 0xec72b6e8],
    ['Käse|Köln', 0, 0x0ebd3462],
    ['寿司|東京店', 0, 0x5a1474db],
    ['🍞|store-7', 0, 0x02be7292],
    ['demand_2-0-0_1|HOBBIES_1_001|CA_1', 0, 0xc7095b24],
  ])('hashes the UTF-8 bytes of %s with seed %i', (text, seed, expected) => {
    expect(murmur3(bytes(text), seed)).toBe(expected);
  });
});

describe('Keys behind a prefix', () => {
  /** All of Unicode, and halves of surrogate pairs. */
  const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 12 }), loneSurrogates());

  it('hash as the bytes of prefix and key together', () => {
    fc.assert(
      fc.property(text, text, (prefix, key) => {
        expect(new PrefixedHash(prefix).of(key)).toBe(murmur3(bytes(`${prefix}${key}`), 0));
      }),
      { numRuns: 3000 },
    );
  });

  it('of two parts hash as the two with | between them', () => {
    fc.assert(
      fc.property(text, text, text, (prefix, key, second) => {
        expect(new PrefixedHash(prefix).of(key, second)).toBe(murmur3(bytes(`${prefix}${key}|${second}`), 0));
      }),
      { numRuns: 3000 },
    );
  });

  it('hash the same whatever was hashed before them, however long', () => {
    const hash = new PrefixedHash('demand_2-0-0_1|');
    const lengths = [...Array.from({ length: 12 }, (_, length) => length), 1015, 1023, 1024, 1025, 5000];
    for (const length of lengths) {
      const [key, other] = ['k'.repeat(length), 'o'.repeat(length)];
      hash.of('\u007f'.repeat(1023));
      expect(hash.of(key)).toBe(murmur3(bytes(`demand_2-0-0_1|${key}`), 0));
      hash.of('\u007f'.repeat(1023));
      expect(hash.of(key, other)).toBe(murmur3(bytes(`demand_2-0-0_1|${key}|${other}`), 0));
    }
  });

  it('count half a surrogate pair as U+FFFD', () => {
    expect(new PrefixedHash('').of('a\ud800')).toBe(murmur3(Uint8Array.of(0x61, 0xef, 0xbf, 0xbd), 0));
    expect(new PrefixedHash('').of('\udc00', '')).toBe(new PrefixedHash('').of('\ufffd', ''));
  });
});

function loneSurrogates(): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.integer({ min: 0x20, max: 0x7f }), fc.integer({ min: 0xd800, max: 0xdfff }));
  return fc.array(unit, { maxLength: 8 }).map((units) => String.fromCharCode(...units));
}
