import { existsSync, readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DEFAULT_OUTPUTS,
  type KillSwitchArguments,
  type KillSwitchCommand,
  parseKillSwitchArguments,
  resolveKillSwitch,
  USAGE,
} from './command/kill-switch-arguments.ts';
import { exitCodeOf, killSwitchOutput, killSwitchText } from './command/kill-switch-text.ts';

/** Throws one kill switch, or asks whether it is armed; answers the exit code. */
async function main(): Promise<number> {
  const given = parseKillSwitchArguments(process.argv.slice(2));
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const now = new Date().toISOString();
  const resolved = resolveKillSwitch(given, readOutputs(given), { environment: process.env, now });
  if ('faults' in resolved) {
    const lines = resolved.faults.map(({ path, message, got }) => `${path}: ${message}${got ? ` Got: ${got}.` : ''}`);
    process.stderr.write(`${lines.join('\n')}\n\n${USAGE}\n`);
    return 2;
  }
  try {
    const answer = await call(resolved.command);
    process.stdout.write(given.flags.has('json') ? `${JSON.stringify(answer)}\n` : `${killSwitchText(answer)}\n`);
    return exitCodeOf(answer);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
    return 1;
  }
}

async function call({ functionName, event, endpoint, region, isLocal }: KillSwitchCommand) {
  const signedIn = process.env['AWS_ACCESS_KEY_ID'] !== undefined || process.env['AWS_PROFILE'] !== undefined;
  const client = new LambdaClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(isLocal && !signedIn ? { credentials: { accessKeyId: 'kill-switch', secretAccessKey: 'kill-switch' } } : {}),
  });
  const Payload = Buffer.from(JSON.stringify(event));
  const answer = await client.send(new InvokeCommand({ FunctionName: functionName, Payload }));
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError !== undefined) throw new Error(`${functionName} failed: ${text.slice(0, 1000)}`);
  return killSwitchOutput.parse(JSON.parse(text));
}

function readOutputs({ text }: KillSwitchArguments): string | null {
  const file = text.outputs ?? DEFAULT_OUTPUTS;
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

process.exitCode = await main();
