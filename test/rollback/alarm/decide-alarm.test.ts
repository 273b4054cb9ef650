import { describe, expect, it } from 'vitest';
import {
  alertId,
  decideAlarm,
  type Figures,
  type ModelLook,
  type Role,
  rollbackName,
} from '../../../functions/rollback/alarm/decide-alarm.ts';

const figures = (over: Partial<Figures> = {}): Figures => ({
  ...{ asked: 1000, missing: 0, invalid: 0, answeredMinutes: 10, slowMinutes: 0 },
  ...over,
});
const version = (role: Role, over: Partial<Figures> = {}, name = role === 'production' ? '2.0' : '3.0') => ({
  ...{ version: name, role },
  figures: figures(over),
});
const model = (versions: ModelLook['versions'], over: Partial<ModelLook> = {}): ModelLook => ({
  ...{ model: 'demand', versions, goesBack: true, hasReturn: true, minVolume: 0.8, requestsFailed: 0, notLogged: 0 },
  ...over,
});
const FAILING = { missing: 201 };
const other = (over: Partial<Figures> = {}) => model([version('production', over)], { model: 'other' });
const decided = (...models: readonly ModelLook[]) =>
  decideAlarm(models).map(({ kind, signal, model: name, version: at, cause }) => [kind, signal, name, at, cause]);

describe('A version in production that fails', () => {
  it('goes back when it leaves out more than the guard would accept of a day', () => {
    expect(decided(model([version('production', FAILING)]), other())).toEqual([
      ['rollback', 'production-failing', 'demand', '2.0', 'infrastructure'],
    ]);
    expect(decided(model([version('production', { missing: 200 })]))).toEqual([]);
    expect(decided(model([version('production', { missing: 1, invalid: 300 })]))).toEqual([
      ['rollback', 'production-failing', 'demand', '2.0', 'data-corruption'],
    ]);
    expect(decided(model([version('production', FAILING)], { minVolume: 0.5 }))).toEqual([]);
  });

  it('says how many of how many', () => {
    const [answer] = decideAlarm([model([version('production', { missing: 300, invalid: 12 })])]);
    expect(answer?.headline).toBe(
      'Version 2.0 of demand in production failed 312 of 1000 forecasts (300 missing, 12 invalid).',
    );
  });

  it.each([
    ['too little was asked for', [model([version('production', { asked: 199, missing: 199 })])], /too few/],
    ['it is confirmed', [model([version('production', FAILING)], { goesBack: false })], /confirmed/],
    [
      'there is nothing to go back to',
      [model([version('production', FAILING)], { hasReturn: false })],
      /nothing to go/,
    ],
    [
      'the version beside it fails alike',
      [model([version('production', FAILING), version('beside', FAILING)])],
      /upstream/,
    ],
    ['its candidate fails alike', [model([version('production', FAILING), version('canary', FAILING)])], /upstream/],
    ['half of the models fail alike', [model([version('production', FAILING)]), other(FAILING)], /Other models/],
  ] as const)('is told of and stays when %s', (_, models, why) => {
    const answers = decideAlarm(models);
    expect(answers.length).toBeGreaterThan(0);
    for (const { kind } of answers) expect(kind).toBe('alert');
    expect(answers[0]).toMatchObject({ version: '2.0', detail: expect.stringMatching(why) });
  });

  it('goes back although one of many other models fails too, and although others are hardly asked', () => {
    const calm = ['b', 'c', 'd'].map((name) => model([version('production')], { model: name }));
    expect(decided(model([version('production', FAILING)]), other(FAILING), ...calm).map(([kind]) => kind)).toEqual([
      'rollback',
      'rollback',
    ]);
    expect(decided(model([version('production', FAILING)]), other({ asked: 3 }))).toHaveLength(1);
  });

  it('goes back when it is slow in most minutes, and not for a few', () => {
    const slow = (slowMinutes: number, answeredMinutes = 10) =>
      decided(model([version('production', { slowMinutes, answeredMinutes })]));
    expect(slow(6)).toEqual([['rollback', 'forecast-slow', 'demand', '2.0', 'infrastructure']]);
    expect([slow(5), slow(2, 2)]).toEqual([[], []]);
    expect(slow(3, 3)).toHaveLength(1);
  });

  it('is nothing to speak of when nobody asked it', () => {
    const nothing = { asked: 0, answeredMinutes: 0 };
    expect(decided(model([version('production', nothing), version('canary', nothing)]))).toEqual([]);
  });
});

describe('A candidate that fails', () => {
  it('is withdrawn from the canary, whatever is known of the version in production', () => {
    const confirmed = { goesBack: false, hasReturn: false };
    expect(decided(model([version('production'), version('canary', FAILING)], confirmed))).toEqual([
      ['rollback', 'candidate-failing', 'demand', '3.0', 'infrastructure'],
    ]);
  });

  it('is told of in the shadow and beside production, where no caller gets anything of it', () => {
    for (const role of ['shadow', 'beside'] as const) {
      expect(decided(model([version('production'), version(role, FAILING)]))).toEqual([
        ['alert', 'candidate-failing', 'demand', '3.0', 'infrastructure'],
      ]);
    }
  });
});

describe('What no version is at fault for', () => {
  it('is told to people, and takes nothing back', () => {
    expect(decided(model([version('production')], { requestsFailed: 2, notLogged: 3 }))).toEqual([
      ['alert', 'forecast-failing', 'demand', '', 'infrastructure'],
      ['alert', 'predictions-not-logged', 'demand', '', 'infrastructure'],
    ]);
  });
});

describe('An answer', () => {
  const [rollback] = decideAlarm([model([version('production', FAILING)])]);
  const [alert] = decideAlarm([model([version('production', FAILING)], { goesBack: false })]);
  if (rollback === undefined || alert === undefined) throw new Error('Nothing was decided.');

  it('has one name for all looks of a quarter of an hour, which is the name of an execution', () => {
    const name = rollbackName(rollback, '2026-03-01T10:00:00.000Z');
    expect(name).toMatch(/^[\w-]{1,80}$/);
    expect(rollbackName(rollback, '2026-03-01T10:14:59.000Z')).toBe(name);
    expect(rollbackName(rollback, '2026-03-01T10:15:00.000Z')).not.toBe(name);
    expect(rollbackName({ ...rollback, version: '2.1' }, '2026-03-01T10:00:00.000Z')).not.toBe(name);
    expect(alertId(rollback, '2026-03-01T10:00:00.000Z')).toBe(name);
  });

  it('is told once a day where nothing goes back', () => {
    const id = alertId(alert, '2026-03-01T10:00:00.000Z');
    expect(alertId(alert, '2026-03-01T23:00:00.000Z')).toBe(id);
    expect(alertId(alert, '2026-03-02T00:00:00.000Z')).not.toBe(id);
  });
});
