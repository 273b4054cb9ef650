import { describe, expect, it } from 'vitest';
import { candidateTypeFaults, settingsTypeFaults } from '../../functions/registry/change-type-faults.ts';

const altering = (...paths: string[]) => paths.map((path) => ({ path, before: 'a', after: 'b' }));

describe('A change of settings', () => {
  it.each([
    ['ownership', 'owner'],
    ['ownership', 'approver ana'],
    ['ownership', 'downstream Replenishment'],
    ['ownership', 'policy.approvals.quorum.canary'],
    ['thresholds', 'policy.approvals.expiry'],
    ['thresholds', 'policy.offline.margin_overall'],
    ['thresholds', 'policy.freezes'],
    ['calibration', 'policy.calibration.uplift'],
    ['retraining-cadence', 'policy.retraining.every'],
    ['training-window', 'policy.retraining.window'],
  ] as const)('of type %s may alter %s, and no type but those for it may', (type, path) => {
    expect(settingsTypeFaults(type, altering(path))).toEqual([]);
    expect(settingsTypeFaults('architecture', altering(path))).toMatchObject([{ code: 'CHANGE_TYPE_MISMATCH' }]);
  });

  it('is told every setting that its type is not for, and the types that are', () => {
    const faults = settingsTypeFaults(
      'retraining-cadence',
      altering('owner', 'policy.retraining.every', 'policy.poll'),
    );
    expect(faults).toMatchObject([
      { path: 'change.type', got: 'retraining-cadence', allowed: 'ownership, thresholds' },
    ]);
    expect(faults[0]?.message).toContain('owner, policy.poll');
  });

  it('that alters many settings is refused in a message of bounded length', () => {
    const many = altering(...Array.from({ length: 500 }, (_, index) => `policy.canary.setting_${index}`));
    expect(settingsTypeFaults('ownership', many)[0]?.message).toMatch(/and 480 more\.$/);
  });
});

describe('A candidate', () => {
  it('with other features than the version that serves is a change of features, or of architecture', () => {
    const of = (type: 'features' | 'architecture' | 'training-window') =>
      candidateTypeFaults(type, ['level', 'price'], ['level', 'weekday']);
    expect(of('features')).toEqual([]);
    expect(of('architecture')).toEqual([]);
    expect(of('training-window')).toMatchObject([
      { code: 'CHANGE_TYPE_MISMATCH', message: expect.stringContaining('+price, -weekday') },
    ]);
  });

  it('with the same features in another order, or the first one, may be of any type', () => {
    expect(candidateTypeFaults('calibration', ['a', 'b'], ['b', 'a'])).toEqual([]);
    expect(candidateTypeFaults('calibration', ['a', 'b'], null)).toEqual([]);
  });
});
