import { describe, expect, it } from 'vitest';
import { notArmed, refusedAs } from '../../functions/kill-switch/armed.ts';
import {
  parseKillSwitchArguments,
  resolveKillSwitch,
} from '../../functions/kill-switch/command/kill-switch-arguments.ts';
import { exitCodeOf, killSwitchText } from '../../functions/kill-switch/command/kill-switch-text.ts';
import { decideSwitch } from '../../functions/kill-switch/decide-switch.ts';
import { parseKillSwitchInput } from '../../functions/kill-switch/input.ts';
import type { KillSwitchItem } from '../../functions/kill-switch/items.ts';
import { type RemindPorts, remind } from '../../functions/kill-switch/remind.ts';
import { dueReminder } from '../../functions/kill-switch/reminder.ts';
import { carries, widened } from '../../functions/pointer/switch.ts';
import { modelItem } from '../approval/fixtures.ts';
import { PIPELINE } from '../fakes/inputs.ts';

const NOW = '2026-03-01T08:00:00.000Z';
const INPUT = {
  ...{ model: 'demand', level: 'model', reason: 'Orders are far too high.', requestedBy: PIPELINE },
  expiresAt: '2026-03-03T08:00:00Z',
};

describe('The input of the kill switch', () => {
  it('is refused with every fault at once', () => {
    const bad = {
      ...INPUT,
      level: 'canary',
      segments: ['north'],
      fallback: 'mean',
      reason: 'Bad',
      expiresAt: '2026-02-01T00:00:00Z',
    };
    const parsed = parseKillSwitchInput(bad, NOW);
    expect(parsed.ok ? [] : parsed.reasons.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'INVALID_FIELD segments.0',
      'INVALID_FIELD fallback',
      'INVALID_FIELD reason',
      'NOT_AT_THIS_LEVEL segments',
      'NOT_AT_THIS_LEVEL fallback',
      'EXPIRY_OUT_OF_RANGE expiresAt',
    ]);
  });

  it('cannot stand for months', () => {
    const parsed = parseKillSwitchInput({ ...INPUT, expiresAt: '2026-06-01T00:00:00Z' }, NOW);
    expect(parsed).toMatchObject({ ok: false, reasons: [{ code: 'EXPIRY_OUT_OF_RANGE' }] });
  });

  it.each([null, 7, 'model', [], { ...INPUT, requestedBy: 'system:guard' }])('is none: %j', (value) => {
    expect(parseKillSwitchInput(value, NOW).ok).toBe(false);
  });
});

