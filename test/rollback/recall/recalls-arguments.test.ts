import { describe, expect, it } from 'vitest';
import { parseRecallsArguments, resolveRecalls } from '../../../functions/rollback/recall/recalls-arguments.ts';

const OUTPUTS = JSON.stringify({
  ModelRelease: { RegistryTableName: 'registry', ApprovalBaseUrl: 'http://127.0.0.1:4566/approvals' },
});

function resolve(argv: readonly string[], outputs: string | null = OUTPUTS, environment = {}) {
  return resolveRecalls(parseRecallsArguments(argv), outputs, environment);
}

function faults(argv: readonly string[], outputs: string | null = OUTPUTS, environment = {}) {
  const resolved = resolve(argv, outputs, environment);
  return 'faults' in resolved ? resolved.faults : [];
}

describe('What is typed to list recalls', () => {
  it('is nothing where the outputs of the stack lie, or a model', () => {
    const where = { region: 'eu-west-1', endpoint: 'http://127.0.0.1:4566', isLocal: true };
    expect(resolve([])).toEqual({ settings: { table: 'registry', where } });
    expect(resolve(['--model', 'demand'])).toEqual({ settings: { table: 'registry', model: 'demand', where } });
  });

  it.each([
    ['--endpoint', ['--endpoint', 'nowhere'], {}],
    ['--endpoint', ['--endpoint', 'localhost:4566'], {}],
    ['AWS_ENDPOINT_URL', [], { AWS_ENDPOINT_URL: 'nowhere' }],
  ])('is refused by name when %s is no URL', (path, argv, environment) => {
    expect(faults(argv, OUTPUTS, environment)).toMatchObject([
      { code: 'INVALID_ARGUMENT', path, message: 'This is no URL.', allowed: 'http://… or https://…' },
    ]);
  });

  it('is refused with all that is wrong with it at once', () => {
    const argv = ['--model', 'No Model', '--tabel', 'x', '--endpoint', 'nowhere'];
    expect(faults(argv, null).map(({ path, next }) => [path, next])).toEqual([
      ['--tabel', 'Did you mean --table?'],
      ['--model', undefined],
      ['--table', expect.stringContaining('Pass --table')],
      ['--endpoint', undefined],
    ]);
  });
});
