import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { EVENTS_PER_SHARD, worstCaseEvents } from '../../functions/registry/history-budget.ts';
import { AwsError, type InvokeResult } from '../../infra/local/service.ts';
import { createStepFunctions, type StepFunctions } from '../../infra/local/step-functions/step-functions.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:step';
const MACHINE_ARN = 'arn:aws:states:eu-west-1:000000000000:stateMachine:flow';
const EXECUTION_ARN = 'arn:aws:states:eu-west-1:000000000000:execution:flow';
const CALL = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke' };
const WAIT_FOR_TOKEN = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Parameters: { FunctionName: FUNCTION_ARN, Payload: { 'taskToken.$': '$$.Task.Token' } },
};
const TokenSchema = z.object({ taskToken: z.string() });

type Answer = (payload: unknown, functionArn: string) => unknown;

let service: StepFunctions;
let served: Served;
let client: SFNClient;
let answer: Answer;
let changes: Record<string, unknown>[];
const invoked: unknown[] = [];

function failWith(errorType: string, errorMessage = 'broken'): InvokeResult {
  return { functionError: 'Unhandled', payload: { errorType, errorMessage } };
}

function isFailure(value: unknown): value is InvokeResult {
  return typeof value === 'object' && value !== null && 'functionError' in value;
}

function create(): StepFunctions {
  return createStepFunctions({
    onStatusChange: (detail) => changes.push(detail),
    invoke: async (machine, functionArn, payload) => {
      invoked.push({ machine, functionArn, payload });
      const result = await answer(payload, functionArn);
      return isFailure(result) ? result : { payload: result };
    },
  });
}

beforeEach(async () => {
  changes = [];
  invoked.length = 0;
  answer = () => ({ ok: true });
  service = create();
  served = await serveOne('states', service);
  client = new SFNClient(served.client);
});

afterEach(async () => {
  client.destroy();
  await served.stop();
});

function machine(states: Record<string, unknown>, top: Record<string, unknown> = {}): string {
  const definition = { StartAt: Object.keys(states)[0], States: states, ...top };
  return service.createStateMachine({
    StateMachineName: 'flow',
    DefinitionString: JSON.stringify(definition),
    RoleArn: 'arn:aws:iam::000000000000:role/flow',
  });
}

async function ended(executionArn: string | undefined) {
  return vi.waitFor(
    async () => {
      const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
      if (execution.status === 'RUNNING') throw new Error('still running');
      return execution;
    },
    { timeout: 10_000, interval: 10 },
  );
}

async function run(states: Record<string, unknown>, input: unknown = {}, top: Record<string, unknown> = {}) {
  machine(states, top);
  const started = await client.send(
    new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, input: JSON.stringify(input) }),
  );
  const { output, status, error, cause } = await ended(started.executionArn);
  return { status, error, cause, output: output === undefined ? undefined : JSON.parse(output) };
}

/** Starts a machine that waits for a token, and answers its execution and the token once the function has it. */
async function waiting(task: Record<string, unknown> = {}, input: unknown = {}) {
  const tokens: string[] = [];
  answer = (payload) => {
    tokens.push(TokenSchema.parse(payload).taskToken);
  };
  machine({ Ask: { ...WAIT_FOR_TOKEN, ...task, End: true } });
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, input: JSON.stringify(input) }),
  );
  await vi.waitFor(() => expect(tokens).toHaveLength(1));
  return { executionArn, tokens, taskToken: tokens[0] };
}