describe('A throw', () => {
  const live = { productionVersion: '1.0', fallback: '', fallbackSegments: [] };
  const ask = { live, standing: null, segments: [], fallback: null, safeForecast: 'seasonal-naive' };
  const north = { ...live, fallback: 'weekday-mean', fallbackSegments: ['region:north'] };

  it('only widens what stands, and keeps its forecast unless another is named', () => {
    expect(decideSwitch({ ...ask, live: north, segments: ['tier:gold'] })).toEqual({
      outcome: 'throw',
      to: { fallback: 'weekday-mean', fallbackSegments: ['region:north', 'tier:gold'] },
    });
    expect(decideSwitch({ ...ask, live: { ...north, fallbackSegments: [] }, segments: ['tier:gold'] })).toMatchObject({
      outcome: 'stands',
    });
    expect(decideSwitch({ ...ask, live: north, segments: ['region:north'], fallback: 'seasonal-naive' })).toMatchObject(
      {
        outcome: 'throw',
        to: { fallback: 'seasonal-naive' },
      },
    );
  });

  it('has nothing to do where the safe forecast serves everything, but may single segments out before a first canary', () => {
    const none = { productionVersion: '', fallback: 'seasonal-naive', fallbackSegments: [] };
    expect(decideSwitch({ ...ask, live: none })).toMatchObject({
      outcome: 'refuse',
      reasons: [{ code: 'SAFE_FORECAST_SERVES' }],
    });
    expect(decideSwitch({ ...ask, live: none, segments: ['region:north'] })).toMatchObject({ outcome: 'throw' });
  });

  it('never narrows what the registry has standing where the document cannot say it, or lost it', () => {
    const none = { productionVersion: '', fallback: 'seasonal-naive', fallbackSegments: [] };
    const whole = { fallback: 'seasonal-naive', fallbackSegments: [] };
    const asked = { ...ask, segments: ['region:north'] };
    expect(decideSwitch({ ...asked, live: none, standing: whole })).toEqual({ outcome: 'stands', to: whole });
    expect(decideSwitch({ ...asked, live: none, standing: whole, fallback: 'weekday-mean' })).toEqual({
      outcome: 'throw',
      to: { fallback: 'weekday-mean', fallbackSegments: [] },
    });
    expect(decideSwitch({ ...asked, standing: whole })).toEqual({ outcome: 'throw', to: whole });
    const gold = { fallback: 'weekday-mean', fallbackSegments: ['tier:gold'] };
    expect(decideSwitch({ ...asked, standing: gold })).toEqual({
      outcome: 'throw',
      to: { fallback: 'weekday-mean', fallbackSegments: ['region:north', 'tier:gold'] },
    });
  });

  it('takes nothing but forecast and segments of what it widens', () => {
    const item = { fallback: 'weekday-mean', fallbackSegments: ['region:north'], ledgerSeq: 7 };
    expect(widened(item, null)).toEqual({ fallback: 'weekday-mean', fallbackSegments: ['region:north'] });
  });

  it('is carried by a document that covers as much by the same forecast', () => {
    const standing = { fallback: 'weekday-mean', fallbackSegments: ['region:north'] };
    expect(carries(north, standing)).toBe(true);
    expect(carries({ ...north, fallbackSegments: [] }, standing)).toBe(true);
    expect(carries({ ...north, fallbackSegments: ['region:south'] }, standing)).toBe(false);
    expect(carries(north, { ...standing, fallbackSegments: [] })).toBe(false);
    expect(carries({ ...north, fallback: 'seasonal-naive' }, standing)).toBe(false);
    expect(carries(live, null)).toBe(true);
  });
});

describe('A reminder', () => {
  const item = (over: object = {}): KillSwitchItem => ({
    ...{ model: 'demand', level: 'model', reason: 'Orders.', requestedBy: PIPELINE, thrownAt: NOW, ledgerSeq: 7 },
    ...{ expiresAt: '2026-03-03T08:00:00.000Z', fallback: 'weekday-mean', fallbackSegments: ['region:north'] },
    ...{ documentSha256: '', deploymentNumber: 4 },
    ...over,
  });
  const stopped = (over: object = {}): KillSwitchItem => ({
    ...{ model: 'demand', level: 'canary', promotionId: 'demand_2-0_1', version: '2.0', reason: 'Orders.' },
    ...{ requestedBy: PIPELINE, thrownAt: NOW, expiresAt: '2026-03-03T08:00:00.000Z', ledgerSeq: 9, ...over },
  });

  it.each([
    ['2026-03-02T07:00:00.000Z', item(), null],
    ['2026-03-02T09:00:00.000Z', item(), 'soon'],
    ['2026-03-02T21:00:00.000Z', item({ remindedOn: '2026-03-02' }), null],
    ['2026-03-03T09:00:00.000Z', item({ remindedOn: '2026-03-02' }), 'expired'],
    ['2026-03-09T09:00:00.000Z', item({ remindedOn: '2026-03-08' }), 'expired'],
    ['2026-03-02T09:00:00.000Z', stopped(), 'soon'],
    ['2026-03-09T09:00:00.000Z', stopped({ remindedOn: '2026-03-02' }), null],
  ] as const)('at %s is %#', (now, one, due) => {
    expect(dueReminder(one, now)).toBe(due);
  });

  it('goes to owner and thrower once a day, escalates after the expiry, and never ends the switch', async () => {
    let items: readonly KillSwitchItem[] = [item(), stopped()];
    const [sent, alarms]: [string[], string[]] = [[], []];
    const ports: RemindPorts = {
      registry: { modelNames: async () => ['demand'], model: async () => modelItem({ model: 'demand' }) },
      switches: {
        all: async () => items,
        reminded: async (one, remindedOn) => {
          items = items.map((other) => (other.ledgerSeq === one.ledgerSeq ? { ...other, remindedOn } : other));
        },
      },
      announce: async ({ subject }) => sent.push(subject),
      escalate: ({ model }) => alarms.push(model),
    };
    for (const hour of ['02T09', '02T10', '03T09', '03T10', '04T09']) await remind(ports, `2026-03-${hour}:00:00.000Z`);
    expect(sent).toEqual([
      'Expires soon: kill switch of demand',
      'Expires soon: kill switch of demand (canary 2.0)',
      'Expired: kill switch of demand',
      'Expired: kill switch of demand',
    ]);
    expect(alarms).toEqual(['demand', 'demand']);
    expect(items).toHaveLength(2);
  });
});

