import { isReleaseError, type Reason } from '../platform/errors.ts';
import { parseArguments, USAGE } from './command/judge-arguments.ts';
import { judgeArguments } from './command/judge-files-store.ts';
import { refusalText } from './command/refusal-text.ts';

/** Judges once and answers the exit code. */
async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  if (!asked.ok) return refuse(asked.reasons, `\n${USAGE}\n`);
  if (asked.value.kind === 'help') {
    process.stderr.write(`${USAGE}\n`);
    return 0;
  }
  try {
    const result = await judgeArguments(asked.value);
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return 0;
  } catch (error) {
    if (isReleaseError(error, 'UNUSABLE_EVIDENCE')) return refuse(error.reasons);
    throw error;
  }
}

function refuse(reasons: readonly Reason[], after = ''): number {
  process.stderr.write(`${refusalText(reasons)}\n${after}`);
  return 2;
}

// Whoever reads may have seen enough, as `head` does.
process.stdout.on('error', (error) => {
  if (!('code' in error && error.code === 'EPIPE')) throw error;
});

process.exitCode = await main();
