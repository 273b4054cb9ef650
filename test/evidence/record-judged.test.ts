import { describe, expect, it } from 'vitest';
import type { Judged } from '../../functions/evidence/judge-ports.ts';
import { looksUnchanged } from '../../functions/evidence/looks.ts';
import { type Concluded, recordAdvance, recordLook, recordVerdict } from '../../functions/evidence/record-judged.ts';
import type { Draft } from '../../functions/ledger/entry.ts';
import { planOf } from '../../functions/promotion/exposure.ts';
import {
  type Exposure,
  type GateResult,
  type Looks,
  type PromotionItem,
  promotionItem,
} from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { updated } from '../fakes/promotion-update.ts';
import { aPromotion } from '../fakes/runs.ts';

const AT = '2026-05-01T00:00:00.000Z';
const settings = { retention: { days: 1, mode: 'GOVERNANCE' }, at: AT } as const;
const ONCE: Looks = { shadow: { decisions: 1, cycles: 4 } };
const TWICE: Looks = { shadow: { decisions: 2, cycles: 5 } };

/** One promotion in memory; `append` changes it as the transaction would, or throws and changes nothing. */
class World {
  readonly drafts: Draft[] = [];
  run: PromotionItem;
  beforeAppend = () => {};

  constructor(members: Partial<PromotionItem> = {}) {
    this.run = aPromotion({ stage: 'shadow', awaitingApproval: false, gates: {}, ...members });
  }

  readonly ports = {
    registry: { run: async () => this.run, policy: async () => null },
    writes: new RegistryWrites('registry'),
    ledger: {
      append: async (draft: Draft, writes?: unknown) => {
        this.beforeAppend();
        this.run = updated(this.run, writes);
        this.drafts.push(draft);
        return { seq: this.drafts.length, entryHash: '' };
      },
    },
  };

  look(looks?: Partial<Looks>, run = this.run) {
    const judged = { verdict: 'CONTINUE', reasons: [], advance: false, closedDays: 0 } as const;
    return recordLook(
      this.ports,
      { run, stage: 'shadow', judged: looks === undefined ? judged : { ...judged, looks } },
      settings,
    );
  }

  verdict(members: Partial<Concluded> = {}, run = this.run) {
    const judged: Judged = { verdict: 'PASS', reasons: [], judge: 'shadow/2', artifacts: {}, ...members };
    return recordVerdict(this.ports, { run, stage: run.stage, judged }, settings);
  }
}

describe('A look that goes on', () => {
  it('is kept on the promotion, with an entry of its own', async () => {
    const world = new World();
    await world.look(ONCE);
    expect(world.run.looks).toEqual(ONCE);
    expect(world.drafts).toMatchObject([
      { type: 'look-recorded', at: AT, data: { stage: 'shadow', look: { decisions: 1, cycles: 4 } } },
    ]);
    await world.look(TWICE);
    expect(world.run.looks).toEqual(TWICE);
  });

  it.each([
    ['says nothing of looks', undefined],
    ['leaves what was there', ONCE],
  ])('records nothing when it %s', async (_, left) => {
    const world = new World({ looks: ONCE });
    await world.look(left);
    expect([world.drafts, world.run.looks]).toEqual([[], ONCE]);
  });

  it('leaves the looks of the other stage alone', async () => {
    const canary = { look: 3, pass_looks_used: 1, p_run: { stockout: 0.2 }, failed: false, day: 9 };
    const world = new World({ looks: { canary } });
    await world.look(ONCE);
    expect(world.run.looks).toEqual({ canary, ...ONCE });
  });

  it('is spent once when two runs of the step start from the same: the later one records nothing', async () => {
    const world = new World();
    const before = world.run;
    await world.look(ONCE);
    await world.look(ONCE, before);
    expect([world.drafts.length, world.run.looks]).toEqual([1, ONCE]);
  });

  it('may follow on a promotion that was kept before looks were', () => {
    expect(looksUnchanged({}).expression).toContain('attribute_not_exists(looks)');
    expect(looksUnchanged(ONCE)).toEqual({ expression: 'looks = :looks', values: { ':looks': ONCE } });
    const { looks: _, ...older } = aPromotion({});
    expect(promotionItem.parse(older).looks).toEqual({});
  });

  it('keeps p values that the table could not: so small decides the same', async () => {
    const world = new World();
    const canary = { look: 1, pass_looks_used: 1, p_run: { a: 1e-300, b: 0, c: 0.5 }, failed: true, day: 7 };
    await world.look({ canary });
    expect(world.run.looks.canary?.p_run).toEqual({ a: 1e-100, b: 0, c: 0.5 });
  });

  it('is not recorded on a promotion that ended meanwhile', async () => {
    const world = new World();
    world.beforeAppend = () => {
      world.run = { ...world.run, end: 'rolled-back', endedAt: AT, reasons: [] };
    };
    await expect(world.look(ONCE)).rejects.toMatchObject({ code: 'PROMOTION_ENDED' });
    expect(world.drafts).toEqual([]);
  });
});

