import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadDefinition } from '../../infra/local/step-functions/state-machine-definition.ts';

const CALL = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:step' },
};

const loop = (processor: Record<string, unknown> = {}) => ({
  Type: 'Map',
  ItemProcessor: { StartAt: 'B', States: { B: { Type: 'Pass', End: true } }, ...processor },
});

function load(state: Record<string, unknown>, top: Record<string, unknown> = {}) {
  return loadDefinition(JSON.stringify({ StartAt: 'A', States: { A: { End: true, ...state } }, ...top }));
}

describe('a definition that cannot run here', () => {
  it.each([
    ['JSONata of the machine', { Type: 'Pass' }, { QueryLanguage: 'JSONata' }, 'QueryLanguage'],
    ['JSONata of a state', { Type: 'Pass', QueryLanguage: 'JSONata' }, {}, 'QueryLanguage'],
    ['heartbeats', { ...CALL, HeartbeatSeconds: 5 }, {}, 'HeartbeatSeconds'],
    ['variables', { Type: 'Pass', Assign: { 'a.$': '$.b' } }, {}, 'Assign'],
    ['a loop over nothing', { Type: 'Map' }, {}, 'ItemProcessor'],
    ['executions of their own for items', loop({ ProcessorConfig: { Mode: 'DISTRIBUTED' } }), {}, 'Mode'],
    ['a loop in a loop', loop({ States: { B: { ...loop(), End: true } } }), {}, 'Type'],
    [
      'one name for two states',
      loop({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } }),
      {},
      'already exists: A',
    ],
    [
      'an item outside of a loop',
      { Type: 'Pass', Parameters: { 'i.$': '$$.Map.Item.Value' } },
      {},
      'no $$.Map.Item.Value',
    ],
    ['another service', { ...CALL, Resource: 'arn:aws:states:::sns:publish' }, {}, 'Resource'],
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
  ])('is refused with the reason: %s', (_what, state, top, reason) => {
    const refused = expect(() => load(state, top));
    refused.toThrow(expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringContaining(reason) }));
  });

  it('is refused when it is not JSON', () => {
    expect(() => loadDefinition('{')).toThrow('Invalid State Machine Definition');
  });

  it('names all faults at once', () => {
    const load2 = () => load({ ...CALL, HeartbeatSeconds: 5, Credentials: {} });
    expect(load2).toThrow(/"HeartbeatSeconds", "Credentials"/);
  });
});

describe('a definition that can', () => {
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