describe('starting an execution', () => {
  it('refuses names and inputs that Step Functions refuses', async () => {
    machine({ Done: { Type: 'Succeed' } });
    const start = (members: Record<string, string>) =>
      client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, ...members }));
    for (const name of ['a b', 'a:b', 'a/b', 'a*', 'a\u0001']) {
      await expect(start({ name })).rejects.toMatchObject({ name: 'InvalidName' });
    }
    await expect(start({ name: 'x'.repeat(81) })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(start({ input: 'no json' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' });
    const tooLarge = JSON.stringify('x'.repeat(256 * 1024));
    await expect(start({ input: tooLarge })).rejects.toMatchObject({ name: 'ValidationException' });
    expect((await start({ name: 'demand-es_1.2.0_1' })).executionArn).toBe(`${EXECUTION_ARN}:demand-es_1.2.0_1`);
  });

  it('answers the running execution to the same name and input, and refuses everything else', async () => {
    const { executionArn, taskToken } = await waiting();
    await client.send(new StopExecutionCommand({ executionArn }));
    const start = (input: string) =>
      client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'once', input }));
    const first = await start('{"a":1}');
    const again = await start('{"a":1}');
    expect(again).toMatchObject({ executionArn: first.executionArn, startDate: first.startDate });
    await expect(start('{"a":2}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await expect(start('{"a":1}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    expect(taskToken).toBeDefined();
  });

  it('takes alias and version ARNs and records which were used', async () => {
    machine({ Done: { Type: 'Succeed' } });
    const version = service.createVersion({ StateMachineArn: MACHINE_ARN });
    const alias = service.createAlias({
      Name: 'live',
      DeploymentPreference: { StateMachineVersionArn: version, Type: 'ALL_AT_ONCE' },
    });
    expect([version, alias]).toEqual([`${MACHINE_ARN}:1`, `${MACHINE_ARN}:live`]);
    const byAlias = await client.send(new StartExecutionCommand({ stateMachineArn: alias }));
    const byVersion = await client.send(new StartExecutionCommand({ stateMachineArn: version }));
    expect(await ended(byAlias.executionArn)).toMatchObject({
      stateMachineArn: MACHINE_ARN,
      stateMachineAliasArn: alias,
      stateMachineVersionArn: version,
    });
    expect((await ended(byVersion.executionArn)).stateMachineAliasArn).toBeUndefined();
    const listed = await client.send(new ListExecutionsCommand({ stateMachineArn: alias }));
    expect(listed.executions?.map((execution) => execution.executionArn)).toEqual([byAlias.executionArn]);
    const unknown = client.send(new StartExecutionCommand({ stateMachineArn: `${MACHINE_ARN}:other` }));
    await expect(unknown).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
    const malformed = client.send(new StartExecutionCommand({ stateMachineArn: 'flow' }));
    await expect(malformed).rejects.toMatchObject({ name: 'InvalidArn' });
  });

  it('asks for rights on the machine for starts, on the execution for the rest', async () => {
    machine({ Done: { Type: 'Succeed' } });
    service.createVersion({ StateMachineArn: MACHINE_ARN });
    await client.send(new StartExecutionCommand({ stateMachineArn: `${MACHINE_ARN}:1`, name: 'a' }));
    await ended(`${EXECUTION_ARN}:a`);
    await client.send(new StopExecutionCommand({ executionArn: `${EXECUTION_ARN}:a` }));
    expect(new Set(served.asked())).toEqual(
      new Set([
        `states:StartExecution ${MACHINE_ARN}`,
        `states:DescribeExecution ${EXECUTION_ARN}:a`,
        `states:StopExecution ${EXECUTION_ARN}:a`,
      ]),
    );
    served.deny('states:StartExecution');
    const refused = client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'b' }));
    await expect(refused).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const missing = client.send(new DescribeExecutionCommand({ executionArn: `${EXECUTION_ARN}:b` }));
    await expect(missing).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('running states', () => {
  it('gives lambda:invoke the result shape of Step Functions and passes the context object', async () => {
    answer = (payload) => ({ echo: payload });
    const result = await run(
      {
        Call: {
          ...CALL,
          Parameters: {
            FunctionName: FUNCTION_ARN,
            Payload: {
              'name.$': '$$.Execution.Name',
              'id.$': '$$.Execution.Id',
              'model.$': '$$.Execution.Input.model',
              'started.$': '$$.Execution.StartTime',
              'state.$': '$$.State.Name',
              'entered.$': '$$.State.EnteredTime',
              'machine.$': '$$.StateMachine.Id',
              'text.$': "States.Format('{} of {}', $$.State.Name, $.model)",
            },
          },
          End: true,
        },
      },
      { model: 'demand-es' },
    );
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(result.output).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      Payload: {
        echo: {
          id: expect.stringContaining(`${EXECUTION_ARN}:`),
          model: 'demand-es',
          state: 'Call',
          machine: MACHINE_ARN,
          text: 'Call of demand-es',
          started: time,
          entered: time,
        },
      },
    });
    expect(invoked).toMatchObject([{ machine: 'flow', functionArn: FUNCTION_ARN }]);
  });

  it('routes by Choice, and replaces the input for a result path of $', async () => {
    const result = await run(
      {
        Route: { Type: 'Choice', Choices: [{ Variable: '$.kind', StringEquals: 'go', Next: 'Empty' }], Default: 'No' },
        Empty: { Type: 'Pass', Result: 'x', ResultPath: '$.empty', Next: 'Whole' },
        Whole: { Type: 'Pass', Parameters: { 'was.$': '$.empty' }, ResultPath: '$', Next: 'Wait' },
        Wait: { Type: 'Wait', Seconds: 0, Next: 'Done' },
        Done: { Type: 'Succeed' },
        No: { Type: 'Fail', Error: 'NO', Cause: 'wrong way' },
      },
      { kind: 'go' },
    );
    expect(result.output).toEqual({ was: 'x' });
    expect(await run({ No: { Type: 'Fail', Error: 'NO', Cause: 'wrong way' } })).toMatchObject({
      status: 'FAILED',
      error: 'NO',
      cause: 'wrong way',
    });
  });

  it('fails with a cause that it was handed', async () => {
    const failing = { No: { Type: 'Fail', Error: 'NO', CausePath: '$.error.Cause' } };
    const input = { error: { Error: 'NO', Cause: 'nothing is left' } };
    expect(await run(failing, input)).toMatchObject({ status: 'FAILED', error: 'NO', cause: 'nothing is left' });
  });

  it('keeps the time a state was entered over its retries', async () => {
    const seen: unknown[] = [];
    answer = (payload) => {
      seen.push(payload);
      return seen.length < 3 ? failWith('Flaky') : {};
    };
    const parameters = { FunctionName: FUNCTION_ARN, Payload: { 'at.$': '$$.State.EnteredTime' } };
    const retry = [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 1 }];
    expect((await run({ A: { ...CALL, Parameters: parameters, Retry: retry, End: true } })).status).toBe('SUCCEEDED');
    expect(seen).toEqual([seen[0], seen[0], seen[0]]);
  });
});

