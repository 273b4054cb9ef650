import { describe, expect, it } from 'vitest';
import { judgeGuard } from '../../../functions/evidence/guard/guard.ts';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import type { AccuracyLook, GuardItem, OperationsLook } from '../../../functions/evidence/guard/guard-item.ts';
import {
  changeOf,
  type Guarded,
  guardedOf,
  itemAfter,
  type Looks,
  newWarnings,
  rollbackOf,
  type Seen,
} from '../../../functions/evidence/guard/guard-watch.ts';
import type { PromotionItem, VersionItem } from '../../../functions/registry/items.ts';
import { parseRollbackInput } from '../../../functions/rollback/input.ts';
import { aChange, aPromotion, stored } from '../../fakes/runs.ts';
import { days, worse } from './days.ts';

const MOVED = '2026-03-01T10:00:00.000Z';
const POINTER = { revision: 8, deploymentNumber: 8, documentSha256: 'ab'.repeat(32), movedAt: MOVED };
const VERSION: VersionItem = {
  ...{ model: 'demand', version: '1.0.0', sha256: 'cd'.repeat(32), artifact: stored('a'), status: 'production' },
  ...{ promotionId: 'demand_1-0-0_1', registeredAt: MOVED, promotedAt: MOVED },
};
/** Promoted after it, and taken out again. */
const GONE: VersionItem = {
  ...{ ...VERSION, version: '2.0.0', status: 'withdrawn', promotionId: 'demand_2-0-0_1' },
  promotedAt: '2026-03-05T10:00:00.000Z',
};
const promoted = (over: Partial<PromotionItem> = {}) => aPromotion({ stage: 'production', pointer: POINTER, ...over });

/** A promoted version, of which the guard found this so far. */
function guarded(item: GuardItem | null = null): Guarded {
  const found = guardedOf([VERSION], promoted(), item);
  if (found === null) throw new Error('It is not guarded.');
  return found;
}

const SEEN: Seen = { accuracy: 'outcomes-1', asOf: '2026-03-20', newestOutcomes: '2026-03-19' };
const NOTHING: Looks = { seen: SEEN, operations: null, accuracy: null };
const EARLY = '2026-03-10T10:00:00.000Z';
const LATE = '2026-03-29T10:00:00.000Z';

const operations = (over: Partial<OperationsLook> = {}): OperationsLook => ({
  ...{ seen: 'listing-1', asOf: '2026-03-20', volumes: [], reasons: [], warnings: [] },
  ...over,
});
const accuracy = (evidence = days(56), through = '2026-03-20'): AccuracyLook => ({
  ...{ seen: SEEN.accuracy, through, comparator: '0.9', judged: judgeGuard(evidence, guardConfig.parse({})) },
});
const next = (item: GuardItem | null, looks: Partial<Looks>, at = EARLY) =>
  itemAfter(guarded(item), { ...NOTHING, ...looks }, at);

const finding = (code: string) => ({ code, got: 'this', allowed: 'that' });
const degraded = days(56, (index) => (index < 40 ? {} : worse(index, 0.3)));

describe('who is guarded', () => {
  it('is the version in production that a promotion brought there', () => {
    expect(guardedOf([VERSION], promoted(), null)).toMatchObject({ item: null, run: { pointer: POINTER } });
    expect(guardedOf([VERSION], promoted({ end: 'promoted' }), null)).not.toBeNull();
  });

  it.each([
    ['no version serves', guardedOf([], promoted(), null)],
    ['it is retained', guardedOf([{ ...VERSION, status: 'retained' }], promoted(), null)],
    ['it was withdrawn', guardedOf([{ ...VERSION, status: 'withdrawn' }], promoted(), null)],
    ['its run is unknown', guardedOf([VERSION], null, null)],
    ['an onboarding took it over', guardedOf([VERSION], aChange({ kind: 'onboard' }), null)],
    ['its pointer was not moved', guardedOf([VERSION], aPromotion({ stage: 'production' }), null)],
    ['a newer attempt of it runs', guardedOf([VERSION], aPromotion({ stage: 'shadow' }), null)],
    ['a later version was gone back from', guardedOf([VERSION, GONE], promoted(), null)],
  ])('is nobody when %s', (_, found) => {
    expect(found).toBeNull();
  });

  it('is nobody once the guard was disarmed, until the next promotion begins it anew', () => {
    const disarmed: GuardItem = { ...next(null, {}), status: 'disarmed', revision: 7 };
    expect(guardedOf([VERSION], promoted(), disarmed)).toBeNull();
    const later = { ...VERSION, promotionId: 'demand_1-0-0_2' };
    const again = guardedOf([later], promoted({ promotionId: 'demand_1-0-0_2' }), disarmed);
    expect(again).toMatchObject({ item: null, stored: disarmed });
    expect(again === null ? null : itemAfter(again, NOTHING, EARLY)).toMatchObject({ status: 'armed', revision: 8 });
  });
});

