import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readOutputs } from '../../platform/command/outputs-store.ts';
import { reasonLines } from '../../platform/command/reason-lines.ts';
import { clientOptions } from '../../platform/command/where.ts';
import type { Reason } from '../../platform/errors.ts';
import { RecallStore } from './recall-store.ts';
import { parseRecallsArguments, type RecallsSettings, resolveRecalls, USAGE } from './recalls-arguments.ts';
import { recallsJson, recallsText } from './recalls-text.ts';

/** Lists open recalls; answers the exit code. */
async function main(): Promise<number> {
  const given = parseRecallsArguments(process.argv.slice(2));
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const json = given.flags.has('json');
  const resolved = resolveRecalls(given, readOutputs(given.text), process.env);
  if ('faults' in resolved) return refuse(resolved.faults, json, `\n${USAGE}\n`);
  try {
    return await list(resolved.settings, json);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return refuse([{ code: 'NOT_LISTED', message }], json);
  }
}

async function list({ table, model, where }: RecallsSettings, json: boolean): Promise<number> {
  const client = new DynamoDBClient(clientOptions(where, process.env, 'recalls'));
  const store = new RecallStore(DynamoDBDocumentClient.from(client), table);
  const [open, pending] = await Promise.all([store.open(model), store.pending(model)]);
  const read = await Promise.all(open.map((one) => store.recall(one)));
  const recalls = read.filter((one) => one?.status === 'open').filter((one) => one !== null);
  process.stdout.write(`${json ? JSON.stringify(recallsJson(recalls, pending)) : recallsText(recalls, pending)}\n`);
  return recalls.length + pending.filter(({ part }) => part === 1).length === 0 ? 0 : 1;
}

function refuse(reasons: readonly Reason[], json: boolean, after = ''): number {
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, reasons })}\n`);
  else process.stderr.write(`${reasonLines(reasons).join('\n')}\n${after}`);
  return 2;
}

process.exitCode = await main();
