import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { MAX_ROUNDS } from '../../functions/approval/open-gate.ts';
import { MAX_FALSE_WAITS } from '../../functions/approval/read-gate.ts';
import { parseInput } from '../../functions/platform/boundary.ts';
import {
  EVENTS_PER_LOOK,
  MAX_EVENTS,
  ROUNDS_PER_GATE,
  shortestPollSeconds,
  WAITS_PER_ROUND,
  worstCaseEvents,
} from '../../functions/registry/history-budget.ts';
import { policySchema } from '../../functions/registry/policy.ts';

const NEXT = 'Correct the policy and start a new attempt.';

function reasonsFor(policy: unknown) {
  const parsed = parseInput(policySchema, policy, NEXT);
  return parsed.ok ? [] : parsed.reasons;
}

const canaryPlan = (over: object) => ({ canaryPlan: over });
const step = (percentage: number, hold = 'P2D') => ({ percentage, hold });

describe('A policy', () => {
  it('has a default for every field', () => {
    expect(policySchema.parse({})).toMatchObject({
      approvals: { quorum: { shadow: 1, canary: 1, production: 1 }, expiry: 'P7D' },
      shadow: { cycle_days: 7, min_cycles: 4, max_cycles: 8, margin: 0.02 },
      shadowPlan: { maxDuration: 'P70D' },
      canary: {
        min_clusters: 50,
        pass_every_days: 7,
        max_days: 28,
        metrics: { paired_wape: { rel_margin: 0.02 }, stockout: { rel_margin: 0.1 }, overstock: { rel_margin: 0.1 } },
        max_nonfinite: 0,
        cover_days: 14,
      },
      canaryPlan: {
        unit: 'sku-store',
        where: { regions: [], stores: [], skus: [], categories: [] },
        excludedSegments: [],
        steps: [step(5, 'P2D'), step(20, 'P3D'), step(50, 'P7D')],
        maxDuration: 'P42D',
      },
      confirmation: 'P28D',
      poll: 'PT3H',
      safeForecast: 'seasonal-naive',
    });
  });

  it('keeps its other defaults where only part of a stage is given', () => {
    const policy = policySchema.parse({ shadow: { min_cycles: 2 }, canary: { metrics: { stockout: {} } } });
    expect(policy.shadow).toMatchObject({ min_cycles: 2, max_cycles: 8 });
    expect(policy.canary.metrics).toEqual(policySchema.parse({}).canary.metrics);
  });

  it.each(['sku-store', 'store', 'sku'])('may assign whole units of kind %s', (unit) => {
    expect(reasonsFor(canaryPlan({ unit }))).toEqual([]);
  });

  it.each([
    ['fewer than two cycles of shadow', { shadow: { min_cycles: 1 } }, 'shadow.min_cycles'],
    ['a cycle shorter than a week', { shadow: { cycle_days: 6 } }, 'shadow.cycle_days'],
    ['more cycles at least than at most', { shadow: { min_cycles: 5, max_cycles: 4 } }, 'shadow.max_cycles'],
    ['a wider margin in shadow', { shadow: { margin: 0.06 } }, 'shadow.margin'],
    ['more bias in shadow', { shadow: { bias_overall_max: 0.4 } }, 'shadow.bias_overall_max'],
    [
      'cycles whose actuals are mostly unknown',
      { shadow: { cycle_min_actual_share: 0.4 } },
      'shadow.cycle_min_actual_share',
    ],
    [
      'a wider margin in the canary',
      { canary: { metrics: { stockout: { rel_margin: 0.3 } } } },
      'canary.metrics.stockout.rel_margin',
    ],
    ['passing before a whole week', { canary: { pass_every_days: 6 } }, 'canary.pass_every_days'],
    ['a handful of clusters', { canary: { min_clusters: 9 } }, 'canary.min_clusters'],
    ['a gate without a person', { approvals: { quorum: { canary: 0 } } }, 'approvals.quorum.canary'],
    ['a question that stays open for a month', { approvals: { expiry: 'P30D' } }, 'approvals.expiry'],
    ['no look in two days', { poll: 'P2D' }, 'poll'],
    ['a field that nobody knows', { shadow: { margins: 0.01 } }, 'shadow'],
    ['another safe forecast', { safeForecast: 'last-week' }, 'safeForecast'],
    ['another unit', canaryPlan({ unit: 'region' }), 'canaryPlan.unit'],
    ['a canary without steps', canaryPlan({ steps: [] }), 'canaryPlan.steps'],
    ['a canary of everything', canaryPlan({ steps: [step(100)] }), 'canaryPlan.steps.0.percentage'],
    ['a canary of nothing', canaryPlan({ steps: [step(0)] }), 'canaryPlan.steps.0.percentage'],
    ['steps that do not rise', canaryPlan({ steps: [step(20), step(20)] }), 'canaryPlan.steps'],
    ['steps that fall', canaryPlan({ steps: [step(20), step(5)] }), 'canaryPlan.steps'],
    ['half a day', canaryPlan({ steps: [step(5, 'PT36H')] }), 'canaryPlan.steps.0.hold'],
    ['hours', canaryPlan({ steps: [step(5, 'PT3H')] }), 'canaryPlan.steps.0.hold'],
    ['a hold that is no duration', canaryPlan({ steps: [step(5, 'two days')] }), 'canaryPlan.steps.0.hold'],
    ['a bound that is no duration', canaryPlan({ maxDuration: 'P1M' }), 'canaryPlan.maxDuration'],
    ['a shadow for ever', { shadowPlan: { maxDuration: 'P1Y' } }, 'shadowPlan.maxDuration'],
    ['a confirmation of nothing', { confirmation: 'PT0S' }, 'confirmation'],
    ['a poll that is no duration', { poll: 'often' }, 'poll'],
  ])('is refused with %s, naming the field, what was got and what comes next', (_, policy, path) => {
    expect(reasonsFor(policy)).toMatchObject([{ code: 'INVALID_FIELD', path, next: NEXT, got: expect.any(String) }]);
  });

  it.each(['north', 'Region:north', 'region:', ':north', '1region:north', 'region north'])(
    'is refused with %j for a segment, which needs a kind and a value',
    (segment) => {
      expect(reasonsFor(canaryPlan({ excludedSegments: [segment] }))).toMatchObject([
        { path: 'canaryPlan.excludedSegments.0', message: expect.stringContaining('kind:value') },
      ]);
    },
  );

  it.each(['region:north', 'sku:A:1', 'tier-2:gold', 'category:Frozen food'])('may exclude %s', (segment) => {
    expect(reasonsFor(canaryPlan({ excludedSegments: [segment] }))).toEqual([]);
  });

  it.each(['PT1.5S', 'PT90.25S'])(
    'is looked at in whole seconds, which a state machine can wait: not every %s',
    (poll) => {
      expect(
        reasonsFor({ poll, shadowPlan: { maxDuration: 'PT10M' }, canaryPlan: { maxDuration: 'PT10M' } }),
      ).toMatchObject([{ path: 'poll', got: poll, allowed: 'whole seconds, for example PT90S' }]);
      expect(reasonsFor({ poll: 'PT1.5M' })).toMatchObject([
        { path: 'poll', message: expect.stringContaining('history') },
      ]);
    },
  );

  it('names all faults at once, of whatever stage', () => {
    const faulty = { poll: 'P2D', shadow: { min_cycles: 1 }, canaryPlan: { steps: [step(0)], maxDuration: 'x' } };
    expect(reasonsFor(faulty).map(({ path }) => path)).toEqual([
      'shadow.min_cycles',
      'canaryPlan.steps.0.percentage',
      'canaryPlan.maxDuration',
      'poll',
    ]);
  });
});