describe('what the guard keeps', () => {
  it('begins as armed, without a decision on accuracy', () => {
    expect(next(null, {})).toMatchObject({
      ...{ status: 'armed', decision: 'INSUFFICIENT', since: EARLY, reasons: [], warnings: [], revision: 1 },
      ...{ operations: { seen: '', asOf: '' }, accuracy: { seen: '', through: '', comparator: '' } },
    });
  });

  it('decides by both clocks: a reason of either goes back, a warning of either is one', () => {
    const calm = next(null, { operations: operations(), accuracy: accuracy() });
    expect(calm.decision).toBe('OK');
    const broken = operations({ reasons: [finding('INVALID_PREDICTIONS')] });
    expect(next(null, { operations: broken })).toMatchObject({ decision: 'ROLLBACK' });
    expect(next(calm, { operations: broken })).toMatchObject({ decision: 'ROLLBACK', since: EARLY });
    expect(next(calm, { accuracy: accuracy(degraded) })).toMatchObject({ decision: 'ROLLBACK' });
    const few = operations({ warnings: [finding('FEWER_REQUESTS')] });
    expect(next(calm, { operations: few })).toMatchObject({
      decision: 'WARN',
      warnings: [{ code: 'FEWER_REQUESTS' }],
    });
    expect(next(null, { operations: few })).toMatchObject({ decision: 'INSUFFICIENT' });
  });

  it('keeps a reason for good, and a warning as long as it holds', () => {
    const broken = next(null, {
      operations: operations({ reasons: [finding('VOLUME_DROP')], warnings: [finding('X')] }),
    });
    const later = next(broken, { operations: operations({ seen: 'listing-2' }), accuracy: accuracy() }, LATE);
    expect(later).toMatchObject({
      decision: 'ROLLBACK',
      since: EARLY,
      reasons: [{ code: 'VOLUME_DROP' }],
      warnings: [],
    });
  });

  it('says what became of a look: nothing, what was seen, or another decision', () => {
    const first = next(null, { operations: operations(), accuracy: accuracy() });
    expect(changeOf(null, first)).toBe('decided');
    expect(changeOf(first, next(first, {}, LATE.replace('29', '11')))).toBe('none');
    expect(changeOf(first, next(first, { operations: operations({ seen: 'listing-2' }) }))).toBe('seen');
    expect(changeOf(first, next(first, { accuracy: accuracy(degraded) }))).toBe('decided');
    expect(changeOf(first, { ...first, status: 'disarmed' })).toBe('decided');
  });

  it('says a warning that was not there before, also beside others and before anything can be decided', () => {
    const [few, silent] = [finding('FEWER_REQUESTS'), finding('NO_FORECASTS')];
    const first = next(null, { operations: operations({ warnings: [few] }) });
    const both = next(first, { operations: operations({ seen: 'listing-2', warnings: [few, silent] }) });
    expect([newWarnings(null, first), newWarnings(first, both), newWarnings(both, first)]).toEqual([
      ['FEWER_REQUESTS'],
      ['NO_FORECASTS'],
      [],
    ]);
    expect([changeOf(first, both), changeOf(both, first)]).toEqual(['decided', 'seen']);
  });
});

describe('the guard stays armed', () => {
  const until = (through: string) => next(null, { operations: operations(), accuracy: accuracy(days(56), through) });
  const over = (through: string) => next(until(through), {}, LATE);
  const END = '2026-03-20';

  it('until the confirmation period is over', () => {
    expect(next(until(END), {})).toMatchObject({ status: 'armed' });
    expect(next(until(END), {})).not.toHaveProperty('periodEnd');
    expect(over(END)).toMatchObject({ status: 'armed', periodEnd: END });
  });

  it('and the outcomes up to its last as-of date are in, and judged', () => {
    expect(next(over('2026-03-19'), {}, LATE)).toMatchObject({ status: 'armed' });
    expect(next(over(END), { seen: { ...SEEN, accuracy: 'outcomes-2' } }, LATE)).toMatchObject({ status: 'armed' });
    expect(next(over(END), {}, LATE)).toMatchObject({ status: 'disarmed', decision: 'OK' });
  });

  it('and not for a last day on which nothing is sold: later outcomes tell', () => {
    const later: Seen = { ...SEEN, newestOutcomes: '2026-03-21' };
    expect(next(over('2026-03-19'), { seen: later }, LATE)).toMatchObject({ status: 'disarmed' });
    expect(next(over('2026-03-13'), { seen: later }, LATE)).toMatchObject({ status: 'armed' });
  });

  it('whatever is forecast after the period: its last date does not move', () => {
    const later: Seen = { ...SEEN, asOf: '2026-03-25' };
    expect(next(over(END), { seen: later, operations: operations({ asOf: '2026-03-25' }) }, LATE)).toMatchObject({
      ...{ periodEnd: END, status: 'disarmed' },
    });
  });

  it('while nothing was shown, for want of days or of forecasts, and while it must go back', () => {
    const short = next(next(null, { accuracy: accuracy(days(20)) }), {}, LATE);
    expect(next(short, {}, LATE)).toMatchObject({ status: 'armed', decision: 'INSUFFICIENT' });
    // The days after the period are judged then, for those within it will never be enough.
    expect(short).not.toHaveProperty('periodEnd');
    expect(next({ ...short, periodEnd: END }, {}, LATE)).not.toHaveProperty('periodEnd');
    const enough = next(short, { accuracy: accuracy() }, LATE);
    expect(enough).toMatchObject({ status: 'armed', decision: 'OK', periodEnd: END });
    expect(next(enough, {}, LATE)).toMatchObject({ status: 'disarmed' });
    expect(next(null, { seen: { ...SEEN, asOf: '' } }, LATE)).not.toHaveProperty('periodEnd');
    const gone = next(next(null, { accuracy: accuracy(degraded) }), {}, LATE);
    expect(next(gone, {}, LATE)).toMatchObject({ status: 'armed', decision: 'ROLLBACK' });
  });
});

