import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { STACK_NAME } from '../stack-name.ts';
import { DAYS_BEFORE, playDaysBefore } from './days-before.ts';
import { dateOf } from './demand.ts';
import { STOCK_RULES } from './inventory.ts';
import { playable } from './playable.ts';
import { readDemand } from './read-demand.ts';
import { Replay } from './replay.ts';
import { replayPorts } from './replay-ports.ts';

const USAGE = `Replays business days of a demand history against a stack that runs: each day is forecast by the inference function,
shops order by what it answers, and the day's outcomes are written. The next call goes on where this one ended.

  npm run replay -- --model M --demand FILE --days N

  --model M       the model to ask
  --demand FILE   the demand history (npm run sample writes one)
  --days N        business days to replay
  --outputs FILE  outputs of the stack (default .local/outputs.json)
  --state FILE    where the day and the stocks are kept from call to call (default .local/replay-M.json)

The endpoint, region and keys are those of the AWS CLI: AWS_ENDPOINT_URL and so on.`;

const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));
const stock = z.object({ onHand: z.number(), onOrder: z.array(z.number()) });
const stateSchema = z.object({ bucket: z.string(), nextDay: z.int(), stocks: z.record(z.string(), stock) });
type State = z.infer<typeof stateSchema>;

/** What is wrong with what was typed or given, in one sentence; nothing was done. */
class Unusable extends Error {}

interface Options {
  readonly model: string;
  readonly demandFile: string;
  readonly days: number;
  readonly outputsFile: string;
  readonly stateFile: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      demand: { type: 'string' },
      days: { type: 'string' },
      outputs: { type: 'string', default: '.local/outputs.json' },
      state: { type: 'string' },
    },
  });
  const { model, demand: demandFile, outputs: outputsFile, state } = values;
  const days = Number(values.days);
  if (model === undefined || demandFile === undefined || !Number.isInteger(days) || days < 1) {
    throw new Unusable('--model, --demand and --days (a whole number from 1) are needed.');
  }
  const absent = [demandFile, outputsFile].find((file) => !existsSync(file));
  if (absent !== undefined) throw new Unusable(`There is no file ${absent}.`);
  return { model, demandFile, days, outputsFile, stateFile: state ?? `.local/replay-${model}.json` };
}

/** What the last call left; null when there was none, or it was of a stack that is gone. */
async function readState(s3: S3Client, file: string, bucket: string, dateOfDay: (day: number) => string) {
  if (!existsSync(file)) return null;
  const state = stateSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!state.success || state.data.bucket !== bucket) return null;
  const Prefix = predictionPaths.outcomesOf(dateOfDay(state.data.nextDay - 1));
  const { KeyCount = 0 } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: 1 }));
  return KeyCount > 0 ? state.data : null;
}

async function run(options: Options): Promise<void> {
  const outputs = outputsSchema.parse(JSON.parse(await readFile(options.outputsFile, 'utf8')))[STACK_NAME] ?? {};
  const { InferenceFunctionName: functionName, PredictionBucketName: bucket } = outputs;
  if (functionName === undefined || bucket === undefined) {
    throw new Unusable(`${options.outputsFile} has no outputs of the stack ${STACK_NAME}.`);
  }
  const file = readDemand(await readFile(options.demandFile), options.demandFile);
  if (!file.ok) throw new Unusable(file.faults.join('\n'));
  const chosen = playable(file.demand, options.demandFile);
  if (!chosen.ok) throw new Unusable(chosen.fault);
  const { demand } = chosen;
  // The AWS CLI takes either variable, the SDK only the first.
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const where = region === undefined ? {} : { region };
  const s3 = new S3Client({ ...where, forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined });
  const lambda = new LambdaClient(where);
  const state = await readState(s3, options.stateFile, bucket, (day) => dateOf(demand, day));
  const ports = replayPorts({ lambda, s3, functionName, bucket });
  const stocks = state?.stocks ?? (await playDaysBefore({ demand, firstDay: chosen.firstDay, put: ports.put }));
  const firstDay = state?.nextDay ?? chosen.firstDay + DAYS_BEFORE;
  const days = Math.min(options.days, demand.days - firstDay);
  if (days < options.days) console.log(`Only ${days} days are left of ${options.demandFile}.`);
  const replay = new Replay({
    ...{ model: options.model, demand, firstDay, rules: STOCK_RULES },
    ...{ ports, stocks },
  });
  for (let played = 1; played <= days; played += 1) {
    const { date, revision, servedBy, series, stockouts } = await replay.playDay();
    const served = Object.entries(servedBy).map(([name, count]) => `${count} ${name}`);
    console.log(`${date}: ${served.join(', ')}; ${stockouts} of ${series} sold out; pointer revision ${revision}`);
    const next: State = { bucket, nextDay: firstDay + played, stocks: copyOf(replay.stocks) };
    await mkdir(dirname(options.stateFile), { recursive: true });
    await writeFile(options.stateFile, `${JSON.stringify(next)}\n`);
  }
}

function copyOf(stocks: Replay['stocks']): State['stocks'] {
  return Object.fromEntries(
    Object.entries(stocks).map(([key, { onHand, onOrder }]) => [key, { onHand, onOrder: [...onOrder] }]),
  );
}

try {
  await run(readOptions());
} catch (error) {
  const typed = error instanceof Unusable || (error instanceof TypeError && 'code' in error);
  console.error(typed ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = typed ? 2 : 1;
}
