import { describe, expect, it } from 'vitest';
import { judge } from '../../functions/evidence/judge.ts';
import type { JudgePorts } from '../../functions/evidence/judge-ports.ts';
import { OFFLINE_JUDGE } from '../../functions/evidence/offline/offline.ts';
import { offlineReport } from '../../functions/evidence/report/offline-envelope.ts';
import type { Draft } from '../../functions/ledger/entry.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { digestOf } from '../../functions/platform/json.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import type { GateResult, PolicyItem, PromotionItem, Run } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { goodSums } from '../fakes/backtest.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { updated } from '../fakes/promotion-update.ts';

const AT = '2026-03-01T10:00:00.000Z';
const policy = policySchema.parse({});
const policyDigest = digestOf(policy);
/** What comes with a verdict: nothing to wait for. */
const FINAL = { advance: false, waitSeconds: 0 };
const EVENT = { promotionId: 'demand_1-0_1', stage: 'offline' } as const;
const ARTIFACTS = [
  ...['evaluation-report.html', 'evaluation-report.json', 'risk-summary.html', 'risk-summary.json'],
  ...['segment-analysis.csv', 'segment-analysis.html'],
];
const stored = (key: string) => ({ bucket: 'evidence', key, versionId: 'v1', sha256: 'a'.repeat(64) });

function promotion(members: Partial<PromotionItem> = {}): PromotionItem {
  return {
    ...{ kind: 'promotion', promotionId: EVENT.promotionId, model: 'demand', version: '1.0', attempt: 1 },
    requestedBy: { name: 'Pia', email: 'pia@shop.example' },
    change: {
      ...{ type: 'architecture', reason: 'Because it is better', scope: 'All of the stores' },
      ...{ expectedImpact: 'Fewer stockouts', rollbackPlan: 'Go back to the version before' },
    },
    ...{ policyVersion: 1, policyDigest, executionArn: 'arn', startedAt: AT },
    ...{ stage: 'offline', awaitingApproval: false, plan: planOf(policy), canaryStep: 0, exposures: [], looks: {} },
    ...{ artifact: stored('artifact'), backtest: stored('backtest'), history: stored('history') },
    training: { from: '2025-01-01', to: '2026-01-01', features: [], code: 'abc' },
    ...{ knownFailureModes: ['Easter'], baseline: '', gates: {} },
    ...members,
  };
}

/** Ports over one run in memory: `append` keeps the promise that the registry changes with the entry, or not at all. */
class World {
  readonly evidence = new MemoryEvidence();
  readonly drafts: Draft[] = [];
  readonly saved: string[] = [];
  run: Run | null = promotion();
  policy: PolicyItem | null = { policy, policyDigest };
  sums = async () => goodSums();
  beforeAppend = () => {};

  readonly ports: JudgePorts = {
    registry: { run: async () => this.run, policy: async () => this.policy },
    widening: async () => [],
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft, writes) => {
        this.beforeAppend();
        this.run = updated(this.run?.kind === 'promotion' ? this.run : null, writes);
        this.drafts.push(draft);
        return { seq: this.drafts.length, entryHash: '' };
      },
    },
    evidence: {
      saveTo: async (object, path) => {
        this.saved.push(`${object.key} ${path}`);
      },
      writeOnce: (key, bytes) => this.evidence.writeOnce(key, bytes),
      putWork: () => Promise.reject(new Error('Nothing was split.')),
      find: (key) => this.evidence.find(key),
      read: (object) => this.evidence.read(object),
    },
    withDirectory: (use) => use('/lent'),
    offlineSums: () => this.sums(),
    shardsFor: async () => 1,
    splitOffline: () => Promise.reject(new Error('Nothing is split.')),
    offlinePartSums: () => Promise.reject(new Error('Nothing was split.')),
    recorded: () => Promise.reject(new Error('Nothing was recorded.')),
    shadowEvidence: () => Promise.reject(new Error('Not the shadow.')),
    powerEvidence: () => Promise.reject(new Error('Not the shadow.')),
    canaryEvidence: () => Promise.reject(new Error('Not the canary.')),
  };

  judge(event: Parameters<typeof judge>[1] = EVENT, at = AT) {
    return judge(this.ports, event, { retention: { days: 1, mode: 'GOVERNANCE' }, at });
  }

  gate(): GateResult | undefined {
    return this.run?.kind === 'promotion' ? this.run.gates.offline : undefined;
  }
}