describe('silence', () => {
  it('is a warning when days were sold without a forecast', () => {
    const calm = next(null, { operations: operations(), accuracy: accuracy() });
    const silent = (newestOutcomes: string) => next(calm, { seen: { ...SEEN, newestOutcomes } });
    expect(silent('2026-03-22')).toMatchObject({ decision: 'OK', warnings: [] });
    expect(silent('2026-03-23')).toMatchObject({ decision: 'WARN', warnings: [{ code: 'NO_FORECASTS' }] });
    expect(next(null, { seen: { ...SEEN, asOf: '', newestOutcomes: '2026-03-23' } }).warnings).toEqual([]);
  });
});

describe('the rollback that the guard asks for', () => {
  const of = (reasons: readonly string[], warnings: readonly string[] = []): GuardItem => ({
    ...{ ...next(null, {}), decision: reasons.length > 0 ? 'ROLLBACK' : 'WARN' },
    ...{ reasons: reasons.map(finding), warnings: warnings.map(finding) },
  });

  it.each([
    [['ACCURACY_DEGRADED'], 'metric-degradation'],
    [['DATA_DRIFT'], 'data-drift'],
    [['INVALID_PREDICTIONS'], 'data-corruption'],
    [['VOLUME_DROP'], 'data-corruption'],
    [['ACCURACY_DEGRADED', 'DATA_DRIFT', 'VOLUME_DROP'], 'data-corruption'],
    [['ACCURACY_DEGRADED', 'DATA_DRIFT'], 'metric-degradation'],
  ])('for %j names the cause %s, and the version that has to go', (reasons, cause) => {
    const rollback = rollbackOf(of(reasons));
    expect(rollback?.input).toMatchObject({ cause, withdrawVersion: '1.0.0', requestedBy: 'system:guard' });
    expect(parseRollbackInput(rollback?.input)).toMatchObject({ ok: true });
    expect(rollback?.input['detail']).toContain(`${reasons[0]}: this; allowed: that.`);
  });

  it('says so where going back alone will not help', () => {
    const { input } = rollbackOf(of(['VOLUME_DROP'], ['UPSTREAM_CAUSE_LIKELY', 'DEGRADING'])) ?? {};
    expect(input?.['detail']).toMatch(/VOLUME_DROP.*UPSTREAM_CAUSE_LIKELY/);
    expect(input?.['detail']).not.toContain('DEGRADING');
  });

  it('has one name per promotion, which is the name of an execution', () => {
    const long = {
      ...of(['DATA_DRIFT']),
      model: 'm'.repeat(32),
      promotionId: `${'m'.repeat(32)}_${'1'.repeat(40)}_12`,
    };
    expect(rollbackOf(long)?.name).toMatch(/^[\w-]{1,80}$/);
    expect(rollbackOf(long)?.name).toBe(rollbackOf({ ...long, reasons: [finding('VOLUME_DROP')] })?.name);
    expect(rollbackOf(long)?.name).not.toBe(rollbackOf({ ...long, promotionId: 'demand_2_1' })?.name);
  });

  it('has another name when the version still serves later on: an execution that failed is not run again', () => {
    const found = { ...of(['DATA_DRIFT']), since: '2026-03-10T10:00:00.000Z' };
    const at = (time: string) => rollbackOf(found, `2026-03-${time}:00.000Z`)?.name ?? '';
    const first = at('10T10:00');
    expect(rollbackOf(found)?.name).toBe(first);
    expect(at('10T10:14')).toBe(first);
    expect(at('10T10:15')).toBe(`${first}-2`);
    expect(at('10T10:44')).toBe(`${first}-2`);
    expect(at('10T10:45')).toBe(`${first}-3`);
    // Ever more rarely: a fault that stays is for people, whom each failed execution alarms.
    const names = Array.from({ length: 24 * 12 }, (_, look) =>
      at(`10T${String(look % 24).padStart(2, '0')}:00`.replace('10T', `${11 + Math.floor(look / 24)}T`)),
    );
    expect(new Set(names).size).toBeLessThan(8);
    expect(at('10T09:00')).toBe(first);
  });

  it('is none for anything else', () => {
    expect(rollbackOf(of([], ['DEGRADING']))).toBeNull();
  });
});
