import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPublicKey } from '../../functions/platform/signing-store.ts';
import { PlatformFault } from '../local/platform-fault.ts';
import { parseDemoArguments, USAGE } from './arguments.ts';
import { demoCandidates } from './candidates.ts';
import { FIRST_APPROVER, MODEL } from './cast.ts';
import { startLocalStack } from './local-stack.ts';
import type { DemoOutcome } from './outcome.ts';
import { Story } from './story.ts';

const OUTDIR = '.local/demo';
const started = Date.now();

function say(line: string): void {
  const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${seconds} s  ${line}`);
}

/** Runs the stand-alone verifier as anybody would: as a program of its own, which knows only the endpoint and the names. */
async function verify(endpoint: string, outputsFile: string): Promise<boolean> {
  const program = fileURLToPath(new URL('../../functions/ledger/verifier/verify-ledger.cli.ts', import.meta.url));
  const argv = [program, '--model', MODEL, '--endpoint', endpoint, '--outputs', outputsFile];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk: Buffer) => say(`verifier: ${chunk.toString().trim()}`));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}

async function run(): Promise<number> {
  const args = parseDemoArguments(process.argv.slice(2));
  if ('faults' in args) {
    console.error([...args.faults, '', USAGE].join('\n'));
    return 2;
  }
  if (args.help) {
    console.log(USAGE);
    return 0;
  }
  await mkdir(OUTDIR, { recursive: true });
  say('synthesizing the stack and starting it on this machine');
  const functionLog: string[] = [];
  const stack = await startLocalStack({
    settings: {
      firstApprovers: [FIRST_APPROVER],
      senderEmail: 'releases@retailer.example',
    },
    outdir: `${OUTDIR}/cdk.out`,
    functionLog: (name, line) => functionLog.push(`${name} ${line}`),
    log: (line) => functionLog.push(line),
  });
  try {
    const outputsFile = `${OUTDIR}/outputs.json`;
    await writeFile(outputsFile, JSON.stringify({ ModelRelease: stack.platform.outputs }, null, 2));
    say(`up at ${stack.platform.endpoint}, inbox at ${stack.platform.inboxUrl}`);
    const { SigningKeyArn = '' } = stack.platform.outputs;
    const publicKey = await readPublicKey(stack.clients.kms, SigningKeyArn);
    const story = new Story(stack, publicKey, say);
    const told = await story.tell(await demoCandidates(args));
    const verified = await verify(stack.platform.endpoint, outputsFile);
    const outcome: DemoOutcome = { ...told, ledger: { entries: story.entries, verified } };
    summarize(outcome);
    if (args.json !== undefined) {
      await mkdir(dirname(args.json), { recursive: true });
      await writeFile(args.json, `${JSON.stringify(outcome, null, 2)}\n`);
    }
    return verified ? 0 : 1;
  } finally {
    await stack.stop();
    await writeFile(`${OUTDIR}/functions.log`, `${functionLog.join('\n')}\n`);
  }
}

function summarize(outcome: DemoOutcome): void {
  const lines = outcome.promotions.flatMap((promotion) => [
    `  ${outcome.model} ${promotion.version}: ${promotion.end}`,
    ...promotion.stages.map((stage) => `    ${stage.stage}: ${stage.verdict}`),
    ...promotion.approvals.map((one) => `    ${one.stage}: ${one.decision} by ${one.approver}: "${one.justification}"`),
  ]);
  const { pointer, rollback, ledger } = outcome;
  console.log(
    [
      '',
      'Summary',
      ...lines,
      `  served: ${pointer.before} -> ${pointer.after}${pointer.afterRollback === null ? '' : ` -> ${pointer.afterRollback} after the rollback`}`,
      ...(rollback === null
        ? []
        : [`  rollback: ${rollback.cause}, ${rollback.seconds} s from the request to the confirmed switch`]),
      `  ledger: ${ledger.entries} entries, ${ledger.verified ? 'verified' : 'NOT VERIFIED'}`,
      `  outcome: ${outcome.outcome}`,
    ].join('\n'),
  );
}

try {
  process.exitCode = await run();
} catch (error) {
  if (error instanceof PlatformFault) console.error(`${error.message}\n${error.next}`);
  else console.error(error);
  console.error(`The functions' log is in ${OUTDIR}/functions.log.`);
  process.exitCode = 1;
}