describe('judging the offline gate', () => {
  it('writes the three artifacts with their pages, the verdict and the ledger entry', async () => {
    const world = new World();
    expect(await world.judge()).toEqual({ ...EVENT, verdict: 'PASS', reasons: [], ...FINAL });
    const files = world.evidence.keys().map((key) => key.replace('evidence/demand_1-0_1/offline/', ''));
    expect(files.toSorted()).toEqual(ARTIFACTS);
    const gate = world.gate();
    expect(gate).toMatchObject({ verdict: 'PASS', judge: OFFLINE_JUDGE, judgedAt: AT });
    expect(Object.keys(gate?.artifacts ?? {})).toEqual(
      expect.arrayContaining(['evaluation-report', 'segment-analysis', 'risk-summary']),
    );
    expect(Object.values(gate?.artifacts ?? {}).map(({ key }) => key)).toHaveLength(ARTIFACTS.length);
    expect(world.drafts).toMatchObject([
      {
        ...{ model: 'demand', type: 'gate-judged', at: AT, actor: { kind: 'system', name: 'system:judge' } },
        data: { ...EVENT, verdict: 'PASS', reasons: [], judge: OFFLINE_JUDGE, artifacts: gate?.artifacts },
      },
    ]);
    const report = offlineReport.parse(
      JSON.parse(world.evidence.text('evidence/demand_1-0_1/offline/evaluation-report.json')),
    );
    expect(report.policy).toMatchObject({ version: 1, digest: policyDigest, config: policy.offline });
  });

  it('judges the object versions that registration pinned', async () => {
    const world = new World();
    await world.judge();
    expect(world.saved).toEqual(['backtest /lent/backtest', 'history /lent/history']);
  });

  it('answers the reasons of a failure, and what is missing when it is inconclusive', async () => {
    const failing = new World();
    failing.sums = async () => goodSums({ overall: { candidate: 5000 } });
    expect(await failing.judge()).toMatchObject({
      verdict: 'FAIL',
      reasons: [{ code: 'BIAS', next: expect.any(String) }],
    });
    const small = new World();
    small.sums = async () => goodSums({ overall: { rows: 3 } });
    expect(await small.judge()).toMatchObject({ verdict: 'INCONCLUSIVE', reasons: [{ code: 'OVERALL_INSUFFICIENT' }] });
  });

  it('fails a candidate whose evidence cannot be read, with all faults', async () => {
    const world = new World();
    const reasons = [
      { code: 'BACKTEST_UNREADABLE', message: 'Broken.' },
      { code: 'HISTORY_EMPTY', message: 'Empty.' },
    ];
    world.sums = async () => {
      throw new ReleaseError('UNUSABLE_EVIDENCE', 'Broken.', { reasons });
    };
    expect(await world.judge()).toEqual({ ...EVENT, verdict: 'FAIL', reasons, ...FINAL });
    expect(world.evidence.keys()).toHaveLength(ARTIFACTS.length);
  });

  it('does not take a failure of its own for a fault of the candidate', async () => {
    const world = new World();
    world.sums = async () => {
      throw new Error('Out of memory');
    };
    await expect(world.judge()).rejects.toThrow('Out of memory');
    expect([world.drafts, world.evidence.keys()]).toEqual([[], []]);
  });

  it('answers what it recorded when it is repeated, and records nothing twice', async () => {
    const world = new World();
    const first = await world.judge();
    world.sums = async () => goodSums({ overall: { candidate: 0 } });
    expect(await world.judge(EVENT, '2026-03-01T11:00:00.000Z')).toEqual(first);
    expect(world.drafts).toHaveLength(1);
  });

  it('starts over after dying between the artifacts and the entry, at another time, over the same objects', async () => {
    const world = new World();
    world.beforeAppend = () => {
      world.beforeAppend = () => {};
      throw new Error('killed');
    };
    await expect(world.judge()).rejects.toThrow('killed');
    expect(world.evidence.keys()).toHaveLength(ARTIFACTS.length);
    expect(await world.judge(EVENT, '2026-03-01T11:00:00.000Z')).toMatchObject({ verdict: 'PASS' });
    expect(world.gate()?.judgedAt).toBe('2026-03-01T11:00:00.000Z');
  });

  it('answers the verdict of whoever was first when two runs of the step race', async () => {
    const world = new World();
    const winner: GateResult = { verdict: 'FAIL', reasons: [], judge: 'offline/1', judgedAt: AT, artifacts: {} };
    world.beforeAppend = () => {
      world.run = promotion({ gates: { offline: winner } });
    };
    expect(await world.judge()).toEqual({ ...EVENT, verdict: 'FAIL', reasons: [], ...FINAL });
    expect(world.drafts).toEqual([]);
  });

  it('stops when the promotion was ended, before or while it judges', async () => {
    const ended = promotion({ end: 'rolled-back', endedAt: AT, reasons: [] });
    const before = new World();
    before.run = ended;
    await expect(before.judge()).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
    const during = new World();
    during.beforeAppend = () => {
      during.run = ended;
    };
    await expect(during.judge()).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
  });

  it('refuses the stage production, which it has no rules for', async () => {
    const world = new World();
    await expect(world.judge({ ...EVENT, stage: 'production' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      reasons: [{ code: 'STAGE_WITHOUT_JUDGE', got: 'production', allowed: 'offline, shadow or canary' }],
    });
  });

  it('refuses a promotion that does not exist, is a change, or has left the stage', async () => {
    const world = new World();
    await expect(world.judge({ ...EVENT, promotionId: 'nonsense' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    world.run = promotion({ stage: 'production', awaitingApproval: true });
    await expect(world.judge()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    world.run = null;
    await expect(world.judge()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('judges by the policy that the promotion started under and no other', async () => {
    const strict = policySchema.parse({ offline: { min_improvement: 0.5 } });
    const swapped = new World();
    swapped.policy = { policy: strict, policyDigest };
    await expect(swapped.judge()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    const newer = new World();
    newer.policy = { policy: strict, policyDigest: digestOf(strict) };
    await expect(newer.judge()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    newer.run = promotion({ policyDigest: digestOf(strict) });
    expect(await newer.judge()).toMatchObject({ verdict: 'FAIL', reasons: [{ code: 'BELOW_MIN_IMPROVEMENT' }] });
    newer.policy = null;
    newer.run = promotion();
    await expect(newer.judge()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('sends at most fifty reasons along and keeps all of them in the report', async () => {
    const world = new World();
    const segments = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`region:${index}`, { candidateError: 2000 }]),
    );
    world.sums = async () => goodSums({ segments });
    const { reasons } = await world.judge();
    expect(reasons).toHaveLength(51);
    expect(reasons.at(-1)).toMatchObject({ code: 'MORE_REASONS', message: expect.stringContaining('10 more') });
    expect(
      JSON.parse(world.evidence.text('evidence/demand_1-0_1/offline/evaluation-report.json')).reasons,
    ).toHaveLength(60);
  });
});
