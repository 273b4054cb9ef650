import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const COMMANDS = [
  ['rollback', 'functions/rollback/rollback.cli.ts'],
  ['kill-switch', 'functions/kill-switch/kill-switch.cli.ts'],
  ['ask-again', 'functions/approval/ask-again.cli.ts'],
  ['drill', 'functions/drill/drill.cli.ts'],
  ['recalls', 'functions/rollback/recall/recalls.cli.ts'],
] as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'operators-'));
  writeFileSync(
    join(folder, 'outputs.json'),
    JSON.stringify({
      ModelRelease: {
        RollbackStateMachineArn: 'arn:aws:states:eu-west-1:000000000000:stateMachine:ModelRelease-rollback:live',
        DrillStateMachineArn: 'arn:aws:states:eu-west-1:000000000000:stateMachine:ModelRelease-drill:live',
        ...{ KillSwitchFunctionName: 'ModelRelease-kill-switch', AskAgainFunctionName: 'ModelRelease-ask-again' },
        RegistryTableName: 'registry',
      },
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command where nothing is known of a stack but what is typed. */
async function run(program: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { AWS_ENDPOINT_URL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(ROOT, program), ...argv], {
    cwd: folder,
    env: { ...inherited, ...environment },
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (text.out += String(chunk)));
  child.stderr.on('data', (chunk) => (text.err += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...text };
}

const ENOUGH: Readonly<Record<string, readonly string[]>> = {
  rollback: ['--model', 'demand', '--cause', 'safety', '--name', 'Ben', '--email', 'ben@shop.example'],
  'kill-switch': ['--model', 'demand', '--dry-run'],
  'ask-again': [
    ...['--promotion', 'demand_1-2-0_1', '--approver', 'ana', '--reason', 'Ana is on leave.'],
    ...['--name', 'Olga', '--email', 'olga@shop.example'],
  ],
  drill: ['--model', 'demand'],
  recalls: ['--model', 'demand'],
};

describe.each(COMMANDS)('npm run %s', (name, program) => {
  it('exits with 2 and says on stderr, without a stack, all that is wrong with what was typed', async () => {
    const argv = ['stray', '--regoin', 'x', '--outputs', 'none.json', '--endpoint', 'localhost:4566', '--region'];
    const { code, out, err } = await run(program, argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('INVALID_ARGUMENT stray: This is not an option.');
    expect(err).toContain('INVALID_ARGUMENT --regoin: This option does not exist.\n  Did you mean --region?');
    expect(err).toContain('INVALID_ARGUMENT --region: Its value is missing.');
    expect(err).toContain('INVALID_ARGUMENT none.json: These are not the outputs of the stack.');
    expect(err).toContain('INVALID_ARGUMENT --endpoint: This is no URL.\n  got: localhost:4566\n  allowed: http://');
    expect(err).toContain(`npm run ${name}`);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('says so when the endpoint of the environment is no URL, and to a program as one JSON object', async () => {
    const argv = ['--outputs', 'outputs.json', ...(ENOUGH[name] ?? [])];
    const words = await run(program, argv, { AWS_ENDPOINT_URL: 'nowhere' });
    expect(words).toMatchObject({ code: 2, out: '' });
    expect(words.err).toContain('INVALID_ARGUMENT AWS_ENDPOINT_URL: This is no URL.\n  got: nowhere');
    expect(words.err).not.toMatch(/^\s+at /m);
    const json = await run(program, [...argv, '--json'], { AWS_ENDPOINT_URL: 'nowhere' });
    expect(json).toMatchObject({ code: 2, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({ reasons: [{ path: 'AWS_ENDPOINT_URL', got: 'nowhere' }] });
  });

  it('tells its options to whoever asks for them, in the same words as the others', async () => {
    const { code, out, err } = await run(program, ['--help', '--what']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('--region REGION    (default: that of the ARN or of the outputs, else AWS_REGION');
    expect(out).toContain('Exit code 0:');
  });
});
