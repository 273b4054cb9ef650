import { callFunction } from '../platform/command/call-function-store.ts';
import { readOutputs } from '../platform/command/outputs-store.ts';
import { reasonLines } from '../platform/command/reason-lines.ts';
import type { Reason } from '../platform/errors.ts';
import { parseAskAgainArguments, resolveAskAgain, USAGE } from './command/ask-again-arguments.ts';
import { askAgainOutput, askAgainText } from './command/ask-again-text.ts';

/** Has an approver's request sent anew, or gives it to a stand-in; answers the exit code. */
async function main(): Promise<number> {
  const given = parseAskAgainArguments(process.argv.slice(2));
  const json = given.flags.has('json');
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const resolved = resolveAskAgain(given, readOutputs(given.text), process.env);
  if ('faults' in resolved) return refuse(resolved.faults, { json, exit: 2, after: `\n${USAGE}\n` });
  try {
    const as = { environment: process.env, command: 'ask-again' };
    const answer = await callFunction(resolved.command, askAgainOutput, as);
    if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
    else process[answer.ok ? 'stdout' : 'stderr'].write(`${askAgainText(answer)}\n`);
    return answer.ok ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const next = 'What was recorded stays recorded: the same command again sends the email.';
    return refuse([{ code: 'ASK_AGAIN_FAILED', message, next }], { json, exit: 1 });
  }
}

interface Refusal {
  readonly json: boolean;
  readonly exit: 1 | 2;
  readonly after?: string;
}

function refuse(reasons: readonly Reason[], { json, exit, after = '' }: Refusal): number {
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, reasons })}\n`);
  else process.stderr.write(`${reasonLines(reasons).join('\n')}\n${after}`);
  return exit;
}

process.exitCode = await main();
