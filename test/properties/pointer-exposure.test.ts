import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Router } from '../../functions/inference/routing/router.ts';
import type { Unit } from '../../functions/inference/routing/unit.ts';
import { faultOfExposure } from '../../functions/pointer/approved-exposure.ts';
import { canaryDocument, type Ground, productionDocument, shadowDocument } from '../../functions/pointer/build.ts';
import type { PointerDocument } from '../../functions/pointer/document.ts';
import { dueMove } from '../../functions/pointer/due-move.ts';
import { exposureOf } from '../../functions/promotion/exposure.ts';
import { STAGES } from '../../functions/promotion/life-cycle.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { anExposure, aPromotion, stored } from '../fakes/runs.ts';
import { AT, unsignedDocument } from '../pointer/fixtures.ts';

const REGIONS = ['CA', 'TX', 'WI'];
const NAMES = ['1.1.0', '2.0', '3.0'];
const SHARES = [5, 20, 50];
const { canaryPlan } = policySchema.parse({
  canaryPlan: { where: { regions: ['CA', 'TX'] }, excludedSegments: ['category:medicine'], maxDuration: 'P20D' },
});
const promotion = aPromotion({ promotionId: 'demand_2-0_1', version: '2.0', baseline: '1.1.0' });
const run = { ...promotion, plan: { ...promotion.plan, canary: canaryPlan } };
const ground: Ground = {
  deployed: { ...unsignedDocument(), signature: 'x' },
  revision: 4,
  sanction: { promotionId: run.promotionId, approvedBy: ['Ben <ben@shop.example>'], approvedAt: AT, reason: 'Better.' },
  previousVersion: '1.1.0',
};

/** Around the bounds of shadow (70 days), canary (20) and confirmation (28), and well within all of them. */
const instant = fc
  .oneof(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0, max: 200 }))
  .map((days) => new Date(Date.parse(AT) + days * 86_400_000));
const until = fc.oneof(
  fc.constant(''),
  instant.map((date) => date.toISOString()),
);
const some = (values: readonly string[]) => fc.subarray([...values]);
const unit: fc.Arbitrary<Unit> = fc.record({
  sku: fc.stringMatching(/^[A-Z]{2}$/),
  store: fc.constantFrom('S1', 'S2', 'S3'),
  region: fc.constantFrom(...REGIONS),
  category: fc.constantFrom('foods', 'medicine'),
  segments: fc.constant([]),
});
const approved = fc.oneof(
  fc.constant({ kind: 'shadow' as const, step: 0 }),
  fc.integer({ min: 0, max: 2 }).map((step) => ({ kind: 'canary' as const, step })),
  fc.constant({ kind: 'promote' as const, step: 0 }),
);
/** Attributes by which a document could let a candidate do more. Both versions may change places with others. */
const changed = fc.record({
  productionVersion: fc.constantFrom('', ...NAMES),
  shadowVersion: fc.constantFrom('', ...NAMES),
  canaryVersion: fc.constantFrom('', ...NAMES),
  shadowUntil: until,
  canaryUntil: until,
  canaryPercentage: fc.oneof(fc.constantFrom(0, 100, ...SHARES), fc.integer({ min: 0, max: 100 })),
  unit: fc.constantFrom('sku-store' as const, 'store' as const, 'sku' as const),
  salt: fc.constantFrom('', run.promotionId, 'demand_9-0_1'),
  canaryRegions: some(REGIONS),
  canaryStores: some(['S1', 'S2', 'S3']),
  canarySkus: some(['AA', 'BB']),
  canaryCategories: some(['foods', 'medicine']),
  excludedSegments: some(['category:medicine', 'region:TX']),
});
const ATTRIBUTES = Object.keys(fc.sample(changed, 1)[0] ?? {});
/** A few of them at a time: with many, every document would fail for something. */
const mutation: fc.Arbitrary<Partial<PointerDocument>> = fc
  .tuple(changed, fc.subarray(ATTRIBUTES, { maxLength: 3 }))
  .map(([members, names]) => Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name))));

const KINDS = { shadow: 'shadow', canary: 'canary', promote: 'production' } as const;

/** The widest document that was approved, and the question about another. */
function asked({ kind, step }: { readonly kind: keyof typeof KINDS; readonly step: number }) {
  const next = { version: run.version, manifestSha256: 'cd'.repeat(32), confirmation: run.plan.confirmation };
  const document = {
    shadow: () => shadowDocument(ground, run),
    canary: () => canaryDocument(ground, run, step),
    promote: () => productionDocument(ground, next),
  }[kind]();
  return {
    kind,
    document: { ...document, signature: 'x' },
    approved: { exposure: exposureOf(run, KINDS[kind]), at: AT },
    run: { ...run, canaryStep: step },
  };
}

describe('Any document that passes for an approval', () => {
  it('serves no unit by a candidate that the approval does not, exposes no other version, and none for longer', () => {
    let passed = 0;
    fc.assert(
      fc.property(approved, mutation, fc.array(unit, { minLength: 20 }), instant, (what, members, units, now) => {
        const question = asked(what);
        const document = { ...question.document, ...members };
        if (faultOfExposure({ ...question, document }) !== null) return;
        passed += 1;
        const [router, widestRouter] = [new Router(document), new Router(question.document)];
        for (const of of units) {
          const [got, widest] = [router.route(of, now.getTime()), widestRouter.route(of, now.getTime())];
          if (got.arm === 'canary') expect(got).toMatchObject({ arm: widest.arm, version: widest.version });
          const allowed = [widest.version, ...widest.shadows];
          expect(allowed).toEqual(expect.arrayContaining([got.version, ...got.shadows]));
        }
        expect(document.productionVersion).toBe(question.document.productionVersion);
      }),
      { numRuns: 3000 },
    );
    // A property about documents that all fail would say nothing.
    expect(passed).toBeGreaterThan(100);
  });

  it('is what the builders make, at every step', () => {
    fc.assert(
      fc.property(approved, (what) => {
        expect(faultOfExposure(asked(what))).toBeNull();
      }),
    );
  });
});

describe('Any promotion', () => {
  const runs = fc.record({
    stage: fc.constantFrom(...STAGES),
    awaitingApproval: fc.boolean(),
    canaryStep: fc.integer({ min: 0, max: 2 }),
    exposed: fc.integer({ min: 0, max: 4 }),
  });

  it('has a move due exactly where people let it into a stage, and never one that was recorded', () => {
    fc.assert(
      fc.property(runs, ({ exposed, ...where }) => {
        const exposures = [
          anExposure(),
          ...SHARES.map((percentage, step) => anExposure({ stage: 'canary', step, percentage })),
        ].slice(0, exposed);
        const due = dueMove(aPromotion({ ...where, exposures, manifest: stored('m') }));
        expect(due === null).toBe(where.awaitingApproval || where.stage === 'offline');
        if (due?.kind === 'shadow') expect(due.recorded !== null).toBe(exposed > 0);
        if (due?.kind === 'canary') expect(due.recorded !== null).toBe(exposed > where.canaryStep + 1);
      }),
    );
  });
});