describe('A policy under which nothing could pass', () => {
  it('is refused when the last canary step is held for longer than the canary may last', () => {
    expect(reasonsFor({ ...canaryPlan({ steps: [step(5), step(50, 'P29D')] }) })).toMatchObject([
      { path: 'canary.max_days', got: '28', allowed: expect.stringContaining('at least 35'), next: NEXT },
    ]);
    expect(reasonsFor(canaryPlan({ steps: [step(5), step(50, 'P28D')] }))).toEqual([]);
  });

  it('is refused when the canary fails for lack of time before it may pass', () => {
    expect(reasonsFor({ canary: { max_days: 13, pass_every_days: 14 } })).toMatchObject([
      { path: 'canary.max_days', got: '13', allowed: expect.stringContaining('at least 14') },
    ]);
    expect(reasonsFor({ canary: { max_days: 14, pass_every_days: 14 } })).toEqual([]);
  });

  it('is refused when the first day on which it may pass, counted in whole periods, comes too late', () => {
    const held = canaryPlan({ steps: [step(50, 'P10D')] });
    expect(reasonsFor({ ...held, canary: { max_days: 13 } })).toMatchObject([
      { path: 'canary.max_days', got: '13', message: expect.stringContaining('on day 14 first') },
    ]);
    expect(reasonsFor({ ...held, canary: { max_days: 14 } })).toEqual([]);
  });

  it('is refused when everything that the canary is drawn from is excluded', () => {
    const where = { regions: ['north', 'south'], categories: ['fresh'] };
    const excluded = ['region:north', 'region:south', 'category:dry'];
    expect(reasonsFor(canaryPlan({ where, excludedSegments: excluded }))).toMatchObject([
      {
        path: 'canaryPlan.excludedSegments',
        message: expect.stringContaining('regions'),
        got: JSON.stringify(excluded),
      },
    ]);
    expect(reasonsFor(canaryPlan({ where, excludedSegments: ['region:north', 'category:dry'] }))).toEqual([]);
  });

  it('is refused when its canary names more than can be kept with each change, promotion and decision', () => {
    const names = (length: number) => Array.from({ length }, (_, index) => `sku-${index}-`.padEnd(190, 'é'));
    const [fault] = reasonsFor(canaryPlan({ where: { skus: names(500) } }));
    expect(fault).toMatchObject({ path: 'canaryPlan', allowed: 'at most 100000 bytes as JSON' });
    expect(reasonsFor(canaryPlan({ where: { skus: names(200) } }))).toEqual([]);
  });

  it('is not refused for holds beyond the bounds: business days may be replayed faster than the clock', () => {
    expect(
      reasonsFor({ poll: 'PT1S', shadowPlan: { maxDuration: 'PT10M' }, canaryPlan: { maxDuration: 'PT10M' } }),
    ).toEqual([]);
  });
});

