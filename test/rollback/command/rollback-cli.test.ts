import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStepFunctions, type StepFunctions } from '../../../infra/local/step-functions/step-functions.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MACHINE = 'arn:aws:states:eu-west-1:000000000000:stateMachine:rollback';
const RECORDED = {
  ...{ model: 'demand', end: 'rolled-back', from: '2.0', to: '1.0', cause: 'safety', requestedBy: 'Ben' },
  ...{ seconds: 3.2, at: '2026-03-01T08:00:00.000Z', closed: [] },
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  RollBack: { model: 'demand', outcome: 'deployed', from: '2.0', to: '1.0', reasons: [] },
  ConfirmRollback: { confirmed: true },
  RecordRollback: RECORDED,
  SendNotice: {},
};

let served: Served;
let client: SFNClient;
let recalls: number;
/** Lets the recall end, which is held until then. */
let makeRecall: () => void;

beforeEach(async () => {
  recalls = 0;
  const held = new Promise<void>((resolve) => {
    makeRecall = resolve;
  });
  const service: StepFunctions = createStepFunctions({
    onStatusChange: () => {},
    invoke: async (_, functionArn) => {
      const name = functionArn.split(':').at(-1) ?? '';
      if (name !== 'Recall') return { payload: ANSWERS[name] };
      recalls += 1;
      await held;
      return { payload: { recalls: 1 } };
    },
  });
  const definition = readFileSync(join(ROOT, 'state-machines/rollback.asl.json'), 'utf8');
  service.createStateMachine({
    StateMachineName: 'rollback',
    DefinitionString: definition.replaceAll(/\$\{(\w+)Arn\}/g, 'arn:aws:lambda:eu-west-1:000000000000:function:$1'),
    RoleArn: 'arn:aws:iam::000000000000:role/rollback',
  });
  served = await serveOne('states', service);
  client = new SFNClient(served.client);
});

afterEach(async () => {
  makeRecall();
  client.destroy();
  await served.stop();
});

/** Runs `npm run rollback` for a model. */
function rollBack(...options: readonly string[]) {
  const argv = ['--model', 'demand', '--cause', 'safety', '--name', 'Ben', '--email', 'ben@shop.example'];
  const place = ['--machine', MACHINE, '--endpoint', served.endpoint];
  const child = spawn(
    process.execPath,
    [join(ROOT, 'functions/rollback/rollback.cli.ts'), ...argv, ...place, ...options],
    { cwd: ROOT },
  );
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  return new Promise<{ readonly code: number | null; readonly out: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out })),
  );
}

async function status() {
  const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn: MACHINE }));
  const found = await Promise.all(
    executions.map(({ executionArn }) => client.send(new DescribeExecutionCommand({ executionArn }))),
  );
  return found.map((one) => one.status);
}

/** Waits until the command has looked again and again while the recall was held. */
async function looksOn() {
  await vi.waitFor(() => expect(recalls).toBe(1), { timeout: 30_000 });
  let looks = 0;
  served.asked();
  await vi.waitFor(
    () => {
      looks += served.asked().filter((one) => one.startsWith('states:DescribeExecution')).length;
      expect(looks).toBeGreaterThan(2);
    },
    { timeout: 30_000 },
  );
}

describe('npm run rollback', () => {
  it('answers once the rollback is recorded, and says that the recall goes on', async () => {
    const { code, out } = await rollBack();
    expect(code).toBe(0);
    expect(out).toContain('demand went back from version 2.0 to version 1.0 in 3.2 s.');
    expect(out).toContain('what was handed on is being recalled: `npm run recalls -- --model demand`');
    expect(await status()).toEqual(['RUNNING']);
  });

  it('tells a program the same', async () => {
    const { code, out } = await rollBack('--json');
    expect({ code, answer: JSON.parse(out) }).toEqual({ code: 0, answer: { ...RECORDED, goesOn: true } });
    expect(await status()).toEqual(['RUNNING']);
  });

  it('waits for all of it where that is asked for', async () => {
    const running = rollBack('--wait', '--json');
    await looksOn();
    makeRecall();
    const { code, out } = await running;
    expect({ code, answer: JSON.parse(out) }).toEqual({
      code: 0,
      answer: { ...RECORDED, recall: { recalls: 1 }, goesOn: false },
    });
  });

  it('waits for all of it as whoever may not read the history', async () => {
    served.deny('states:GetExecutionHistory');
    const running = rollBack();
    await looksOn();
    makeRecall();
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(out).toContain('in 3.2 s.');
    expect(out).not.toContain('being recalled');
  });
});
