import { describe, expect, it } from 'vitest';
import { parseDemoArguments } from '../../infra/demo/arguments.ts';

const HERE = import.meta.filename;

describe('What is typed after npm run demo', () => {
  it('needs nothing', () => {
    const nothing = { candidate: 'good', histories: [], interactive: false, help: false };
    expect(parseDemoArguments([])).toEqual(nothing);
  });

  it('is taken as it is', () => {
    const typed = ['--demand', HERE, '--candidate', 'leaky', '--interactive', '--json', 'out.json'];
    expect(parseDemoArguments(typed)).toMatchObject({
      ...{ demand: HERE, candidate: 'leaky', interactive: true, json: 'out.json' },
    });
  });

  it('is refused with all faults at once', () => {
    const typed = ['--demand', 'none.csv', '--candidate', 'perfect', '--backtest', HERE];
    expect(parseDemoArguments(typed)).toEqual({
      faults: [
        '--candidate takes one of good, biased, unstable, leaky; not perfect.',
        '--backtest and --history belong together: give both or neither.',
        '--candidate says what a computed backtest tells; with --backtest there is none.',
        'There is no file none.csv.',
      ],
    });
  });

  it.each([[['--what']], [['--days', '3']], [['file.csv']]])('is refused where it means nothing: %j', (typed) => {
    expect(parseDemoArguments(typed)).toEqual({ faults: [expect.any(String)] });
  });
});