describe('The history of an execution', () => {
  it('holds what the default policy and that of a replay need at most', () => {
    const replay = { poll: 'PT1S', shadowPlan: { maxDuration: 'PT10M' }, canaryPlan: { maxDuration: 'PT10M' } };
    for (const policy of [{}, replay]) {
      expect(worstCaseEvents(policySchema.parse(policy))).toBeLessThanOrEqual(MAX_EVENTS);
    }
  });

  it('would overflow under a poll of a second for seventy days: refused with the shortest poll that fits', () => {
    const [reason, ...others] = reasonsFor({ poll: 'PT1S' });
    expect(others).toEqual([]);
    expect(reason).toMatchObject({ code: 'INVALID_FIELD', path: 'poll', got: 'PT1S', next: NEXT });
    expect(reason?.message).toContain(`room for ${MAX_EVENTS}`);
    const shortest = /PT\d+S/.exec(reason?.allowed ?? '')?.[0] ?? '';
    expect(reasonsFor({ poll: shortest })).toEqual([]);
    const seconds = shortestPollSeconds(policySchema.parse({}));
    expect(shortest).toBe(`PT${seconds}S`);
    expect(reasonsFor({ poll: `PT${seconds - 1}S` })).toHaveLength(1);
  });

  it('is counted by what the state machine does: its loops, its rounds of asking and its waits', async () => {
    const text = await readFile(new URL('../../state-machines/promotion.asl.json', import.meta.url), 'utf8');
    const machine = z
      .object({ States: z.record(z.string(), z.looseObject({ Type: z.string() })) })
      .parse(JSON.parse(text));
    const events: Readonly<Record<string, number>> = { Wait: 2, Task: 5, Choice: 2, Pass: 2 };
    for (const loop of [
      ['WaitForCycles', 'JudgeShadow', 'ShadowVerdict'],
      ['WaitForDays', 'JudgeCanary', 'CanaryVerdict'],
    ]) {
      const needed = loop.reduce((sum, name) => sum + (events[machine.States[name]?.Type ?? ''] ?? Number.NaN), 0);
      expect(needed).toBe(EVENTS_PER_LOOK);
    }
    expect(ROUNDS_PER_GATE).toBe(MAX_ROUNDS);
    // All false waits but the last of each kind, which ends it, and the wait that a decision ends.
    expect(WAITS_PER_ROUND).toBe(2 * (MAX_FALSE_WAITS - 1) + 1);
  });
});
