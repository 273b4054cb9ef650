import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../functions/evidence/command/judge-arguments.ts';

const codes = (...argv: string[]) => {
  const parsed = parseArguments(argv);
  return parsed.ok ? [] : parsed.reasons.map(({ code, path, got }) => `${code} ${path ?? got}`);
};

describe('the command line of the judge', () => {
  it('takes a worked case, or a gate with its tables', () => {
    expect(parseArguments(['case.json'])).toEqual({ ok: true, value: { kind: 'case', path: 'case.json' } });
    expect(parseArguments(['offline', '--rows', 'a.csv', '--history=b.parquet', '--config', 'c.json'])).toEqual({
      ok: true,
      value: {
        ...{ kind: 'files', gate: 'offline', tables: { rows: 'a.csv', history: 'b.parquet' } },
        ...{ config: 'c.json', state: null },
      },
    });
    expect(parseArguments(['canary', '--outcomes', 'a', '--state', 's'])).toMatchObject({
      value: { tables: { outcomes: 'a' }, state: 's', config: null },
    });
    expect(parseArguments(['guard', '--help'])).toEqual({ ok: true, value: { kind: 'help' } });
  });

  it('is refused with every fault at once', () => {
    expect(codes()).toEqual(['ARGUMENTS_MISSING nothing']);
    expect(codes('--rows', 'a.csv')).toEqual(['GATE_MISSING --rows', 'UNEXPECTED_ARGUMENT a.csv']);
    expect(codes('offline', '--row', 'a.csv', 'stray', '--config')).toEqual([
      ...['UNKNOWN_OPTION --row', 'UNKNOWN_OPTION stray', 'OPTION_WITHOUT_FILE --config'],
      ...['OPTION_MISSING --rows', 'OPTION_MISSING --history'],
    ]);
    expect(codes('guard', '--daily', 'a', '--daily', 'b')).toEqual(['OPTION_GIVEN_TWICE --daily']);
    expect(codes('shadow', '--rows', 'a', '--state', 's')).toEqual(['UNKNOWN_OPTION --state']);
  });

  it('is told what was probably meant', () => {
    expect(parseArguments(['gaurd', '--daily', 'a'])).toMatchObject({
      reasons: [{ next: 'Did you mean guard?' }, { next: 'Did you mean guard?' }],
    });
    expect(parseArguments(['guard', '--dialy', 'a'])).toMatchObject({
      reasons: [{ next: 'Did you mean --daily?' }, {}],
    });
  });
});
