import { describe, expect, it } from 'vitest';
import { CHANGE_TYPES } from '../../functions/change/change-record.ts';
import { promotionSeverity, SEVERITY_LEVELS, settingsSeverity } from '../../functions/change/change-severity.ts';

const NOWHERE = { regions: [], stores: [], skus: [], categories: [] };
const NORTH = { ...NOWHERE, regions: ['north'] };
const rank = (level: (typeof SEVERITY_LEVELS)[number]) => SEVERITY_LEVELS.indexOf(level);

describe('The severity of a promotion', () => {
  it.each([
    ['architecture', 'critical', 'major'],
    ['features', 'critical', 'major'],
    ['training-window', 'major', 'minor'],
    ['calibration', 'major', 'minor'],
    ['retraining-cadence', 'major', 'minor'],
  ] as const)('of type %s is %s for the whole business and %s for named parts of it', (type, whole, part) => {
    expect(promotionSeverity({ type }, NOWHERE).level).toBe(whole);
    expect(promotionSeverity({ type }, NORTH).level).toBe(part);
  });

  it('says by what it came about', () => {
    expect(promotionSeverity({ type: 'features' }, NORTH).because).toBe(
      'features, drawn from named parts of the business',
    );
    expect(promotionSeverity({ type: 'calibration', critical: true }, NORTH)).toEqual({
      level: 'critical',
      because: 'declared critical; by the rule minor (calibration, drawn from named parts of the business)',
    });
  });

  it.each(CHANGE_TYPES)('of type %s is never milder for being declared, nor for reaching further', (type) => {
    for (const where of [NOWHERE, NORTH]) {
      expect(promotionSeverity({ type, critical: true }, where).level).toBe('critical');
      expect(rank(promotionSeverity({ type }, NOWHERE).level)).toBeGreaterThanOrEqual(
        rank(promotionSeverity({ type }, where).level),
      );
    }
  });
});

describe('The severity of a change without a version', () => {
  it('is higher where it alters what protects what serves', () => {
    const of = (...paths: string[]) => settingsSeverity({ type: 'thresholds' }, { paths, adopts: false }).level;
    expect(of('policy.offline.margin_overall')).toBe('minor');
    expect(of('policy.approvals.expiry')).toBe('minor');
    expect(of('policy.guardian')).toBe('minor');
    expect(of('policy.approvals.quorum.canary')).toBe('major');
    expect(of('policy.guard.rollback', 'policy.offline.margin_overall')).toBe('major');
    expect(of('policy.freezes')).toBe('major');
  });

  it('is major for an onboarding, and critical when that takes a version over', () => {
    expect(settingsSeverity({ type: 'onboarding' }, { paths: [], adopts: false }).level).toBe('major');
    expect(settingsSeverity({ type: 'onboarding' }, { paths: [], adopts: true }).level).toBe('critical');
  });
});
