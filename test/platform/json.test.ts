import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestOf } from '../../functions/platform/json.ts';

describe('Canonical JSON', () => {
  it('is the same for the same members in any order', () => {
    expect(canonicalJson({ b: 1, a: { d: [2, null], c: 'x' } })).toBe('{"a":{"c":"x","d":[2,null]},"b":1}');
  });

  it('says what JSON.parse understands, for every JSON value, and keeps its meaning', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        // -0 is 0 in JSON, with JSON.stringify as with RFC 8785.
        const plain = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });

  it.each([
    ['NaN', { a: Number.NaN }, '$.a'],
    ['Infinity', [Number.POSITIVE_INFINITY], '$[0]'],
    ['a Date', { at: new Date(0) }, '$.at'],
    ['a Map', { m: new Map() }, '$.m'],
    ['undefined inside a list', [undefined], '$[0]'],
    ['a bigint', { n: 1n }, '$.n'],
    ['a function', { f: () => 0 }, '$.f'],
  ])('refuses %s, naming where it is', (_, value, path) => {
    expect(() => Reflect.apply(canonicalJson, undefined, [value])).toThrow(
      expect.objectContaining({ code: 'NOT_JSON' }),
    );
    expect(() => Reflect.apply(canonicalJson, undefined, [value])).toThrow(path);
  });

  it('has a digest that any change of a value changes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.string(), fc.string(), (object, key, value) => {
        fc.pre(key !== '__proto__' && object[key] !== value);
        expect(digestOf({ ...object, [key]: value })).not.toBe(digestOf(object));
      }),
    );
  });
});
