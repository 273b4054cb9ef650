import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { readOutputs } from '../platform/command/outputs-store.ts';
import { reasonLines } from '../platform/command/reason-lines.ts';
import { clientOptions } from '../platform/command/where.ts';
import type { Reason } from '../platform/errors.ts';
import { type DrillSettings, parseDrillArguments, resolveDrill, USAGE } from './command/drill-arguments.ts';
import { drillOutput, drillText } from './command/drill-text.ts';

const POLL_MS = 1_000;

/** Runs one drill and answers the exit code. */
async function main(): Promise<number> {
  const given = parseDrillArguments(process.argv.slice(2));
  const json = given.flags.has('json');
  if (given.flags.has('help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const resolved = resolveDrill(given, readOutputs(given.text), process.env);
  if ('faults' in resolved) return refuse(resolved.faults, json, `\n${USAGE}\n`);
  try {
    const output = drillOutput.parse(await drilled(resolved.settings, json));
    process.stdout.write(json ? `${JSON.stringify(output)}\n` : `${drillText(output)}\n`);
    if (output.end === 'passed') return 0;
    return output.end === 'failed' ? 1 : 2;
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return refuse([{ code: 'NOT_DRILLED', message }], json);
  }
}

async function drilled({ input, machineArn, where }: DrillSettings, json: boolean): Promise<unknown> {
  const client = new SFNClient(clientOptions(where, process.env, 'drill'));
  const name = `${input.model}_drill_${new Date().toISOString().replaceAll(/\D/g, '')}`;
  const started = await client.send(
    new StartExecutionCommand({ stateMachineArn: machineArn, name, input: JSON.stringify(input) }),
  );
  if (!json) process.stderr.write(`Drilling ${input.model} (${name}); a drill waits for others to end.\n`);
  for (;;) {
    const { status, output, error, cause } = await client.send(
      new DescribeExecutionCommand({ executionArn: started.executionArn }),
    );
    if (status === 'SUCCEEDED') return JSON.parse(output ?? '');
    if (status !== 'RUNNING') throw new Error(`The execution ended as ${status}: ${error ?? ''} ${cause ?? ''}`);
    await sleep(POLL_MS);
  }
}

function refuse(reasons: readonly Reason[], json: boolean, after = ''): number {
  if (json) process.stdout.write(`${JSON.stringify({ end: 'not-run', reasons })}\n`);
  else process.stderr.write(`${reasonLines(reasons).join('\n')}\n${after}`);
  return 2;
}

process.exitCode = await main();
