import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { MAX_ROUNDS } from '../../functions/approval/open-gate.ts';
import { MAX_FALSE_WAITS } from '../../functions/approval/read-gate.ts';
import { canaryConfig } from '../../functions/evidence/canary/canary-config.ts';
import { guardConfig } from '../../functions/evidence/guard/guard-config.ts';
import { offlineConfig, STRICT_OFFLINE } from '../../functions/evidence/offline/offline-config.ts';
import { shadowConfig } from '../../functions/evidence/shadow/shadow-config.ts';
import { parseInput } from '../../functions/platform/boundary.ts';
import {
  EVENTS_PER_LOOK,
  MAX_EVENTS,
  ROUNDS_PER_GATE,
  shortestPollSeconds,
  WAITS_PER_ROUND,
  worstCaseEvents,
} from '../../functions/registry/history-budget.ts';
import { policySchema, storedPolicy } from '../../functions/registry/policy.ts';

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
        ops: { max_nonfinite: 0, min_expected: 200, metrics: ['errors', 'slow'] },
        cover_days: 14,
      },
      guard: { ref_days: 28, window: 7, rollback: 0.1, cusum_h: 5, declared_events: [] },
      drill: { maxAge: 'P30D', maxSeconds: 120 },
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

  it.each([
    ['offline', offlineConfig, STRICT_OFFLINE],
    ['shadow', shadowConfig, {}],
    ['guard', guardConfig, {}],
  ] as const)(
    'takes the thresholds of the %s judge as they are, but for what a promotion demands more',
    (gate, config, stricter) => {
      expect(policySchema.parse({})[gate]).toEqual({ ...config.parse({}), ...stricter });
    },
  );

  it('takes those of the canary judge too; what is assigned, and how much of it, is the plan to say', () => {
    const { cluster: _, expected_canary_share: __, pass_rule: ___, metrics: ____, ...shared } = canaryConfig.parse({});
    const { metrics, cover_days, ...own } = policySchema.parse({}).canary;
    expect(own).toEqual(shared);
    expect([Object.keys(metrics), cover_days]).toEqual([['paired_wape', 'stockout', 'overstock'], 14]);
    for (const key of ['cluster', 'expected_canary_share', 'pass_rule']) {
      expect(reasonsFor({ canary: { [key]: 'sku_store' } })).toMatchObject([{ path: 'canary' }]);
    }
  });

  it('is one that each judge takes', () => {
    const { offline, shadow, guard, canary } = policySchema.parse({
      canary: { metrics: { stockout: { abs_margin: 0.01 } } },
    });
    const { cover_days: _, ...thresholds } = canary;
    expect(offlineConfig.parse(offline)).toEqual(offline);
    expect(shadowConfig.parse(shadow)).toEqual(shadow);
    expect(guardConfig.parse(guard)).toEqual(guard);
    expect(canaryConfig.parse(thresholds)).toMatchObject(thresholds);
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
    ['data that may stay away for longer than three days', { watch: { grace: 'P4D' } }, 'watch.grace'],
    ['most stores missing without a word', { watch: { missingShare: 0.9 } }, 'watch.missingShare'],
    ['a confirmation by fewer than half of the days', { watch: { minCoverage: 0.4 } }, 'watch.minCoverage'],
    ['an unknown answer to silence', { watch: { silence: 'pass' } }, 'watch.silence'],
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
    [
      'an absolute margin that is none',
      { canary: { metrics: { stockout: { abs_margin: 0.5 } } } },
      'canary.metrics.stockout.abs_margin',
    ],
    ['no margin', { canary: { metrics: { overstock: { rel_margin: 0 } } } }, 'canary.metrics.overstock.rel_margin'],
    ['rates that are never judged', { canary: { ops: { min_expected: 1_000_000 } } }, 'canary.ops.min_expected'],
    ['more chance to pass wrongly', { canary: { alpha_pass: 0.1 } }, 'canary.alpha_pass'],
    ['harm that hardly ever shows', { canary: { alpha_kpi: 0.0001 } }, 'canary.alpha_kpi'],
    ['more chance of a wrong shadow', { shadow: { alpha: 0.1 } }, 'shadow.alpha'],
    ['a drift that never fails', { shadow: { psi_fail: 9 } }, 'shadow.psi_fail'],
    ['spikes that never count', { shadow: { spike_floor: 10_000 } }, 'shadow.spike_floor'],
    ['more chance of a wrong backtest', { offline: { alpha: 0.2 } }, 'offline.alpha'],
    ['a wider bias in segments', { offline: { segment_bias_abs_max: 0.5 } }, 'offline.segment_bias_abs_max'],
    ['segments that are never judged', { offline: { segment_min_rows: 1_000_000 } }, 'offline.segment_min_rows'],
    ['a worse forecast than the naive one', { offline: { min_fva: -0.5 } }, 'offline.min_fva'],
    ['leaks that are hardly ever seen', { offline: { leak_exact_max_share: 0.9 } }, 'offline.leak_exact_max_share'],
    [
      'a limit of leaks that nothing reaches',
      { offline: { implausible_met_totals: 0.99 } },
      'offline.implausible_met_totals',
    ],
    ['leaks that are looked for by a misspelt rule', { offline: { implausible: 'none' } }, 'offline.implausible'],
    ['origins of one week', { offline: { min_span_days: 3 } }, 'offline.min_span_days'],
    ['actuals of its own', { offline: { max_actuals_mismatch: 0.5 } }, 'offline.max_actuals_mismatch'],
    [
      'a segment that there cannot be',
      { offline: { critical_segments: ['regime:calm'] } },
      'offline.critical_segments.0',
    ],
    [
      'horizons that are in no bucket',
      { offline: { critical_segments: ['horizon:1-6'] } },
      'offline.critical_segments',
    ],
    ['a guard that waits for a quarter more', { guard: { rollback: 0.5 } }, 'guard.rollback'],
    ['a guard that warns too late', { guard: { warn: 0.2, rollback: 0.1 } }, 'guard.warn'],
    ['a guard of half the forecasts', { guard: { min_volume: 0.4 } }, 'guard.min_volume'],
    [
      'an event that ends before it begins',
      { guard: { declared_events: [{ from: '2026-02-02', to: '2026-02-01' }] } },
      'guard.declared_events.0.to',
    ],
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

  it('looks for implausibly good forecasts unless it says in so many words that it does not', () => {
    expect(policySchema.parse({}).offline.implausible).toBe('judge');
    expect(policySchema.parse({ offline: { implausible: 'off' } }).offline.implausible).toBe('off');
  });

  it('is refused with a misspelt setting, naming those that there are', () => {
    expect(reasonsFor({ shadow: { margins: 0.01 } })).toMatchObject([
      { path: 'shadow', message: expect.stringMatching(/no setting margins here; there are alpha, .*margin, /) },
    ]);
    expect(reasonsFor({ canary: { metrics: { stockouts: {} } } })).toMatchObject([
      { path: 'canary.metrics', message: expect.stringContaining('there are wape, paired_wape, stockout, overstock') },
    ]);
    expect(reasonsFor({ ofline: {} })).toMatchObject([{ path: '$', message: expect.stringContaining('offline') }]);
  });

  it('is refused with the bound that it broke', () => {
    expect(reasonsFor({ shadow: { margin: 0.06 }, canary: { min_clusters: 9 } })).toMatchObject([
      { path: 'shadow.margin', got: '0.06', allowed: 'at most 0.05' },
      { path: 'canary.min_clusters', got: '9', allowed: 'at least 10' },
    ]);
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
      { path: 'canary.max_days', got: '13', allowed: 'at least pass_every_days' },
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

  describe('because its canary has too few units', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
    const half = (hold = 'P7D') => [step(50, hold)];

    it.each([
      ['stores', 'store', { stores: names(99) }, half(), 'at least 100 units'],
      ['SKUs', 'sku', { skus: names(499) }, [step(10)], 'at least 500 units'],
      ['pairs of both', 'sku-store', { stores: names(9), skus: names(11) }, half(), 'at least 100 units'],
      [
        'at the widest step, on the smaller side',
        'store',
        { stores: names(499) },
        [step(50), step(90)],
        'at least 500',
      ],
    ])('is refused: %s', (_, unit, where, steps, allowed) => {
      const [fault, ...others] = reasonsFor(canaryPlan({ unit, where, steps }));
      expect([fault, others]).toMatchObject([
        { path: 'canaryPlan.where', allowed: expect.stringContaining(allowed) },
        [],
      ]);
    });

    it('counts no unit that is excluded, and none twice', () => {
      const plan = { unit: 'store', where: { stores: [...names(100), 'n0'] }, steps: half() };
      expect(reasonsFor(canaryPlan(plan))).toEqual([]);
      expect(reasonsFor(canaryPlan({ ...plan, excludedSegments: ['store:n0'] }))).toMatchObject([
        { path: 'canaryPlan.where', got: '99 units of kind store' },
      ]);
    });

    it.each([
      ['regions do not say how many stores they have', { unit: 'store', where: { regions: ['north'] } }],
      ['stores do not say how many SKUs they sell', { unit: 'sku-store', where: { stores: names(1) } }],
      ['SKUs do not say in how many stores they are sold', { unit: 'sku-store', where: { skus: names(1) } }],
    ])('is not refused: %s', (_, plan) => {
      expect(reasonsFor(canaryPlan(plan))).toEqual([]);
    });
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

describe('A stored policy', () => {
  it('is read back as it was given', () => {
    const given = policySchema.parse({ shadow: { margin: 0.03 }, canary: { metrics: { wape: {} } } });
    expect(storedPolicy.parse(JSON.parse(JSON.stringify(given)))).toEqual(given);
  });

  it('of the first form has the settings that it had, and the defaults of those that came since', () => {
    const first = {
      offline: { min_folds: 4, critical_segments: ['anything'], require_training_cutoff: false, bias_worse_by: 0.5 },
      shadow: { cycle_min_actual_share: 0.6, min_rows: 1 },
      canary: {
        ...{ min_clusters: 12, min_expected: 7, max_missing_rate: 0.4, max_negative_rate: 0.1, max_nonfinite: 30 },
        metrics: { paired_wape: { rel_margin: 0 }, stockout: { rel_margin: 0.25 }, overstock: { rel_margin: 0.2 } },
        cover_days: 21,
      },
      canaryPlan: {},
      poll: 'PT1H',
    };
    const read = storedPolicy.parse(first);
    expect(read).toMatchObject({
      offline: { ...first.offline, alpha: 0.05, max_unreadable_rate: 0 },
      shadow: { ...first.shadow, psi_fail: 0.25 },
      canary: {
        ...{ min_clusters: 12, cover_days: 21, alpha_kpi: 0.04 },
        ops: { min_expected: 7, max_missing_rate: 0.4, max_negative_rate: 0.1, max_nonfinite: 30, rate_tol: 0.5 },
        metrics: { stockout: { rel_margin: 0.25 }, overstock: { rel_margin: 0.2 } },
      },
      guard: policySchema.parse({}).guard,
      poll: 'PT1H',
    });
    // Nothing is ever shown to be within a margin of nothing: the judge would divide by it.
    expect(read.canary.metrics.paired_wape.rel_margin).toBeGreaterThan(0);
    expect(read.canary).not.toHaveProperty('min_expected');
  });

  it('may lack whole parts, and hold what is gone', () => {
    expect(storedPolicy.parse({ gone: 1, shadow: { gone: 1 } })).toEqual(policySchema.parse({}));
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
