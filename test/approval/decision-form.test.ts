import { describe, expect, it } from 'vitest';
import { EMPTY_FORM, parseForm, readForm } from '../../functions/approval/decision-form.ts';

const body = (fields: Readonly<Record<string, string>>) => new URLSearchParams(fields).toString();
const good = { decision: 'approve', version: '1.2.0', justification: 'Bias is gone in every region.' };

describe('The decision form', () => {
  it('takes a decision, the typed version and a trimmed justification', () => {
    const typed = readForm(body({ ...good, version: ' 1.2.0 ', justification: '  Bias is gone.\r\nReally.  ' }));
    expect(parseForm(typed, '1.2.0')).toEqual({
      ok: true,
      decision: 'approve',
      justification: 'Bias is gone.\nReally.',
    });
  });

  it('names all faults at once, each at its field', () => {
    const parsed = parseForm(EMPTY_FORM, '1.2.0');
    expect(parsed).toMatchObject({
      ok: false,
      faults: [{ path: 'decision' }, { path: 'version' }, { path: 'justification' }],
    });
  });

  it.each([
    ['a decision that is none', { ...good, decision: 'approved' }, 'decision'],
    ['another version', { ...good, version: '1.2.1' }, 'version'],
    ['more than the version', { ...good, version: '1.2.0A' }, 'version'],
    ['a justification of blanks', { ...good, justification: ' '.repeat(40) }, 'justification'],
    ['nine characters', { ...good, justification: 'too short' }, 'justification'],
    ['4001 characters', { ...good, justification: 'x'.repeat(4001) }, 'justification'],
  ])('refuses %s', (_, fields, path) => {
    expect(parseForm(readForm(body(fields)), '1.2.0')).toMatchObject({ ok: false, faults: [{ path }] });
  });

  it('takes justifications from 10 to 4000 characters', () => {
    for (const length of [10, 4000]) {
      expect(parseForm(readForm(body({ ...good, justification: 'x'.repeat(length) })), '1.2.0').ok).toBe(true);
    }
  });

  it('takes a field that comes twice as not given', () => {
    expect(readForm('decision=approve&decision=reject&version=1.2.0').decision).toBe('');
  });

  it('finds nothing in a body of another kind', () => {
    expect(readForm('{"decision":"approve"}')).toEqual(EMPTY_FORM);
    expect(readForm('')).toEqual(EMPTY_FORM);
  });
});
