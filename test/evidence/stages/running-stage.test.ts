import { describe, expect, it } from 'vitest';
import { type JudgeEvent, judge } from '../../../functions/evidence/judge.ts';
import type { JudgePorts } from '../../../functions/evidence/judge-ports.ts';
import { stageReport } from '../../../functions/evidence/report/stage-report.ts';
import type { Draft } from '../../../functions/ledger/entry.ts';
import { digestOf } from '../../../functions/platform/json.ts';
import { planOf } from '../../../functions/promotion/exposure.ts';
import type { Exposure, PromotionItem } from '../../../functions/registry/items.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { updated } from '../../fakes/promotion-update.ts';
import { aPromotion } from '../../fakes/runs.ts';
import {
  batch,
  datesFrom,
  exact,
  MemoryFiles,
  outcomesOf,
  PROMOTION,
  readCanary,
  readShadow,
  type Series,
  UNTIL,
} from './stage-world.ts';

const AT = '2026-05-01T00:00:00.000Z';
const policy = policySchema.parse({
  shadow: { min_cycles: 2, max_cycles: 4, min_rows: 20, churn_min_pairs: 10 },
  canary: {
    min_clusters: 10,
    ops: { min_expected: 50 },
    metrics: { stockout: { rel_margin: 0.25 }, overstock: { rel_margin: 0.25 } },
  },
  canaryPlan: {
    steps: [
      { percentage: 20, hold: 'P2D' },
      { percentage: 50, hold: 'P7D' },
    ],
  },
  poll: 'PT3H',
});
const SHADOW_EVENT: JudgeEvent = { promotionId: PROMOTION, stage: 'shadow' };
const CANARY_EVENT: JudgeEvent = { promotionId: PROMOTION, stage: 'canary' };

function exposure(members: Partial<Exposure>): Exposure {
  const move = { revision: 5, deploymentNumber: 5, documentSha256: 'a'.repeat(64), movedAt: AT };
  return { ...move, stage: 'shadow', step: 0, percentage: 0, until: UNTIL, ...members };
}
const ON_SHADOW = exposure({});
const ON_20 = exposure({ revision: 6, stage: 'canary', percentage: 20 });
const ON_50 = exposure({ revision: 7, stage: 'canary', step: 1, percentage: 50 });

/** Ports over one promotion and one prediction bucket in memory, with the real engine between. */
class World {
  readonly evidence = new MemoryEvidence();
  readonly files = new MemoryFiles();
  readonly drafts: Draft[] = [];
  run: PromotionItem;
  beforeAppend = () => {};

  constructor(members: Partial<PromotionItem>) {
    this.run = aPromotion({
      ...{ promotionId: PROMOTION, version: '2.0', baseline: '1.0', awaitingApproval: false, gates: {} },
      ...{ policyDigest: digestOf(policy), plan: planOf(policy), ...members },
    });
  }

  readonly ports: JudgePorts = {
    registry: { run: async () => this.run, policy: async () => ({ policy, policyDigest: digestOf(policy) }) },
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft, writes) => {
        this.beforeAppend();
        this.run = updated(this.run, writes);
        this.drafts.push(draft);
        return { seq: this.drafts.length, entryHash: '' };
      },
    },
    evidence: {
      saveTo: () => Promise.reject(new Error('Nothing was handed in for this stage.')),
      writeOnce: (key, bytes) => this.evidence.writeOnce(key, bytes),
      find: (key) => this.evidence.find(key),
      read: (object) => this.evidence.read(object),
    },
    withDirectory: (use) => use('/lent'),
    offlineSums: () => Promise.reject(new Error('Not the offline gate.')),
    shadowEvidence: ({ filter }, thresholds) => readShadow(this.files, thresholds, filter),
    canaryEvidence: ({ filter }, settings) => readCanary(this.files, settings, filter),
  };

  judge(event: JudgeEvent, at = AT) {
    return judge(this.ports, event, { retention: { days: 1, mode: 'GOVERNANCE' }, at });
  }

  report(stage: string) {
    return stageReport.parse(JSON.parse(this.evidence.text(`evidence/${PROMOTION}/${stage}/evaluation-report.json`)));
  }
}

