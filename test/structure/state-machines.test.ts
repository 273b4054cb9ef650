import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ERRORS } from '../../functions/platform/errors.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { EVENT_SCHEMA_FILE, eventSchema, inputSchemas } from '../../infra/input-schemas.ts';
import { ROOT } from './sources.ts';

const folder = join(ROOT, 'state-machines');
const catcher = z.looseObject({ ErrorEquals: z.array(z.string()), Next: z.string() });
const stepSchema = z.looseObject({
  Type: z.string(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  End: z.boolean().optional(),
  Choices: z.array(z.looseObject({ Next: z.string() })).optional(),
  Retry: z.array(z.looseObject({ ErrorEquals: z.array(z.string()), MaxAttempts: z.number().optional() })).optional(),
  Catch: z.array(catcher).optional(),
  Parameters: z.looseObject({}).optional(),
  TimeoutSeconds: z.number().optional(),
  TimeoutSecondsPath: z.string().optional(),
});
/** A loop has states of its own; what fails in them fails the loop. */
const stateSchema = stepSchema.extend({
  ItemProcessor: z.looseObject({ StartAt: z.string(), States: z.record(z.string(), stepSchema) }).optional(),
});
const machineSchema = z.looseObject({ StartAt: z.string(), States: z.record(z.string(), stateSchema) });

const machines = readdirSync(folder)
  .filter((name) => name.endsWith('.asl.json'))
  .map((name) => ({ name, machine: machineSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8'))) }));

const tasks = machines.flatMap(({ name, machine }) =>
  Object.entries(machine.States)
    .flatMap(([state, definition]) => [
      { state, definition, caught: definition.Catch },
      ...Object.entries(definition.ItemProcessor?.States ?? {}).map(([inner, step]) => ({
        ...{ state: inner, definition: step, caught: definition.Catch },
      })),
    ])
    .filter(({ definition }) => definition.Type === 'Task')
    .map(({ state, definition, caught }) => ({ where: `${name} ${state}`, definition, caught })),
);

describe('The state machines', () => {
  it.each(machines)('$name leads every state somewhere, and reaches every state', ({ machine }) => {
    const exits = (state: z.infer<typeof stateSchema>) =>
      [
        state.Next,
        state.Default,
        ...(state.Choices ?? []).map((one) => one.Next),
        ...(state.Catch ?? []).map((one) => one.Next),
      ].filter((one) => one !== undefined);
    const reached = new Set<string>();
    const walk = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      const state = machine.States[name];
      expect(state, name).toBeDefined();
      if (state === undefined) return;
      expect(exits(state).length > 0 || state.End === true || ['Succeed', 'Fail'].includes(state.Type), name).toBe(
        true,
      );
      for (const next of exits(state)) walk(next);
    };
    walk(machine.StartAt);
    expect([...reached].toSorted()).toEqual(Object.keys(machine.States).toSorted());
  });

  it.each(machines)('$name leads every state of a loop to its end', ({ machine }) => {
    for (const { ItemProcessor: loop } of Object.values(machine.States)) {
      if (loop === undefined) continue;
      expect(Object.keys(loop.States)).toEqual([loop.StartAt]);
      expect(Object.values(loop.States).every(({ End }) => End === true)).toBe(true);
    }
  });

  it('give every task a timeout and a way for its failure', () => {
    const without = tasks
      .filter(({ definition, caught }) => {
        const timed = definition.TimeoutSeconds !== undefined || definition.TimeoutSecondsPath !== undefined;
        return !timed || !caught?.some((one) => one.ErrorEquals.includes('States.ALL'));
      })
      .map(({ where }) => where);
    expect(without).toEqual([]);
  });

  it('repeat no step on an error of ours that repeating cannot mend', () => {
    const final = Object.entries(ERRORS).flatMap(([code, { retry }]) => (retry ? [] : [code]));
    const wrong = tasks
      .filter(({ definition }) => definition.Retry?.some((one) => one.ErrorEquals.includes('States.TaskFailed')))
      .filter(({ definition }) => {
        const never = definition.Retry?.find((one) => one.MaxAttempts === 0)?.ErrorEquals ?? [];
        return JSON.stringify(never.toSorted()) !== JSON.stringify(final.toSorted());
      })
      .map(({ where }) => where);
    expect(wrong).toEqual([]);
  });

  it('wake a waiting execution only into ReadGate, whatever woke it', () => {
    const waiting = tasks.filter(({ definition }) => JSON.stringify(definition).includes('waitForTaskToken'));
    expect(waiting.map(({ where }) => where)).toEqual([
      'onboarding.asl.json AwaitDecision',
      'promotion.asl.json AwaitDecision',
    ]);
    for (const { definition } of waiting) {
      expect(definition.Next).toBe('ReadGate');
      expect(definition.Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'ReadGate' }]);
    }
  });

  it('hand the task token to the sender of requests alone', () => {
    const holders = tasks.filter(({ definition }) => JSON.stringify(definition).includes('Task.Token'));
    for (const { definition } of holders) {
      expect(definition.Parameters).toMatchObject({ FunctionName: `\${RequestApprovalArn}` });
    }
  });

  it('name only functions that the stack has', () => {
    const known = FUNCTIONS.map(
      ({ name }) =>
        `${name
          .split('-')
          .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
          .join('')}Arn`,
    );
    const named = tasks.map(({ definition }) => /\$\{(\w+)\}/.exec(JSON.stringify(definition))?.[1] ?? 'nothing');
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('keep the JSON Schemas of their inputs beside them, as the types are now', () => {
    for (const [name, text] of inputSchemas()) {
      expect(readFileSync(join(folder, name), 'utf8'), `run: npm run schemas (${name})`).toBe(text);
    }
  });

  it('keep the JSON Schema of the events that other systems are told beside their types', () => {
    const kept = readFileSync(join(import.meta.dirname, '../..', EVENT_SCHEMA_FILE), 'utf8');
    expect(kept, 'run: npm run schemas').toBe(eventSchema());
  });
});
