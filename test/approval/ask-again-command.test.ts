import { describe, expect, it } from 'vitest';
import { parseAskAgainArguments, resolveAskAgain } from '../../functions/approval/command/ask-again-arguments.ts';
import { askAgainOutput, askAgainText } from '../../functions/approval/command/ask-again-text.ts';

const OUTPUTS = JSON.stringify({
  ModelRelease: { AskAgainFunctionName: 'again', ApprovalBaseUrl: 'http://127.0.0.1:4566/x' },
});
const ENOUGH = ['--promotion', 'demand_1-2-0_1', '--approver', 'ana', '--reason', 'Ana is away until Monday.'];
const OLGA = ['--name', 'Olga Owner', '--email', 'olga@shop.example'];

const resolve = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  resolveAskAgain(parseAskAgainArguments(argv), OUTPUTS, environment);

function faultsOf(found: ReturnType<typeof resolve>): readonly (string | undefined)[] {
  return 'faults' in found ? found.faults.map(({ path }) => path) : [];
}

describe('npm run ask-again', () => {
  it('has a request sent anew, by the function and in the place that the outputs name', () => {
    expect(resolve([...ENOUGH, ...OLGA])).toEqual({
      command: {
        functionName: 'again',
        where: { endpoint: 'http://127.0.0.1:4566', region: 'eu-west-1', isLocal: true },
        event: {
          ...{ promotionId: 'demand_1-2-0_1', approver: 'ana', reason: 'Ana is away until Monday.' },
          requestedBy: { name: 'Olga Owner', email: 'olga@shop.example' },
        },
      },
    });
    const region = resolve([...ENOUGH, ...OLGA, '--region', 'us-east-1']);
    expect(region).toMatchObject({ command: { where: { region: 'us-east-1' } } });
  });

  it('gives it to a stand-in, and knows from the environment who asks', () => {
    const environment = { RELEASE_USER_NAME: 'Olga Owner', RELEASE_USER_EMAIL: 'olga@shop.example' };
    expect(resolve([...ENOUGH, '--stand-in', 'dan'], environment)).toMatchObject({
      command: { event: { approver: 'ana', standIn: 'dan', requestedBy: { email: 'olga@shop.example' } } },
    });
  });

  it('mixes no two people: a name that was typed does not go with the address of the environment', () => {
    const environment = { RELEASE_USER_NAME: 'Olga Owner', RELEASE_USER_EMAIL: 'olga@shop.example' };
    expect(faultsOf(resolve([...ENOUGH, '--name', 'Ben'], environment))).toEqual(['--name, --email']);
  });

  it('says all that is wrong with what was typed, by option', () => {
    const argv = ['--promotion', 'demand', '--reason', 'Away.', '--standin', 'dan', '--stand-in', ' '];
    expect(faultsOf(resolve(argv))).toEqual([
      ...['--standin', '--promotion', '--approver', '--stand-in', '--reason', '--name, --email'],
    ]);
  });

  it('tells what came of it, and what was refused by the option that it was typed with', () => {
    const asked = { id: 'dan', name: 'Dan Deputy', email: 'dan@shop.example' };
    expect(askAgainText(askAgainOutput.parse({ ok: true, asked, occasion: 'delegated' }))).toBe(
      'Dan Deputy <dan@shop.example> is asked as a stand-in. The link of before is dead.',
    );
    const reasons = [
      { code: 'NOT_THE_OWNER', path: 'requestedBy', message: 'Only the owner.', allowed: 'Olga Owner' },
      { code: 'NO_STAND_IN', path: 'standIn', message: 'They are no stand-in.', got: 'bob' },
    ];
    expect(askAgainText(askAgainOutput.parse({ ok: false, reasons }))).toBe(
      'NOT_THE_OWNER --name, --email: Only the owner.\n  allowed: Olga Owner\nNO_STAND_IN --stand-in: They are no stand-in.\n  got: bob',
    );
  });
});
