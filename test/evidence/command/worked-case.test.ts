import { describe, expect, it } from 'vitest';
import { parseCase } from '../../../functions/evidence/command/worked-case.ts';

const parse = (content: unknown) => parseCase(JSON.stringify(content));
const codes = (content: unknown) => {
  const parsed = parse(content);
  return parsed.ok ? [] : parsed.reasons.map(({ code, path }) => `${code} ${path}`);
};

describe('a worked case', () => {
  it('is a question to a judge, with empty settings where it has none', () => {
    expect(parse({ kind: 'shadow', inputs: { rows: 'a,b' }, name: 'x', expected: {} })).toEqual({
      ok: true,
      value: { kind: 'gate', question: { gate: 'shadow', inputs: { rows: 'a,b' }, config: {}, state: null } },
    });
    expect(parse({ kind: 'guard', inputs: { daily: 'a' }, config: null, state: null })).toMatchObject({
      value: { question: { config: {}, state: null } },
    });
    expect(parse({ kind: 'canary', inputs: { outcomes: 'a', ops: null } })).toMatchObject({
      value: { question: { inputs: { outcomes: 'a' } } },
    });
  });

  it('or calls of one statistic, each with its result', () => {
    expect(parse({ kind: 'unit', function: 'holm', calls: [{ args: { p: [0.01, 0.5] } }] })).toEqual({
      ok: true,
      value: { kind: 'unit', results: [{ args: { p: [0.01, 0.5] }, result: [0.02, 0.5] }] },
    });
    const unbounded = { A: [1, 0], B: [0, 0], series: ['a', 'b'], time: [1, 2] };
    expect(parse({ kind: 'unit', function: 'clustered_relative', calls: [{ args: unbounded }] })).toMatchObject({
      value: { results: [{ result: { rel: 'inf', se: null, df: 1, n_series: 2, n_time: 2 } }] },
    });
  });

  it('is refused with every fault at once', () => {
    for (const text of ['', '{', '[]', '3', 'sku,store']) {
      expect(parseCase(text)).toMatchObject({ ok: false, reasons: [{ code: 'CASE_UNREADABLE' }] });
    }
    expect(parse({ kind: 'ofline' })).toMatchObject({
      reasons: [{ code: 'UNKNOWN_KIND', next: 'Did you mean offline?' }],
    });
    expect(parse({})).toMatchObject({ reasons: [{ code: 'UNKNOWN_KIND', got: 'nothing' }] });
    expect(codes({ kind: 'offline', inputs: { row: 'x', history: 3 } })).toEqual([
      ...['UNKNOWN_INPUT inputs.row', 'INPUT_NOT_TEXT inputs.history', 'INPUT_MISSING inputs.rows'],
    ]);
    expect(codes({ kind: 'unit', function: 'hom', calls: 3 })).toEqual([
      'UNKNOWN_FUNCTION function',
      'CALLS_MISSING calls',
    ]);
    expect(codes({ kind: 'unit', function: 'holm', calls: [{ args: { p: 'x' } }, { args: { q: 1 } }] })).toEqual([
      ...['INVALID_SETTING calls.0.args.p', 'INVALID_SETTING calls.1.args.p', 'UNKNOWN_SETTING calls.1.args.q'],
    ]);
  });
});