function inShadow(days = 15, candidate = exact): World {
  const world = new World({ stage: 'shadow', exposures: [ON_SHADOW] });
  for (const asOf of datesFrom('2026-03-01', days)) world.files.log(batch({ asOf, candidate }));
  world.files.outcomes(outcomesOf(datesFrom('2026-03-02', days)));
  return world;
}

const stock = ({ sku }: Series, date: string) => ({
  stockout: (Number(sku.slice(4)) + Number(date.slice(8))) % 9 === 0 ? 1 : 0,
  overstock_units: Number(sku.slice(4)),
});

function inCanary(members: Partial<PromotionItem>, days = 9): World {
  const world = new World({ stage: 'canary', ...members });
  for (const asOf of datesFrom('2026-03-20', 3)) world.files.log(batch({ asOf, revision: 6, percentage: 20 }));
  if (members.exposures?.includes(ON_50)) {
    for (const asOf of datesFrom('2026-03-23', days)) world.files.log(batch({ asOf, revision: 7, percentage: 50 }));
  }
  world.files.outcomes(outcomesOf(datesFrom('2026-02-20', 31 + days), stock));
  return world;
}

describe('judging the shadow', () => {
  it('writes nothing while it goes on, and says when to look again', async () => {
    const world = inShadow(8);
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      ...{ ...SHADOW_EVENT, verdict: 'CONTINUE', advance: false, waitSeconds: 10_800 },
      reasons: [{ code: 'INSUFFICIENT_CYCLES', next: expect.any(String) }],
    });
    expect([world.evidence.keys(), world.drafts, world.run.gates]).toEqual([[], [], {}]);
  });

  it('goes on without any prediction or outcome', async () => {
    const world = new World({ stage: 'shadow', exposures: [ON_SHADOW] });
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      verdict: 'CONTINUE',
      reasons: [{ code: 'INSUFFICIENT_CYCLES' }],
    });
    expect(await world.judge(SHADOW_EVENT, UNTIL)).toMatchObject({
      verdict: 'FAIL',
      reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }],
    });
  });

  it('passes with three artifacts, a ledger entry, and the verdict on the promotion', async () => {
    const world = inShadow();
    expect(await world.judge(SHADOW_EVENT)).toEqual({
      ...{ ...SHADOW_EVENT, verdict: 'PASS', reasons: [], advance: false, waitSeconds: 0 },
    });
    expect(world.evidence.keys().map((key) => key.split('/').at(-1))).toEqual([
      'evaluation-report.json',
      'segment-analysis.csv',
      'risk-summary.md',
    ]);
    const gate = world.run.gates.shadow;
    expect(gate).toMatchObject({ verdict: 'PASS', judge: 'shadow/1', judgedAt: AT });
    expect(world.drafts).toMatchObject([
      { type: 'gate-judged', data: { stage: 'shadow', artifacts: gate?.artifacts } },
    ]);
    const report = world.report('shadow');
    expect(report).toMatchObject({
      ...{
        gate: 'shadow',
        verdict: 'PASS',
        baseline: '1.0',
        days: { from: '2026-03-02', to: '2026-03-15', closed: 14 },
      },
      ...{
        evidence: { predictions: { objects: 30 }, outcomes: { objects: 15 } },
        warnings: [{ code: 'NO_STOCK_COLUMNS' }],
      },
      policy: { digest: digestOf(policy), thresholds: { ...policy.shadow } },
    });
    expect(report.metrics[0]).toMatchObject({ name: 'WAPE', limit: 0.02, unit: 'share', verdict: 'OK' });
    expect(report.segments.map(({ name }) => name)).toEqual(['category:fresh']);
  });

  it('fails with reasons that a person can act on', async () => {
    const world = inShadow(15, (series, date) => (series.sku === 'sku-1' ? 'NaN' : exact(series, date, 1)));
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({
      verdict: 'FAIL',
      reasons: [
        { code: 'CANDIDATE_INVALID_RATE', got: expect.stringContaining('not finite'), next: expect.any(String) },
      ],
    });
    expect(world.evidence.text(`evidence/${PROMOTION}/shadow/risk-summary.md`)).toMatch(
      /Why it fails[\s\S]*CANDIDATE_INVALID_RATE/,
    );
    expect(world.evidence.text(`evidence/${PROMOTION}/shadow/segment-analysis.csv`)).toMatch(
      /^segment,metric,candidate,comparator,change,limit,unit,verdict\noverall,WAPE,/,
    );
  });

  it('holds to the report that was written first, when it died before the verdict was recorded', async () => {
    const world = inShadow();
    world.beforeAppend = () => {
      world.beforeAppend = () => {};
      throw new Error('killed');
    };
    await expect(world.judge(SHADOW_EVENT)).rejects.toThrow('killed');
    const before = world.report('shadow');
    world.files.log(batch({ asOf: '2026-03-16' }));
    world.files.log(batch({ asOf: '2026-03-05', requestId: 'replay', candidate: () => 1 }));
    expect(await world.judge(SHADOW_EVENT)).toMatchObject({ verdict: 'PASS' });
    expect(world.report('shadow')).toEqual(before);
  });

  it('gives the same verdict whenever it is asked', async () => {
    const [early, late] = [inShadow(15), inShadow(27)];
    expect(await early.judge(SHADOW_EVENT)).toEqual(await late.judge(SHADOW_EVENT));
    expect(early.report('shadow').metrics).toEqual(late.report('shadow').metrics);
  });

  it('refuses a stage of which no document went out', async () => {
    const world = new World({ stage: 'shadow', exposures: [] });
    await expect(world.judge(SHADOW_EVENT)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('judging the canary', () => {
  it('raises the step once it was held, with its entry, and answers so again until the step is out', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20] });
    const answer = await world.judge(CANARY_EVENT);
    expect(answer).toMatchObject({ verdict: 'CONTINUE', advance: true, waitSeconds: 10_800 });
    expect(world.run.canaryStep).toBe(1);
    expect(world.drafts).toMatchObject([
      { type: 'canary-advanced', data: { promotionId: PROMOTION, from: 0, to: 1, percentage: 50, closedDays: 4 } },
    ]);
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect([world.drafts.length, world.run.canaryStep, world.evidence.keys()]).toEqual([1, 1, []]);
    world.run = { ...world.run, exposures: [ON_SHADOW, ON_20, ON_50] };
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: false });
  });

  it('answers the same when another run of the step raised it first', async () => {
    const world = inCanary({ exposures: [ON_20] });
    world.beforeAppend = () => {
      world.run = { ...world.run, canaryStep: 1 };
    };
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'CONTINUE', advance: true });
    expect(world.drafts).toEqual([]);
  });

  it('stops when the promotion was ended while it judged', async () => {
    const world = inCanary({ exposures: [ON_20] });
    world.beforeAppend = () => {
      world.run = { ...world.run, end: 'rolled-back', endedAt: AT, reasons: [] };
    };
    await expect(world.judge(CANARY_EVENT)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
  });

  it('passes at its last step, and reports what it measured', async () => {
    const world = inCanary({ exposures: [ON_SHADOW, ON_20, ON_50], canaryStep: 1 });
    expect(await world.judge(CANARY_EVENT)).toMatchObject({ verdict: 'PASS', advance: false, waitSeconds: 0 });
    const report = world.report('canary');
    expect(report).toMatchObject({ judge: 'canary/1', days: { from: '2026-03-21', to: '2026-03-30', closed: 10 } });
    expect(report.metrics.slice(0, 3)).toMatchObject([
      { name: 'WAPE on the same rows', limit: 0.02, verdict: 'OK' },
      { name: 'stockout rate', verdict: 'OK' },
      { name: 'overstock per unit sold', verdict: 'OK' },
    ]);
    expect(world.drafts).toMatchObject([{ type: 'gate-judged', data: { stage: 'canary', verdict: 'PASS' } }]);
  });

  it('fails past its bound, whatever the step', async () => {
    const world = inCanary({ exposures: [ON_20] });
    expect(await world.judge(CANARY_EVENT, UNTIL)).toMatchObject({
      ...{ verdict: 'FAIL', advance: false, reasons: [{ code: 'NOT_NON_INFERIOR_AT_HORIZON' }] },
    });
    expect(world.run.canaryStep).toBe(0);
  });
});
