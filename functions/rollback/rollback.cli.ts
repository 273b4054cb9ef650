import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readOutputs } from '../platform/command/outputs-store.ts';
import { reasonLines } from '../platform/command/reason-lines.ts';
import { clientOptions } from '../platform/command/where.ts';
import type { Reason } from '../platform/errors.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { type FollowPorts, followRollback } from './command/follow-rollback.ts';
import { parseRollbackArguments, type RollbackCommand, resolveRollback, USAGE } from './command/rollback-arguments.ts';
import { rollbackText, targetsText } from './command/rollback-text.ts';
import { listTargets } from './target-list.ts';

const POLL_MS = 500;
/** After a rollback is recorded its execution has at most half as many events left, every repetition counted. */
const NEWEST_EVENTS = 100;
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
  const resolved = resolveRollback(given, readOutputs(given.text), process.env);
  if ('faults' in resolved) return refuse(resolved.faults, { json, exit: 2, after: `\n${USAGE}\n` });
  const { command } = resolved;
  try {
    return command.what === 'list' ? await list(command, json) : await start(command, json);
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return refuse([{ code: command.what === 'list' ? 'NOT_LISTED' : 'ROLLBACK_FAILED', message }], { json, exit: 1 });
  }
}

async function start({ machineArn, input, waitsFor, where }: Starting, json: boolean): Promise<number> {
  const client = new SFNClient(clientOptions(where, process.env, 'rollback'));
  const name = `${input.model}_cli_${new Date().toISOString().replaceAll(/\D/g, '')}`;
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn, name, input: JSON.stringify(input) }),
  );
  if (waitsFor === 'nothing') {
    process.stdout.write(json ? `${JSON.stringify({ end: 'started', executionArn })}\n` : `Started ${executionArn}.\n`);
    return 0;
  }
  if (!json) process.stderr.write(`Rolling ${input.model} back (${name}).\n`);
  const { output, goesOn } = await followRollback(execution(client, executionArn), name, waitsFor);
  const text = json ? JSON.stringify({ ...output, goesOn }) : rollbackText(output, name, goesOn);
  process.stdout.write(`${text}\n`);
  return output.end === 'rolled-back' ? 0 : 1;
}

function execution(client: SFNClient, executionArn: string | undefined): FollowPorts {
  return {
    state: async () => {
      const { status = '', output, error, cause } = await client.send(new DescribeExecutionCommand({ executionArn }));
      return { status, output, error, cause };
    },
    left: async () => {
      const newest = { executionArn, reverseOrder: true, maxResults: NEWEST_EVENTS };
      const { events = [] } = await client.send(new GetExecutionHistoryCommand(newest));
      return events.flatMap(({ stateExitedEventDetails: left }) => left ?? []);
    },
    pause: () => sleep(POLL_MS),
  };
}

async function list({ model, table, where }: Listing, json: boolean): Promise<number> {
  const registry = new RegistryStore(
    DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(where, process.env, 'rollback'))),
    table,
  );
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
