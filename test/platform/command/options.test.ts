import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../functions/platform/command/options.ts';

const NAMES = { texts: ['model', 'cause', 'detail'], lists: ['segment'], flags: ['json', 'dry-run'] } as const;
const parse = (...argv: readonly string[]) => parseOptions(argv, NAMES);
const found = (...argv: readonly string[]) => parse(...argv).faults.map(({ path, next }) => [path, next]);

describe('What is typed behind a command', () => {
  it('is options with values, options with several, and flags', () => {
    const typed = parse('--model', 'demand', '--segment=a:b', '--json', '--segment', 'c:d', '--detail=a=b --c');
    expect(typed).toEqual({
      text: { model: 'demand', detail: 'a=b --c' },
      lists: { segment: ['a:b', 'c:d'] },
      flags: new Set(['json']),
      faults: [],
    });
    expect(parse('--detail', '-5 %')).toMatchObject({ text: { detail: '-5 %' }, faults: [] });
    for (const help of ['--help', '-h']) expect(parse(help)).toMatchObject({ flags: new Set(['help']), faults: [] });
  });

  it('says which option was meant, and takes what follows for its value', () => {
    expect(found('--modle', 'demand', '--cuase=safety')).toEqual([
      ['--modle', 'Did you mean --model?'],
      ['--cuase', 'Did you mean --cause?'],
    ]);
    expect(found('-model', 'demand')).toEqual([['-model', 'Did you mean --model?']]);
    expect(found('--jsn', 'demand')).toEqual([
      ['--jsn', 'Did you mean --json?'],
      ['demand', undefined],
    ]);
  });

  it('says where to look for what no option is like', () => {
    expect(found('--colour', 'red', '-', '--', '--=x')).toEqual([
      ['--colour', '`--help` lists the options.'],
      ...['red', '-', '--', '--=x'].map((word) => [word, undefined]),
    ]);
  });

  it('is not taken for a value when it is an option', () => {
    const typed = parse('--model', '--cause', 'safety', '--detail=', '--segment', '--json');
    expect(typed.faults).toEqual(
      ['--model', '--detail', '--segment'].map((path) => ({
        ...{ code: 'INVALID_ARGUMENT', path },
        message: 'Its value is missing.',
      })),
    );
    expect(typed).toMatchObject({ text: { cause: 'safety' }, flags: new Set(['json']) });
  });

  it('is refused where it stands twice, or where a flag has a value', () => {
    expect(parse('--cause', 'safety', '--cause', 'data-drift')).toMatchObject({
      text: { cause: 'safety' },
      faults: [{ path: '--cause', got: 'data-drift' }],
    });
    expect(parse('--dry-run=false').faults).toMatchObject([{ path: '--dry-run', got: 'false' }]);
  });
});
