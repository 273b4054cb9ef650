import type * as z from 'zod';
import type { HoldReason } from '../../../functions/change/advance-notice/notice-checks.ts';
import { type JudgeEvent, judge } from '../../../functions/evidence/judge.ts';
import type { JudgePorts } from '../../../functions/evidence/judge-ports.ts';
import type { Draft } from '../../../functions/ledger/entry.ts';
import { digestOf } from '../../../functions/platform/json.ts';
import { planOf } from '../../../functions/promotion/exposure.ts';
import type { Exposure, PromotionItem } from '../../../functions/registry/items.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { updated } from '../../fakes/promotion-update.ts';
import { aPromotion } from '../../fakes/runs.ts';
import { MemoryFiles, PROMOTION, readCanary, readPower, readShadow, UNTIL } from './stage-world.ts';

export const AT = '2026-05-01T00:00:00.000Z';
export const policy = policySchema.parse({
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
export const SHADOW_EVENT: JudgeEvent = { promotionId: PROMOTION, stage: 'shadow' };
export const CANARY_EVENT: JudgeEvent = { promotionId: PROMOTION, stage: 'canary' };

export function exposure(members: Partial<Exposure>): Exposure {
  const move = { revision: 5, deploymentNumber: 5, documentSha256: 'a'.repeat(64), movedAt: AT };
  return { ...move, stage: 'shadow', step: 0, percentage: 0, until: UNTIL, ...members };
}
export const ON_SHADOW = exposure({});
export const ON_20 = exposure({ revision: 6, stage: 'canary', percentage: 20 });
export const ON_50 = exposure({ revision: 7, stage: 'canary', step: 1, percentage: 50 });

/** Ports over one promotion and one prediction bucket in memory, with the real engine between. */
export class World {
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

  /** What keeps the canary from being widened. */
  held: readonly HoldReason[] = [];
  readonly ports: JudgePorts = {
    registry: { run: async () => this.run, policy: async () => ({ policy, policyDigest: digestOf(policy) }) },
    widening: async () => this.held,
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
      putWork: () => Promise.reject(new Error('Nothing was split.')),
      find: (key) => this.evidence.find(key),
      read: (object) => this.evidence.read(object),
    },
    withDirectory: (use) => use('/lent'),
    offlineSums: () => Promise.reject(new Error('Not the offline gate.')),
    shardsFor: async () => 1,
    splitOffline: () => Promise.reject(new Error('Nothing is split.')),
    offlinePartSums: () => Promise.reject(new Error('Nothing was split.')),
    recorded: () => Promise.reject(new Error('Nothing was recorded.')),
    shadowEvidence: ({ filter }, request) => readShadow(this.files, request, filter),
    powerEvidence: ({ filter }, settings) => readPower(this.files, settings, filter),
    canaryEvidence: ({ filter }, settings) => readCanary(this.files, settings, filter),
  };

  judge(event: JudgeEvent, at = AT) {
    return judge(this.ports, event, { retention: { days: 1, mode: 'GOVERNANCE' }, at });
  }

  /** A report that was written, as what it should be. */
  report<T>(file: string, schema: z.ZodType<T>): T {
    return schema.parse(JSON.parse(this.evidence.text(`evidence/${PROMOTION}/${file}`)));
  }
}
