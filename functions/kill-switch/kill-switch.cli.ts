import { callFunction } from '../platform/command/call-function-store.ts';
import { readOutputs } from '../platform/command/outputs-store.ts';
import { reasonLines } from '../platform/command/reason-lines.ts';
import type { Reason } from '../platform/errors.ts';
import { parseKillSwitchArguments, resolveKillSwitch, USAGE } from './command/kill-switch-arguments.ts';
import { exitCodeOf, killSwitchOutput, killSwitchText } from './command/kill-switch-text.ts';

/** Throws one kill switch, or asks whether it is armed; answers the exit code. */
async function main(): Promise<number> {
  const given = parseKillSwitchArguments(process.argv.slice(2));
  const json = given.flags.has('json');
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const now = new Date().toISOString();
  const resolved = resolveKillSwitch(given, readOutputs(given.text), { environment: process.env, now });
  if ('faults' in resolved) return refuse(resolved.faults, { json, exit: 2, after: `\n${USAGE}\n` });
  try {
    const as = { environment: process.env, command: 'kill-switch' };
    const answer = await callFunction(resolved.command, killSwitchOutput, as);
    process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${killSwitchText(answer)}\n`);
    return exitCodeOf(answer);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return refuse([{ code: 'KILL_SWITCH_FAILED', message }], { json, exit: 1 });
  }
}

interface Refusal {
  readonly json: boolean;
  readonly exit: 1 | 2;
  readonly after?: string;
}

function refuse(reasons: readonly Reason[], { json, exit, after = '' }: Refusal): number {
  if (json) process.stdout.write(`${JSON.stringify({ outcome: exit === 2 ? 'not-called' : 'failed', reasons })}\n`);
  else process.stderr.write(`${reasonLines(reasons).join('\n')}\n${after}`);
  return exit;
}

process.exitCode = await main();
