import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flagFaults, retrievalForm } from '../../infra/local/appconfig/feature-flags.ts';

function faults(attribute: object, value: unknown): readonly string[] {
  return flagFaults(
    JSON.stringify({
      version: '1',
      flags: { flag: { attributes: { attribute } } },
      values: { flag: { enabled: true, ...(value !== undefined && { attribute: value }) } },
    }),
  );
}

const MANY = Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`a${n}`, {}]));
const DOCUMENT = { version: '1', flags: { flag: {} }, values: { flag: { enabled: true } } };

describe('a document of feature flags', () => {
  it.each([
    ['a version alone', { version: '1' }],
    [
      'a flag with everything that AppConfig adds itself',
      {
        version: '1',
        flags: {
          flag: {
            name: 'Flag',
            description: 'd',
            _createdAt: 't',
            _updatedAt: 't',
          },
        },
        values: { flag: { enabled: false, _createdAt: 't', _updatedAt: 't' } },
      },
    ],
  ])('is valid with %s', (_what, document) => {
    expect(flagFaults(JSON.stringify(document))).toEqual([]);
  });

  it.each([
    ['no JSON', undefined, 'expected object'],
    ['another version', { ...DOCUMENT, version: '2' }, 'version'],
    ['an unknown top-level key', { ...DOCUMENT, extra: 1 }, 'extra'],
    ['a flag key in upper case', { version: '1', flags: { Flag: {} } }, 'flags.Flag'],
    ['a flag key of 65 characters', { version: '1', flags: { ['f'.repeat(65)]: {} } }, 'flags.'],
    ['26 attributes', { version: '1', flags: { flag: { attributes: MANY } } }, 'at most 25'],
    ['a value without flag', { ...DOCUMENT, flags: {} }, 'values: Unrecognized key: "flag"'],
    ['a value without enabled', { ...DOCUMENT, values: { flag: {} } }, 'enabled'],
    [
      'an attribute that is not defined',
      { ...DOCUMENT, values: { flag: { enabled: true, x: 1 } } },
      'values.flag: Unrecognized key: "x"',
    ],
    ['variants', { ...DOCUMENT, values: { flag: { enabled: true, _variants: [] } } }, '_variants'],
  ])('is refused with %s', (_what, document, reason) => {
    expect(flagFaults(document === undefined ? '{' : JSON.stringify(document)).join('; ')).toContain(reason);
  });

  it.each([
    [{ constraints: { type: 'string', enum: ['store', 'sku'] } }, 'sku', 'region'],
    [{ constraints: { type: 'number', minimum: 0, maximum: 100 } }, 100, 101],
    [{ constraints: { type: 'number', minimum: 0, maximum: 100 } }, 0, -1],
    [{ constraints: { type: 'boolean' } }, true, 'true'],
    [{ constraints: { type: 'array', elements: { type: 'string' } } }, ['a'], [1]],
    [{ constraints: { type: 'array', elements: { type: 'number' } } }, [], 'a'],
    [{ constraints: { type: 'string', required: true } }, '', undefined],
    [{}, 'x'.repeat(1024), 'x'.repeat(1025)],
    [{}, 1.5, null],
    [{}, ['a', 'b'], ['a', 1]],
    [{}, false, { nested: true }],
  ])('holds %j to its constraints', (attribute, good, bad) => {
    expect(faults(attribute, good)).toEqual([]);
    expect(faults(attribute, bad)).toHaveLength(1);
  });

  it('reads back with the attributes of enabled flags only, whatever they hold', () => {
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    const key = fc
      .stringMatching(/^[a-z][a-zA-Z\d_-]{0,8}$/)
      .filter((name) => name !== 'enabled' && name !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 25 }), fc.boolean(), (given, enabled) => {
        const attributes = JSON.parse(JSON.stringify(given));
        const content = JSON.stringify({
          version: '1',
          flags: { flag: { attributes: Object.fromEntries(Object.keys(attributes).map((name) => [name, {}])) } },
          values: { flag: { enabled, ...attributes } },
        });
        expect(flagFaults(content)).toEqual([]);
        expect(JSON.parse(retrievalForm(content))).toEqual({
          flag: enabled ? { enabled, ...attributes } : { enabled },
        });
      }),
    );
  });
});
