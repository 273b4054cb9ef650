import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEVELS } from '../../functions/kill-switch/items.ts';
import { functionOf, statesOf } from '../fakes/machines.ts';
import { ROOT } from './sources.ts';

/** States that the walks of the fault tests pass, as they name them. */
function passedBy(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, 'test', 'fakes', file), 'utf8');
  return [...text.matchAll(/\bstate: '(\w+)'/g)].map(([, name = '']) => name);
}

const PASSED = { promotion: passedBy('walk.ts'), rollback: passedBy('goings-back.ts') };

describe('The fault tests of promotion and rollback', () => {
  it('know no state that the machines do not have', () => {
    for (const machine of ['promotion', 'rollback'] as const) {
      const states = Object.keys(statesOf(machine));
      expect(PASSED[machine].filter((name) => !states.includes(name))).toEqual([]);
    }
  });

  it('disturb every function that a state of either machine calls', () => {
    const functions = (machine: 'promotion' | 'rollback', names: readonly string[]) => {
      const states = statesOf(machine);
      return names.flatMap((name) => (states[name] === undefined ? [] : (functionOf(states[name]) ?? [])));
    };
    const disturbed = [...functions('promotion', PASSED.promotion), ...functions('rollback', PASSED.rollback)];
    const called = (['promotion', 'rollback'] as const).flatMap((machine) =>
      functions(machine, Object.keys(statesOf(machine))),
    );
    expect(called.length).toBeGreaterThan(20);
    expect([...new Set(called)].filter((name) => !disturbed.includes(name))).toEqual([]);
  });

  it('disturb every state of a rollback, and every state on the way of a promotion into production', () => {
    const calling = (machine: 'promotion' | 'rollback') =>
      Object.entries(statesOf(machine)).flatMap(([name, state]) => (functionOf(state) === null ? [] : [name]));
    expect(calling('rollback').filter((name) => !PASSED.rollback.includes(name))).toEqual([]);
    // The functions of these are disturbed under another state's name.
    const again = ['SumShard', 'MergeShards', 'EndExposure', 'TakeOut', 'ConfirmTakeOut', 'RecordTakeOut'];
    const failing = ['EndExposureOfFailed', 'CloseFailed', 'NoticeOfFailure'];
    const left = calling('promotion').filter((name) => !PASSED.promotion.includes(name));
    expect(left.toSorted()).toEqual([...again, ...failing].toSorted());
  });
});

describe('The fault tests of the kill switch', () => {
  it('throw it at every level', () => {
    const text = readFileSync(join(ROOT, 'test', 'faults', 'kill-switch-calls.test.ts'), 'utf8');
    const thrown = [...text.matchAll(/eachCall\(\{ level: '(\w+)'/g)].map(([, level = '']) => level);
    expect(LEVELS.filter((level) => !thrown.includes(level))).toEqual([]);
  });

  it('leave it by every state that nothing else passes, and know no state that the machine does not have', () => {
    const states = statesOf('onboarding');
    const passed = passedBy('stops.ts');
    expect(passed.filter((name) => states[name] === undefined)).toEqual([]);
    const choices = Object.values(states).flatMap(({ Choices }) => Choices);
    const calling: string[] = [];
    let next = choices.find(({ StringEquals }) => StringEquals === 'restore')?.Next;
    for (
      let state = states[next ?? ''];
      state !== undefined && functionOf(state) !== null;
      state = states[next ?? '']
    ) {
      calling.push(next ?? '');
      next = state.Next;
    }
    expect(calling.length).toBeGreaterThan(0);
    expect(calling.filter((name) => !passed.includes(name))).toEqual([]);
  });
});
