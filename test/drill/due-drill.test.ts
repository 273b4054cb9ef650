import { describe, expect, it, vi } from 'vitest';
import { drillName, dueDrill } from '../../functions/drill/due-drill.ts';
import { startDueDrills } from '../../functions/drill/start-drills.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { modelItem } from '../approval/fixtures.ts';
import { aDrill } from './drills.ts';

const NOW = '2026-03-20T08:00:00.000Z';
const asked = { maxAge: 'P30D', production: '2.0', now: NOW };
const dayBefore = (days: number) => new Date(Date.parse(NOW) - days * 86_400_000).toISOString();

describe('A drill is due', () => {
  it.each([
    ['when there was none', null, 'first'],
    ['when the newest failed, however young', aDrill({ passed: false, at: NOW }), 'failed'],
    ['when another version serves by now', aDrill({ production: '1.0', at: NOW }), 'changed'],
    ['when it is older than half of what a canary may start with', aDrill({ at: dayBefore(15.1) }), 'old'],
    ['and not before', aDrill({ at: dayBefore(14.9) }), null],
  ] as const)('%s', (_when, newest, due) => {
    expect(dueDrill(newest, asked)).toBe(due);
  });

  it('under one name for everybody who asks, until it is recorded or the hour is over', () => {
    const newest = aDrill();
    expect(drillName('demand', newest, NOW)).toBe(drillName('demand', newest, '2026-03-20T08:59:59.999Z'));
    const others = [
      drillName('demand', newest, '2026-03-20T09:00:00.000Z'),
      drillName('demand', aDrill({ at: NOW }), NOW),
      drillName('demand', null, NOW),
    ];
    expect(new Set([...others, drillName('demand', newest, NOW)]).size).toBe(4);
  });

  it('under a name that Step Functions takes, for the longest name of a model', () => {
    expect(drillName('m'.repeat(32), aDrill(), NOW)).toMatch(/^[\w-]{1,80}$/);
  });
});

describe('The schedule of drills', () => {
  it('starts those that are due, and goes on past one that cannot be started', async () => {
    const start = vi.fn(async (name: string) => {
      if (name.startsWith('b_')) throw new Error('Throttled.');
    });
    const policy = policySchema.parse({});
    const ports = {
      registry: {
        modelNames: async () => ['a', 'b', 'c', 'gone'],
        model: async (model: string) => (model === 'gone' ? null : modelItem({ model, policy })),
        versions: async () => [],
      },
      drills: { newest: async (model: string) => (model === 'c' ? [aDrill({ production: '', at: NOW })] : []) },
      start,
      now: () => NOW,
    };
    await expect(startDueDrills(ports)).rejects.toThrow('Throttled.');
    expect(start.mock.calls.map(([name]) => name.slice(0, 2))).toEqual(['a_', 'b_']);
    expect(start).toHaveBeenCalledWith(expect.any(String), { model: 'a', requestedBy: 'system:schedule' });
  });
});
