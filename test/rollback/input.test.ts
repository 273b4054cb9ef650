import { describe, expect, it } from 'vitest';
import { actorOf, parseRollbackInput } from '../../functions/rollback/input.ts';

const PERSON = { name: 'Olga Operator', email: 'olga@shop.example' };
const INPUT = { model: 'demand', cause: 'metric-degradation', requestedBy: PERSON };

function faults(input: unknown): readonly string[] {
  const parsed = parseRollbackInput(input);
  return parsed.ok ? [] : parsed.reasons.map(({ path, code }) => `${path} ${code}`);
}

describe('The input of a rollback', () => {
  it('needs three fields and nothing else', () => {
    expect(parseRollbackInput(INPUT)).toEqual({ ok: true, value: INPUT });
  });

  it('mends half a character, which could not be recorded, rather than refuse to go back', () => {
    const parsed = parseRollbackInput({
      ...INPUT,
      requestedBy: { ...PERSON, name: 'Olga \ud83d' },
      detail: '\ud83d down',
    });
    expect(parsed.ok && [parsed.value.requestedBy.name, parsed.value.detail]).toEqual(['Olga \ufffd', '\ufffd down']);
  });

  it('takes automation by name, when it says which version it saw at fault', () => {
    const parsed = parseRollbackInput({ ...INPUT, requestedBy: 'system:guard', withdrawVersion: '2.0' });
    expect(parsed.ok && parsed.value.requestedBy).toEqual({ name: 'system:guard' });
    expect(parsed.ok && actorOf(parsed.value)).toEqual({ kind: 'system', name: 'system:guard' });
  });

  it('refuses automation that names no version to withdraw', () => {
    expect(faults({ ...INPUT, requestedBy: 'system:guard' })).toEqual(['withdrawVersion WITHDRAW_VERSION_MISSING']);
  });

  it.each([
    [{ name: 'system:guard', email: 'guard@shop.example' }, ['requestedBy.name INVALID_FIELD']],
    [{ name: 'Olga' }, ['requestedBy.email INVALID_FIELD']],
    [{ name: '', email: 'olga' }, ['requestedBy.name INVALID_FIELD', 'requestedBy.email INVALID_FIELD']],
    ['Olga', ['requestedBy INVALID_FIELD']],
    ['system:', ['requestedBy INVALID_FIELD']],
    [undefined, ['requestedBy INVALID_FIELD']],
  ])('refuses %j, naming what is wrong with it', (requestedBy, expected) => {
    expect(faults({ ...INPUT, requestedBy })).toEqual(expected);
  });

  it('refuses to go back to the version that it withdraws', () => {
    expect(faults({ ...INPUT, withdrawVersion: '2.0', targetVersion: '2.0' })).toEqual([
      'targetVersion TARGET_IS_WITHDRAWN',
    ]);
  });

  it('names every fault at once, also across fields', () => {
    const input = { model: 'Demand!', cause: 'mood', requestedBy: 'system:guard', targetVersion: '-', extra: 1 };
    expect(faults(input).toSorted()).toEqual(
      [
        '$ INVALID_FIELD',
        'cause INVALID_FIELD',
        'model INVALID_FIELD',
        'targetVersion INVALID_FIELD',
        'withdrawVersion WITHDRAW_VERSION_MISSING',
      ].toSorted(),
    );
  });

  it.each([[undefined], [null], ['text'], [[]], [42]])('refuses %j', (input) => {
    expect(faults(input).length).toBeGreaterThan(0);
  });
});
