import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformFault } from '../local/platform-fault.ts';
import { synthesize } from '../synthesize.ts';
import { type DemoArguments, parseDemoArguments, USAGE } from './arguments.ts';
import { auditLog, isClean } from './audit.ts';
import { FIRST_APPROVER, MODEL } from './cast.ts';
import { type LocalStack, startLocalStack } from './local-stack.ts';
import type { DemoOutcome } from './outcome.ts';
import { keepPapers } from './papers.ts';
import { playDemo, portsOf } from './play-demo.ts';
import { Progress } from './progress.ts';
import { prepareScenario, type Scenario } from './scenario.ts';
import { Stopwatch } from './stopwatch.ts';
import { summaryOf } from './summary.ts';

const OUTDIR = '.local/demo';
const PAPERS = `${OUTDIR}/papers`;
const started = Date.now();
const seconds = () => (Date.now() - started) / 1000;
const stopwatch = new Stopwatch(seconds);
const progress = new Progress(
  {
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 120,
    write: (text) => process.stdout.write(text),
  },
  seconds,
);
const say = (line: string) => progress.say(line);

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
  const prepared = await prepareScenario(args);
  if (!prepared.ok) {
    console.error(prepared.faults.join('\n'));
    return 2;
  }
  for (const note of prepared.scenario.notes) say(note);
  stopwatch.lap('reading and backtests');
  return withStack((stack) => play(stack, prepared.scenario, args));
}

async function withStack(use: (stack: LocalStack) => Promise<number>): Promise<number> {
  await mkdir(OUTDIR, { recursive: true });
  say('synthesizing the stack and starting it on this machine');
  const functionLog: string[] = [];
  const settings = {
    firstApprovers: [FIRST_APPROVER],
    senderEmail: 'releases@retailer.example',
    // Days pass in a fraction of a second: each is to see the newest document.
    pointerPollSeconds: 0,
    // On a busy machine a candidate is slow, which is none of its faults.
    candidateWaitMs: 10_000,
  };
  const stack = await startLocalStack({
    // The rules of cdk-nag are asked by `npm run synth`; here they would only cost time.
    assembly: await synthesize({ settings, outdir: `${OUTDIR}/cdk.out`, rules: false }),
    compileCache: resolve(OUTDIR, 'compiled'),
    functionLog: (name, line) => functionLog.push(`${name} ${line}`),
    log: (line) => functionLog.push(line),
  });
  try {
    say(`up at ${stack.platform.endpoint}, inbox at ${stack.platform.inboxUrl}`);
    stopwatch.lap('start');
    return await use(stack);
  } finally {
    await stack.stop();
    await writeFile(`${OUTDIR}/functions.log`, `${functionLog.join('\n')}\n`);
  }
}

async function play(stack: LocalStack, scenario: Scenario, args: DemoArguments): Promise<number> {
  const outputsFile = `${OUTDIR}/outputs.json`;
  await writeFile(outputsFile, JSON.stringify({ ModelRelease: stack.platform.outputs }, null, 2));
  const { demand, excludedCategory, source } = scenario;
  const { interactive } = args;
  const played = await playDemo({ stack, scenario, ports: portsOf(stack), progress, stopwatch, interactive });
  const audit = auditLog({ ...played, excludedCategories: excludedCategory === null ? [] : [excludedCategory] });
  const verified = await verify(stack.platform.endpoint, outputsFile);
  stopwatch.lap('log and ledger checked');
  await keepPapers({
    s3: stack.clients.s3,
    bucket: stack.output('EvidenceBucketName'),
    inboxUrl: stack.platform.inboxUrl,
    folder: PAPERS,
  });
  const outcome: DemoOutcome = {
    ...played.told,
    ledger: { entries: played.entries.length, verified },
    ...{ predictions: audit.predictions, served: audit.served, logComplete: isClean(audit) },
    demand: { source, series: demand.series.length, days: played.replayedDays },
    calls: played.calls,
    seconds: stopwatch.laps,
  };
  console.log(summaryOf(outcome, audit));
  console.log(`  to read: emails, evidence reports, release notes and change log are in ${PAPERS}`);
  if (args.json !== undefined) {
    await mkdir(dirname(args.json), { recursive: true });
    await writeFile(args.json, `${JSON.stringify(outcome, null, 2)}\n`);
  }
  return verified && outcome.logComplete ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  progress.end();
  if (error instanceof PlatformFault) console.error(`${error.message}\n${error.next}`);
  else console.error(error);
  console.error(`The functions' log is in ${OUTDIR}/functions.log.`);
  process.exitCode = 1;
}
