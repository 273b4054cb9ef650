import { describe, expect, it } from 'vitest';
import { parseRollbackArguments, resolveRollback } from '../../../functions/rollback/command/rollback-arguments.ts';

const MACHINE = 'arn:aws:states:eu-west-1:000000000000:stateMachine:ModelRelease-rollback:live';
const OUTPUTS = JSON.stringify({
  ModelRelease: {
    RollbackStateMachineArn: MACHINE,
    RegistryTableName: 'registry',
    ApprovalBaseUrl: 'http://127.0.0.1:4566/_api/abc',
  },
});
const WHO = ['--name', 'Ana Approver', '--email', 'ana@shop.example'];
const ENOUGH = ['--model', 'demand', '--cause', 'safety', ...WHO];

function resolve(argv: readonly string[], outputs: string | null = OUTPUTS, environment = {}) {
  return resolveRollback(parseRollbackArguments(argv), outputs, environment);
}

function faults(argv: readonly string[], outputs: string | null = OUTPUTS, environment = {}) {
  const resolved = resolve(argv, outputs, environment);
  return 'faults' in resolved ? resolved.faults : [];
}

describe('What is typed to roll back', () => {
  it('is a model, a cause and who asks; the rest is in the outputs of the stack', () => {
    expect(resolve(ENOUGH)).toEqual({
      command: {
        what: 'start',
        model: 'demand',
        machineArn: MACHINE,
        input: {
          model: 'demand',
          cause: 'safety',
          requestedBy: { name: 'Ana Approver', email: 'ana@shop.example' },
        },
        waitsFor: 'record',
        where: { region: 'eu-west-1', endpoint: 'http://127.0.0.1:4566', isLocal: true },
      },
    });
  });

  it('may name versions and a detail, and not wait', () => {
    const more = ['--version', '2.0', '--target', '1.0', '--detail', 'Stockouts.', '--no-wait'];
    expect(resolve([...ENOUGH, ...more])).toMatchObject({
      command: { input: { withdrawVersion: '2.0', targetVersion: '1.0', detail: 'Stockouts.' }, waitsFor: 'nothing' },
    });
    expect(resolve([...ENOUGH, '--wait'])).toMatchObject({ command: { waitsFor: 'end' } });
    expect(faults([...ENOUGH, '--wait', '--no-wait']).map(({ path }) => path)).toEqual(['--wait, --no-wait']);
  });

  it('takes who asks from the environment, and says both ways when nobody does', () => {
    const who = { RELEASE_USER_NAME: 'Olga', RELEASE_USER_EMAIL: 'olga@shop.example' };
    const bare = ['--model', 'demand', '--cause', 'safety'];
    expect(resolve(bare, OUTPUTS, who)).toMatchObject({
      command: { input: { requestedBy: { name: 'Olga', email: 'olga@shop.example' } } },
    });
    const [unknown, ...more] = faults(bare);
    expect(more).toEqual([]);
    expect(unknown?.next).toContain('--name and --email');
    expect(unknown?.next).toContain('RELEASE_USER_NAME and RELEASE_USER_EMAIL');
    expect(faults(bare, OUTPUTS, { RELEASE_USER_NAME: 'Olga' })).toHaveLength(1);
  });

  it('is refused with all that is wrong with it at once', () => {
    const argv = ['--model', 'Bad', '--cause', 'x', '--target', 'no version', '--colour', 'bar', '--version', '--json'];
    const paths = faults([...argv, '--endpoint', 'nowhere'], null).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['--colour', 'bar', '--version', '--endpoint', '--machine'],
        ...['--model', '--cause', '--target', '--name, --email'],
      ]),
    );
  });

  it('says which option stands twice, and that a version cannot go back to itself', () => {
    expect(faults([...ENOUGH, '--cause', 'data-drift'])).toMatchObject([{ path: '--cause', got: 'data-drift' }]);
    expect(faults([...ENOUGH, '--version', '2.0', '--target', '2.0'])).toMatchObject([{ path: '--target' }]);
  });

  it.each([
    ['no outputs', null, ['--machine']],
    ['outputs of something else', '{}', ['.local/outputs.json', '--machine']],
    ['outputs that are no JSON', '', ['.local/outputs.json', '--machine']],
  ])('needs the machine: %s', (_, outputs, paths) => {
    expect(faults(ENOUGH, outputs).map(({ path }) => path)).toEqual(paths);
    expect(resolve([...ENOUGH, '--machine', MACHINE], null)).toMatchObject({ command: { machineArn: MACHINE } });
  });

  it('refuses an ARN that is no machine', () => {
    expect(faults([...ENOUGH, '--machine', 'arn:aws:lambda:eu-west-1:000000000000:function:x'])).toHaveLength(1);
  });

  it('goes to AWS where nothing says otherwise, and to an endpoint that does', () => {
    const aws = OUTPUTS.replace('http://127.0.0.1:4566', 'https://abc.execute-api.eu-west-1.amazonaws.com');
    expect(resolve(ENOUGH, aws)).toMatchObject({ command: { where: { endpoint: undefined, isLocal: false } } });
    const environment = { AWS_ENDPOINT_URL: 'http://localhost:9' };
    expect(resolve(ENOUGH, aws, environment)).toMatchObject({
      command: { where: { endpoint: 'http://localhost:9', isLocal: true } },
    });
  });

  it('lists the targets there are with a model alone', () => {
    expect(resolve(['--model', 'demand', '--targets'])).toMatchObject({
      command: { what: 'list', model: 'demand', table: 'registry', where: { region: 'eu-west-1' } },
    });
    expect(faults(['--targets'], null).map(({ path }) => path)).toEqual(['--model', '--table']);
  });
});