describe('errors', () => {
  const call = { ...CALL, Parameters: { FunctionName: FUNCTION_ARN } };

  it('names a failure by its errorType, with the document as cause', async () => {
    answer = () => failWith('CONDITION_FAILED', 'raced');
    const result = await run({ A: { ...call, End: true } });
    expect(result).toMatchObject({ status: 'FAILED', error: 'CONDITION_FAILED' });
    expect(JSON.parse(result.cause ?? '')).toEqual({ errorType: 'CONDITION_FAILED', errorMessage: 'raced' });
  });

  it('names failures without a type, timeouts and refusals of Lambda as Step Functions does', async () => {
    const nameOf = async (failure: () => unknown) => {
      answer = failure;
      return (await run({ A: { ...call, End: true } })).error;
    };
    expect(await nameOf(() => ({ functionError: 'Unhandled', payload: null }))).toBe('Lambda.Unknown');
    expect(await nameOf(() => failWith('Sandbox.Timedout'))).toBe('Sandbox.Timedout');
    const refuse = (code: string) => () => {
      throw new AwsError(code, 'no');
    };
    expect(await nameOf(refuse('ServiceException'))).toBe('Lambda.ServiceException');
    expect(await nameOf(refuse('AccessDeniedException'))).toBe('Lambda.AWSLambdaException');
  });

  it('retries what matches, stops at a retrier of no attempts, and catches with error and cause', async () => {
    let calls = 0;
    answer = () => {
      calls += 1;
      return failWith(calls < 3 ? 'Flaky' : 'Final');
    };
    const retry = [
      { ErrorEquals: ['Final'], MaxAttempts: 0 },
      { ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1, MaxAttempts: 5, BackoffRate: 1 },
    ];
    const caught = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Handled' }];
    const result = await run(
      { A: { ...call, Retry: retry, Catch: caught, Next: 'Handled' }, Handled: { Type: 'Pass', End: true } },
      { kept: true },
    );
    expect(calls).toBe(3);
    expect(result.output).toMatchObject({ kept: true, error: { Error: 'Final' } });
  });

  it('retries within a loop, and catches the error of the item that failed for good', async () => {
    const tries = new Map<string, number>();
    answer = (payload) => {
      const { item } = z.object({ item: z.string() }).parse(payload);
      const count = (tries.get(item) ?? 0) + 1;
      tries.set(item, count);
      if (item === 'bad') return failWith('Final');
      return item === 'flaky' && count === 1 ? failWith('Flaky') : { item };
    };
    const retry = [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1, MaxAttempts: 2 }];
    const each = {
      ...{ ...CALL, Parameters: { FunctionName: FUNCTION_ARN, 'Payload.$': '$' } },
      ...{ OutputPath: '$.Payload', Retry: retry, End: true },
    };
    const loop = {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'item.$': '$$.Map.Item.Value' },
      ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'Each', States: { Each: each } },
      MaxConcurrency: 2,
    };
    const caught = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Handled' }];
    const states = { Loop: { ...loop, Catch: caught, End: true }, Handled: { Type: 'Pass', End: true } };
    const items = ['a', 'flaky', 'c'];
    expect(await run(states, { items })).toMatchObject({ output: items.map((item) => ({ item })) });
    expect([...tries.entries()]).toEqual([
      ['a', 1],
      ['flaky', 2],
      ['c', 1],
    ]);
    const kept = { ...states, Loop: { ...states.Loop, ResultPath: null } };
    expect(await run(kept, { items: ['a'] })).toMatchObject({ output: { items: ['a'] } });
    expect(await run(states, { items: ['a', 'bad'] })).toMatchObject({
      output: { items: ['a', 'bad'], error: { Error: 'Final' } },
    });
  });

  it('times a task out from the state input, as States.Timeout, which States.TaskFailed does not match', async () => {
    answer = () => new Promise((resolve) => setTimeout(resolve, 1500));
    const caught = [
      { ErrorEquals: ['States.TaskFailed'], Next: 'Wrong' },
      { ErrorEquals: ['States.Timeout'], Next: 'Right' },
    ];
    const result = await run(
      {
        A: { ...call, TimeoutSecondsPath: '$.limit', Catch: caught, Next: 'Wrong' },
        Wrong: { Type: 'Fail' },
        Right: { Type: 'Succeed' },
      },
      { limit: 1 },
    );
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { Error: 'States.Timeout' } });
  });

  it('refuses a timeout that is no whole number of seconds before it calls the function', async () => {
    const result = await run({ A: { ...call, TimeoutSecondsPath: '$.limit', End: true } }, { limit: 'soon' });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(invoked).toEqual([]);
  });

  it('ends an execution whose result is over 256 KiB, whatever it catches', async () => {
    answer = () => 'x'.repeat(256 * 1024);
    const caught = [{ ErrorEquals: ['States.ALL'], Next: 'Handled' }];
    const states = { A: { ...call, Catch: caught, Next: 'Handled' }, Handled: { Type: 'Succeed' } };
    expect(await run(states)).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('ends an execution whose states add up to more than 256 KiB', async () => {
    const big = 'x'.repeat(200 * 1024);
    const states = {
      A: { Type: 'Pass', Parameters: { 'one.$': '$.big', 'two.$': '$.big' }, Next: 'B' },
      B: { Type: 'Succeed' },
    };
    expect(await run(states, { big })).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
  });

  it('times out an execution as a whole', async () => {
    const result = await run({ A: { Type: 'Wait', Seconds: 60, End: true } }, {}, { TimeoutSeconds: 1 });
    expect(result).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
  });
});