describe('A verdict', () => {
  it('is recorded with the look that it spent, in one entry', async () => {
    const world = new World({ looks: ONCE });
    expect(await world.verdict({ looks: TWICE })).toMatchObject({ verdict: 'PASS', judgedAt: AT });
    expect(world.run).toMatchObject({ looks: TWICE, gates: { shadow: { verdict: 'PASS' } } });
    expect(world.drafts).toMatchObject([{ type: 'gate-judged', data: { look: { decisions: 2, cycles: 5 } } }]);
  });

  it('may be that the shadow leaves it open', async () => {
    const world = new World();
    const reasons = [{ code: 'CANARY_UNDERPOWERED', message: 'Too few units.' }];
    expect(await world.verdict({ verdict: 'INCONCLUSIVE', reasons })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons,
    });
  });

  it('without a look says nothing of one', async () => {
    const world = new World();
    await world.verdict();
    expect(world.drafts[0]?.data).not.toHaveProperty('look');
    expect(world.run.looks).toEqual({});
  });

  it('does not count when it started from a look that another run of the step has passed meanwhile', async () => {
    const world = new World();
    const before = world.run;
    await world.look(ONCE);
    expect(await world.verdict({ looks: ONCE }, before)).toBeNull();
    expect(world.run.gates).toEqual({});
  });

  it('does not count when another run of the step was first with one', async () => {
    const world = new World();
    const before = world.run;
    const first = await world.verdict({ verdict: 'FAIL' });
    expect(await world.verdict({ verdict: 'PASS' }, before)).toBeNull();
    expect(world.run.gates.shadow).toEqual(first);
  });

  it('throws what nobody else explains', async () => {
    const world = new World();
    const foreign: GateResult = { verdict: 'PASS', reasons: [], judge: 'offline/2', judgedAt: AT, artifacts: {} };
    world.beforeAppend = () => {
      world.run = { ...world.run, gates: { offline: foreign } };
    };
    await expect(world.verdict()).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
  });
});

describe('A step of the canary', () => {
  const exposure: Exposure = {
    ...{ revision: 5, deploymentNumber: 5, documentSha256: 'a'.repeat(64), movedAt: AT },
    ...{ stage: 'canary', step: 0, percentage: 5, until: AT },
  };
  const judged = { verdict: 'CONTINUE', reasons: [], advance: true, closedDays: 2 } as const;

  it('is raised once, when its document is out and the judge says so', async () => {
    const world = new World({ stage: 'canary', plan: planOf(policySchema.parse({})), exposures: [exposure] });
    await recordAdvance(world.ports, { run: world.run, judged: { ...judged, advance: false } }, settings);
    expect(world.run.canaryStep).toBe(0);
    const before = world.run;
    await recordAdvance(world.ports, { run: before, judged }, settings);
    await recordAdvance(world.ports, { run: before, judged }, settings);
    await recordAdvance(world.ports, { run: world.run, judged }, settings);
    expect(world.run.canaryStep).toBe(1);
    expect(world.drafts).toMatchObject([{ type: 'canary-advanced', data: { from: 0, to: 1, percentage: 20 } }]);
  });
});
