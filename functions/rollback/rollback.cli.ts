import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Reason } from '../platform/errors.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import {
  DEFAULT_OUTPUTS,
  parseRollbackArguments,
  type RollbackArguments,
  type RollbackCommand,
  resolveRollback,
  USAGE,
  type Where,
} from './command/rollback-arguments.ts';
import { failureText, reasonLines, rollbackOutput, rollbackText, targetsText } from './command/rollback-text.ts';
import { listTargets } from './target-list.ts';

const POLL_MS = 500;
type Starting = Extract<RollbackCommand, { readonly what: 'start' }>;
type Listing = Extract<RollbackCommand, { readonly what: 'list' }>;

/** Rolls one model back, or lists what it can be rolled back to; answers the exit code. */
async function main(): Promise<number> {
  const given = parseRollbackArguments(process.argv.slice(2));
  const json = given.flags.has('json');
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const resolved = resolveRollback(given, readOutputs(given), process.env);
  if ('faults' in resolved) return refuse(resolved.faults, { json, exit: 2, after: `\n${USAGE}\n` });
  const { command } = resolved;
  try {
    return command.what === 'list' ? await list(command, json) : await start(command, json);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return refuse([{ code: command.what === 'list' ? 'NOT_LISTED' : 'ROLLBACK_FAILED', message }], { json, exit: 1 });
  }
}

async function start({ machineArn, input, wait, where }: Starting, json: boolean): Promise<number> {
  const client = new SFNClient(clientOptions(where));
  const name = `${input.model}_cli_${new Date().toISOString().replaceAll(/\D/g, '')}`;
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn, name, input: JSON.stringify(input) }),
  );
  if (!wait) {
    process.stdout.write(json ? `${JSON.stringify({ end: 'started', executionArn })}\n` : `Started ${executionArn}.\n`);
    return 0;
  }
  if (!json) process.stderr.write(`Rolling ${input.model} back (${name}).\n`);
  for (;;) {
    const { status, output, error, cause } = await client.send(new DescribeExecutionCommand({ executionArn }));
    if (status === 'SUCCEEDED') {
      const ended = rollbackOutput.parse(JSON.parse(output ?? ''));
      process.stdout.write(json ? `${JSON.stringify(ended)}\n` : `${rollbackText(ended, name)}\n`);
      return ended.end === 'rolled-back' ? 0 : 1;
    }
    if (status !== 'RUNNING') throw new Error(failureText(name, { status: status ?? '', error, cause }));
    await sleep(POLL_MS);
  }
}

async function list({ model, table, where }: Listing, json: boolean): Promise<number> {
  const registry = new RegistryStore(DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(where))), table);
  const [found, ways] = await Promise.all([registry.model(model), registry.waysBack(model)]);
  if (found === null) {
    const reason = {
      code: 'UNKNOWN_MODEL',
      path: 'model',
      message: 'No model of this name was onboarded.',
      got: model,
    };
    return refuse([reason], { json, exit: 1 });
  }
  const serves = ways.versions.find(({ status }) => status === 'production')?.version ?? '';
  const targets = listTargets(ways, serves);
  const text = targetsText(model, serves, targets);
  process.stdout.write(json ? `${JSON.stringify({ model, serves, targets })}\n` : `${text}\n`);
  return 0;
}

function clientOptions({ region, endpoint, isLocal }: Where) {
  const signedIn = process.env['AWS_ACCESS_KEY_ID'] !== undefined || process.env['AWS_PROFILE'] !== undefined;
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isLocal && !signedIn ? { credentials: { accessKeyId: 'rollback', secretAccessKey: 'rollback' } } : {}),
  };
}

function readOutputs({ text }: RollbackArguments): string | null {
  const file = text.outputs ?? DEFAULT_OUTPUTS;
  // A named file that is missing is a mistake, and an empty text is refused as one; the default one may be missing.
  if (!existsSync(file)) return text.outputs === undefined ? null : '';
  return readFileSync(file, 'utf8');
}

interface Refusal {
  readonly json: boolean;
  readonly exit: 1 | 2;
  readonly after?: string;
}

function refuse(reasons: readonly Reason[], { json, exit, after = '' }: Refusal): number {
  if (json) process.stdout.write(`${JSON.stringify({ end: 'not-done', reasons })}\n`);
  else process.stderr.write(`${reasonLines(reasons).join('\n')}\n${after}`);
  return exit;
}

process.exitCode = await main();