describe('The command line', () => {
  const outputs = JSON.stringify({
    ModelRelease: { KillSwitchFunctionName: 'stop', ApprovalBaseUrl: 'http://127.0.0.1:4566/x' },
  });
  const resolve = (...argv: string[]) =>
    resolveKillSwitch(parseKillSwitchArguments(argv), outputs, { environment: {}, now: NOW });

  it('calls the function that the outputs name, where they say', () => {
    const argv = [
      '--model',
      'demand',
      '--level',
      'model',
      '--segment',
      'region:north',
      '--reason',
      'Orders are too high.',
    ];
    expect(resolve(...argv, '--expires', 'P2D', '--name', 'Opal', '--email', 'opal@shop.example')).toEqual({
      command: {
        functionName: 'stop',
        where: { endpoint: 'http://127.0.0.1:4566', region: 'eu-west-1', isLocal: true },
        event: {
          ...{ model: 'demand', level: 'model', reason: 'Orders are too high.', segments: ['region:north'] },
          ...{ requestedBy: { name: 'Opal', email: 'opal@shop.example' }, expiresAt: '2026-03-03T08:00:00.000Z' },
        },
      },
    });
    expect(resolve('--model', 'demand', '--dry-run')).toMatchObject({
      command: { event: { model: 'demand', dryRun: true } },
    });
  });

  it('says all that is wrong with what was typed', () => {
    const found = resolve('stray', '--level', 'everything', '--colour', 'red', '--model');
    const paths = 'faults' in found ? found.faults.map(({ path }) => path) : [];
    expect(paths).toEqual([
      ...['stray', '--colour', 'red', '--model', '--model', '--level'],
      '--reason',
      '--name, --email',
    ]);
  });

  it('throws nothing and asks nothing when what was typed may mean either', () => {
    const found = resolve('--model', 'Demand!', '--dry-run=false');
    expect('faults' in found && found.faults.map(({ path }) => path)).toEqual(['--dry-run', '--model']);
  });

  it('names the option of each segment that is none', () => {
    const found = resolve(
      ...['--model', 'demand', '--level', 'model', '--reason', 'Orders are too high.', '--segment', 'north'],
      ...['--name', 'Opal', '--email', 'opal@shop.example'],
    );
    expect('faults' in found && found.faults).toMatchObject([{ path: '--segment', got: 'north' }]);
  });

  it('answers 0 only when it is stopped, and recorded', () => {
    const answer = { model: 'demand', outcome: 'thrown', reasons: [] };
    expect(exitCodeOf({ ...answer, recorded: true })).toBe(0);
    expect(exitCodeOf({ ...answer, recorded: false })).toBe(1);
    expect(exitCodeOf({ ...answer, outcome: 'nothing-to-stop' })).toBe(1);
    expect(exitCodeOf({ armed: false, checks: [] })).toBe(1);
    expect(killSwitchText({ ...answer, fallback: 'weekday-mean', fallbackSegments: ['region:north'] })).toBe(
      'demand: thrown (weekday-mean serves region:north)',
    );
  });
});

describe('A proof by refusal', () => {
  const named = (name: string) => () => Promise.reject(Object.assign(new Error('No.'), { name }));

  it('holds only for the error that says that the right is there', async () => {
    expect(await refusedAs('x', 'POINTER_BUSY', named('POINTER_BUSY'))).toMatchObject({ ok: true });
    expect(await refusedAs('x', 'POINTER_BUSY', named('AccessDeniedException'))).toMatchObject({ ok: false });
    expect(await refusedAs('x', 'POINTER_BUSY', async () => 7)).toEqual({ what: 'x', ok: false, got: 'accepted' });
    expect(notArmed('The kill switch', { armed: false, checks: [] })).toContain('nothing was proven');
  });
});
