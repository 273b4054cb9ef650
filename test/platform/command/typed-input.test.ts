import { describe, expect, it } from 'vitest';
import { asOptions, whoAsks } from '../../../functions/platform/command/typed-input.ts';

const OF = {
  optionOf: { model: '--model', segments: '--segment', 'requestedBy.name': '--name', 'requestedBy.email': '--email' },
  required: ['--model'],
  typed: { segment: ['north'] },
};
const reason = (path: string) => ({ code: 'INVALID_FIELD', path, message: 'Wrong.', got: 'x', next: 'Call again.' });

describe('A fault of an input', () => {
  it('is named by the option that was typed, without the advice for programs', () => {
    expect(asOptions([reason('segments.0'), reason('segments'), reason('other')], OF)).toEqual([
      { code: 'INVALID_FIELD', path: '--segment', message: 'Wrong.', got: 'x' },
      { code: 'INVALID_FIELD', path: '--segment', message: 'Wrong.', got: 'x' },
      { code: 'INVALID_FIELD', path: 'other', message: 'Wrong.', got: 'x' },
    ]);
  });

  it('says what is missing where nothing was typed, and what is wrong where something was', () => {
    expect(asOptions([reason('model')], OF)).toMatchObject([{ path: '--model', message: '--model is missing.' }]);
    const typed = { model: 'x' };
    expect(asOptions([reason('model')], { ...OF, typed })).toMatchObject([{ path: '--model', message: 'Wrong.' }]);
  });

  it('says once that nobody is named, and of a name that was given what is wrong with it', () => {
    const person = [reason('requestedBy.name'), reason('requestedBy.email')];
    const paths = (who: ReturnType<typeof whoAsks>) => asOptions(person, { ...OF, who }).map(({ path }) => path);
    expect(paths(whoAsks({ name: 'Ben' }, {}))).toEqual(['--name, --email']);
    expect(paths(whoAsks({ name: 'Ben', email: 'nowhere' }, {}))).toEqual(['--name', '--email']);
  });
});

describe('Who asks', () => {
  it('is who was typed, else who the environment names; nobody is made up', () => {
    const environment = { RELEASE_USER_NAME: 'Olga', RELEASE_USER_EMAIL: 'olga@shop.example' };
    expect(whoAsks({}, environment)).toEqual({ name: 'Olga', email: 'olga@shop.example', faults: [] });
    const typed = { name: 'Ben', email: 'ben@shop.example' };
    expect(whoAsks(typed, environment)).toEqual({ ...typed, faults: [] });
    expect(whoAsks({ name: 'Ben' }, environment)).toMatchObject({ email: '', faults: [{ path: '--name, --email' }] });
    expect(whoAsks({}, { USER: 'ben' })).toMatchObject({ name: '', email: '', faults: [{ path: '--name, --email' }] });
  });
});
