import { describe, expect, it } from 'vitest';
import { exposureOf, exposurePlan, planOf } from '../../functions/promotion/exposure.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { aPromotion } from '../fakes/runs.ts';

const policy = policySchema.parse({
  shadowPlan: { maxDuration: 'P60D' },
  canaryPlan: {
    unit: 'store',
    where: { regions: ['north'] },
    steps: [{ percentage: 10, hold: 'P7D' }],
    maxDuration: 'P30D',
  },
  confirmation: 'P14D',
  poll: 'PT2H',
});
const run = aPromotion({ version: '2.0.0', baseline: '1.0.0', plan: planOf(policy) });

describe('What a promotion may expose', () => {
  it('is taken from its policy once, and can be stored and read back', () => {
    expect(planOf(policy)).toEqual({
      shadow: { maxDuration: 'P60D' },
      canary: policy.canaryPlan,
      confirmation: 'P14D',
      poll: 'PT2H',
    });
    expect(exposurePlan.parse(JSON.parse(JSON.stringify(planOf(policy))))).toEqual(planOf(policy));
  });

  it('is nothing offline, a bounded shadow, a planned canary, and everything with the previous version beside it', () => {
    expect(exposureOf(run, 'offline')).toBeNull();
    expect(exposureOf(run, 'shadow')).toEqual({ kind: 'shadow', shadowVersion: '2.0.0', maxDuration: 'P60D' });
    expect(exposureOf(run, 'canary')).toEqual({ kind: 'canary', canaryVersion: '2.0.0', ...policy.canaryPlan });
    expect(exposureOf(run, 'production')).toEqual({
      kind: 'promote',
      productionVersion: '2.0.0',
      shadowVersion: '1.0.0',
      confirmation: 'P14D',
    });
  });
});