describe('waiting for a token', () => {
  it('goes on with the output of SendTaskSuccess, once', async () => {
    const { executionArn, taskToken } = await waiting();
    served.asked();
    await client.send(new SendTaskHeartbeatCommand({ taskToken }));
    await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"decision":"approve"}' }));
    expect(served.asked()).toEqual([
      `states:SendTaskHeartbeat ${MACHINE_ARN}`,
      `states:SendTaskSuccess ${MACHINE_ARN}`,
    ]);
    expect((await ended(executionArn)).output).toBe('{"decision":"approve"}');
    const again = client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await expect(again).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('fails with the error of SendTaskFailure', async () => {
    const { executionArn, taskToken } = await waiting();
    await client.send(new SendTaskFailureCommand({ taskToken, error: 'REJECTED', cause: 'no' }));
    expect(await ended(executionArn)).toMatchObject({ status: 'FAILED', error: 'REJECTED', cause: 'no' });
  });

  it('tells malformed, unknown and closed tokens and bad outputs apart', async () => {
    const { executionArn, taskToken } = await waiting();
    const send = (token: string | undefined, output = '{}') =>
      client.send(new SendTaskSuccessCommand({ taskToken: token, output }));
    await expect(send('made up')).rejects.toMatchObject({ name: 'InvalidToken' });
    await expect(send(`AQ${'x'.repeat(86)}`)).rejects.toMatchObject({ name: 'TaskDoesNotExist' });
    await expect(send(taskToken, 'no json')).rejects.toMatchObject({ name: 'InvalidOutput' });
    await client.send(new StopExecutionCommand({ executionArn }));
    await expect(send(taskToken)).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('closes the token of a wait that timed out and hands a new one to the next attempt', async () => {
    const retry = [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 1 }];
    const { executionArn, tokens } = await waiting({ TimeoutSecondsPath: '$.wait', Retry: retry }, { wait: 1 });
    await vi.waitFor(() => expect(tokens).toHaveLength(2), { timeout: 5000 });
    const [first, second] = tokens;
    expect(first).not.toBe(second);
    const late = client.send(new SendTaskSuccessCommand({ taskToken: first, output: '{}' }));
    await expect(late).rejects.toMatchObject({ name: 'TaskTimedOut' });
    await client.send(new SendTaskSuccessCommand({ taskToken: second, output: '{"in":"time"}' }));
    expect((await ended(executionArn)).output).toBe('{"in":"time"}');
  });

  it('takes an answer that arrives before the function has returned', async () => {
    answer = async (payload) => {
      const { taskToken } = TokenSchema.parse(payload);
      await client.send(new SendTaskSuccessCommand({ taskToken, output: '"early"' }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    expect((await run({ Ask: { ...WAIT_FOR_TOKEN, End: true } })).output).toBe('early');
  });

  it('fails when the function that should pass the token on fails', async () => {
    answer = () => failWith('SMTP');
    expect(await run({ Ask: { ...WAIT_FOR_TOKEN, End: true } })).toMatchObject({ status: 'FAILED', error: 'SMTP' });
  });

  it('does not fire at once for waits of more than 24.8 days', async () => {
    const { executionArn } = await waiting({ TimeoutSecondsPath: '$.wait' }, { wait: 60 * 86_400 });
    service.createStateMachine({
      StateMachineName: 'long',
      DefinitionString: JSON.stringify({
        ...{ StartAt: 'W', TimeoutSeconds: 9e6, States: { W: { Type: 'Wait', Seconds: 8e6, End: true } } },
      }),
    });
    const start = new StartExecutionCommand({ stateMachineArn: MACHINE_ARN.replace('flow', 'long') });
    const { executionArn: long } = await client.send(start);
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const arn of [executionArn, long]) {
      expect((await client.send(new DescribeExecutionCommand({ executionArn: arn }))).status).toBe('RUNNING');
    }
  });
});

describe('the record of executions', () => {
  it('lists history with AWS event types, times and pages', async () => {
    answer = () => failWith('Flaky');
    const caught = [{ ErrorEquals: ['States.ALL'], Next: 'Done' }];
    machine({
      A: { ...CALL, Parameters: { FunctionName: FUNCTION_ARN }, Catch: caught, Next: 'Done' },
      Done: { Type: 'Succeed' },
    });
    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN }));
    await ended(executionArn);
    const history = await client.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(history.events?.map((event) => event.type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskFailed',
      'TaskStateExited',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
    expect(history.events?.[0]?.timestamp).toBeInstanceOf(Date);
    expect(history.events?.[1]?.stateEnteredEventDetails).toMatchObject({ name: 'A', input: '{}' });
    expect(history.events?.[4]?.taskFailedEventDetails).toMatchObject({ error: 'Flaky', resource: 'invoke' });
    const newest = await client.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 2 }),
    );
    expect(newest.events?.map((event) => event.id)).toEqual([9, 8]);
    const next = new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, nextToken: newest.nextToken });
    expect((await client.send(next)).events?.[0]?.id).toBe(7);
  });

  const typesOf = async (executionArn: string | undefined) => {
    const { events } = await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
    return events?.map(({ type }) => type) ?? [];
  };

  it('lists every try of a task, and a wait for a token as submitted until it is answered', async () => {
    let tries = 0;
    answer = () => {
      tries += 1;
      return tries === 1 ? failWith('Flaky') : {};
    };
    const retry = { Retry: [{ ErrorEquals: ['Flaky'], IntervalSeconds: 1 }] };
    machine({ A: { ...CALL, Parameters: { FunctionName: FUNCTION_ARN }, ...retry, End: true } });
    const flaky = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN }));
    await ended(flaky.executionArn);
    const aTry = ['TaskScheduled', 'TaskStarted'];
    expect(await typesOf(flaky.executionArn)).toEqual([
      ...['ExecutionStarted', 'TaskStateEntered', ...aTry, 'TaskFailed', ...aTry, 'TaskSucceeded'],
      ...['TaskStateExited', 'ExecutionSucceeded'],
    ]);
    const { executionArn, taskToken } = await waiting();
    expect((await typesOf(executionArn)).at(-1)).toBe('TaskSubmitted');
    await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await ended(executionArn);
    expect((await typesOf(executionArn)).slice(-3)).toEqual(['TaskSucceeded', 'TaskStateExited', 'ExecutionSucceeded']);
  });

  it('lists a loop with each of its items', async () => {
    const each = { ...CALL, Parameters: { FunctionName: FUNCTION_ARN }, End: true };
    machine({ Loop: { Type: 'Map', ItemProcessor: { StartAt: 'Each', States: { Each: each } }, End: true } });
    const { executionArn } = await client.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, input: '[1,2]' }),
    );
    await ended(executionArn);
    const types = await typesOf(executionArn);
    expect(types.slice(0, 3)).toEqual(['ExecutionStarted', 'MapStateEntered', 'MapStateStarted']);
    expect(types.slice(-3)).toEqual(['MapStateSucceeded', 'MapStateExited', 'ExecutionSucceeded']);
    const items = types.slice(3, -3);
    expect(items).toHaveLength(2 * EVENTS_PER_SHARD);
    expect(items.filter((type) => type === 'MapIterationSucceeded')).toHaveLength(2);
    expect(items.filter((type) => type === 'TaskStateExited')).toHaveLength(2);
  });

  it('lists for a look of a running stage, wait, task and choice, what a policy is budgeted for', async () => {
    const looks = 4;
    let left = looks;
    answer = () => {
      left -= 1;
      return { waitSeconds: 0, verdict: left === 0 ? 'PASS' : 'CONTINUE' };
    };
    machine({
      Wait: { Type: 'Wait', SecondsPath: '$.waitSeconds', Next: 'Judge' },
      Judge: { ...CALL, Parameters: { FunctionName: FUNCTION_ARN }, OutputPath: '$.Payload', Next: 'Verdict' },
      Verdict: {
        Type: 'Choice',
        Choices: [{ Variable: '$.verdict', StringEquals: 'CONTINUE', Next: 'Wait' }],
        Default: 'Done',
      },
      Done: { Type: 'Succeed' },
    });
    const input = '{"waitSeconds":0}';
    const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, input }));
    await ended(executionArn);
    const budget = (maxDuration: string, steps: readonly string[] = []) =>
      worstCaseEvents({ poll: 'PT1M', shadowPlan: { maxDuration }, canaryPlan: { maxDuration: 'PT1M', steps } });
    const beside = ['ExecutionStarted', 'SucceedStateEntered', 'SucceedStateExited', 'ExecutionSucceeded'].length;
    const perLook = ((await typesOf(executionArn)).length - beside) / looks;
    expect(perLook).toBe(budget('PT2M') - budget('PT1M'));
    // A step of the canary is one more task, and the wait that follows is a look.
    expect(perLook - ['wait', 'choice'].length * 2).toBe(budget('PT1M', ['step']) - budget('PT1M'));
  });

  it.each([undefined, 'soon', -1, 1.5])('fails at a wait for %j seconds', async (waitSeconds) => {
    const wait = { Type: 'Wait', SecondsPath: '$.waitSeconds', End: true };
    expect(await run({ Wait: wait }, { waitSeconds })).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  it('never shows a task token', async () => {
    const { executionArn, taskToken } = await waiting();
    await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await ended(executionArn);
    expect(JSON.stringify([service.snapshot(), changes])).not.toContain(taskToken);
  });

  it('lists executions newest first and by status, and the machines', async () => {
    const { executionArn } = await waiting();
    const second = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'second' }));
    await client.send(
      new StopExecutionCommand({ executionArn: second.executionArn, error: 'CLOSED', cause: 'by hand' }),
    );
    const list = async (statusFilter?: 'RUNNING' | 'ABORTED') => {
      const page = await client.send(new ListExecutionsCommand({ stateMachineArn: MACHINE_ARN, statusFilter }));
      return page.executions?.map((execution) => execution.executionArn);
    };
    expect(await list()).toEqual([second.executionArn, executionArn]);
    expect(await list('RUNNING')).toEqual([executionArn]);
    expect(await list('ABORTED')).toEqual([second.executionArn]);
    const stopped = await client.send(new DescribeExecutionCommand({ executionArn: second.executionArn }));
    expect(stopped).toMatchObject({ status: 'ABORTED', error: 'CLOSED', cause: 'by hand', stopDate: expect.any(Date) });
    const machines = await client.send(new ListStateMachinesCommand({}));
    expect(machines.stateMachines).toMatchObject([{ name: 'flow', type: 'STANDARD' }]);
  });

  it('tells each change of status in the shape of the EventBridge event', async () => {
    await run({ Done: { Type: 'Succeed' } }, { model: 'm' });
    expect(changes).toMatchObject([
      { status: 'RUNNING', stopDate: null, output: null },
      {
        status: 'SUCCEEDED',
        stateMachineArn: MACHINE_ARN,
        startDate: expect.any(Number),
        stopDate: expect.any(Number),
        input: '{"model":"m"}',
        output: '{"model":"m"}',
        error: null,
      },
    ]);
    expect(changes[0]).not.toHaveProperty('history');
  });

  it('brings executions back, those that were open as ABORTED', async () => {
    machine({ Done: { Type: 'Succeed' } });
    const finished = await client.send(new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name: 'finished' }));
    await ended(finished.executionArn);
    const { executionArn, taskToken } = await waiting();
    await served.stop();
    const snapshot = JSON.parse(JSON.stringify(service.snapshot()));
    changes = [];
    service = create();
    served = await serveOne('states', service);
    client = new SFNClient(served.client);
    machine({ Done: { Type: 'Succeed' } });
    service.restore(snapshot);
    expect(await ended(finished.executionArn)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await ended(executionArn)).toMatchObject({ status: 'ABORTED', stopDate: expect.any(Date) });
    expect(changes).toMatchObject([{ executionArn, status: 'ABORTED' }]);
    const late = client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await expect(late).rejects.toMatchObject({ name: 'TaskDoesNotExist' });
  });

  it('answers an operation that it does not know by name', async () => {
    const response = await fetch(served.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSStepFunctions.constructor', 'content-type': 'application/x-amz-json-1.0' },
      body: '{}',
    });
    expect(await response.json()).toMatchObject({ __type: 'UnknownOperationException' });
  });
});
