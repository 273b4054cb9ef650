import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadDefinition } from '../../infra/local/step-functions/state-machine-definition.ts';

const CALL = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:step' },
};

function load(state: Record<string, unknown>, top: Record<string, unknown> = {}) {
  return loadDefinition(JSON.stringify({ StartAt: 'A', States: { A: { End: true, ...state } }, ...top }), 2);
}

describe('a definition that cannot run here', () => {
  it.each([
    ['JSONata of the machine', { Type: 'Pass' }, { QueryLanguage: 'JSONata' }, 'JSONata'],
    ['JSONata of a state', { Type: 'Pass', QueryLanguage: 'JSONata' }, {}, 'JSONata of state A'],
    ['heartbeats', { ...CALL, HeartbeatSeconds: 5 }, {}, 'HeartbeatSeconds of state A'],
    ['variables', { Type: 'Pass', Assign: { 'a.$': '$.b' } }, {}, 'Assign of state A'],
    ['another service', { Type: 'Task', Resource: 'arn:aws:states:::sns:publish', Parameters: {} }, {}, 'sns:publish'],
    ['a job to wait for', { ...CALL, Resource: 'arn:aws:states:::ecs:runTask.sync' }, {}, 'runTask.sync'],
    [
      'a fire-and-forget call',
      { ...CALL, Parameters: { ...CALL.Parameters, InvocationType: 'Event' } },
      {},
      'InvocationType',
    ],
    ['a call of no function', { ...CALL, Parameters: {} }, {}, 'FunctionName'],
    ['a wait that passes no token on', { ...CALL, Resource: `${CALL.Resource}.waitForTaskToken` }, {}, 'Task.Token'],
    ['a token where none is', { Type: 'Pass', Parameters: { 't.$': '$$.Task.Token' } }, {}, 'Task.Token'],
    ['unknown context', { Type: 'Pass', Parameters: { 't.$': '$$.State.RetryCount' } }, {}, '$$.State.RetryCount'],
    ['a dangling transition', { Type: 'Pass', End: undefined, Next: 'Nowhere' }, {}, 'Nowhere'],
    ['a start that is no state', { Type: 'Pass' }, { StartAt: 'Z' }, 'StartAt'],
    [
      'a distributed map',
      {
        Type: 'Map',
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: { Type: 'Succeed' } } },
      },
      {},
      'distributed map A',
    ],
    [
      'two states of one name',
      { Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: { Type: 'Succeed' } } }] },
      {},
      'A is used twice',
    ],
  ])('is refused with the reason: %s', (_what, state, top, reason) => {
    const refused = expect(() => load(state, top));
    refused.toThrow(expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringContaining(reason) }));
  });

  it('is refused when it is not JSON or larger than 1 MiB', () => {
    expect(() => loadDefinition('{')).toThrow('INVALID_JSON_DESCRIPTION');
    expect(() => loadDefinition(' '.repeat(1024 * 1024 + 1))).toThrow('1 MiB');
  });

  it('names all faults at once', () => {
    const load2 = () => load({ ...CALL, HeartbeatSeconds: 5, Credentials: {} });
    expect(load2).toThrow(/Credentials of state A.*HeartbeatSeconds of state A/);
  });
});

describe('a definition that can', () => {
  it('caps the waits between retries and leaves the rest of a retrier', () => {
    const { definition } = load({
      ...CALL,
      Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 60, MaxAttempts: 4 }],
    });
    expect(definition.States['A']).toMatchObject({
      Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 60, MaxAttempts: 4, MaxDelaySeconds: 2 }],
    });
  });

  it('lets a task without a timeout wait as long as an execution may last', () => {
    const { definition } = load(CALL);
    expect(definition.States['A']).toMatchObject({ Parameters: { timeoutSeconds: 365 * 86_400 } });
  });

  it.each(readdirSync('state-machines').filter((file) => file.endsWith('.asl.json')))(
    'runs this project: %s',
    (file) => {
      const text = readFileSync(`state-machines/${file}`, 'utf8').replace(
        /\$\{\w+\}/g,
        'arn:aws:lambda:eu-west-1:000000000000:function:step',
      );
      expect(loadDefinition(text).tasks.size).toBeGreaterThan(0);
    },
  );
});
