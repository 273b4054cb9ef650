import { describe, expect, it } from 'vitest';
import { judgeGuard } from '../../../functions/evidence/guard/guard.ts';
import { alertOf, rollbackOf } from '../../../functions/evidence/guard/guard-answer.ts';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import type { AccuracyLook, Arrival, GuardItem, OperationsLook } from '../../../functions/evidence/guard/guard-item.ts';
import {
  changeOf,
  type Guarded,
  guardedOf,
  itemAfter,
  type Looks,
  newSilence,
  newWarnings,
  type Seen,
} from '../../../functions/evidence/guard/guard-watch.ts';
import { plusDays } from '../../../functions/platform/duration.ts';
import type { PromotionItem, VersionItem } from '../../../functions/registry/items.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
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

const SEEN: Seen = {
  ...{ accuracy: 'outcomes-1', asOf: '2026-03-20', newestOutcomes: '2026-03-19' },
  ...{ arrivals: [], outcomeArrivals: [] },
};
const POLICY = policySchema.parse({});
const NOTHING: Looks = { seen: SEEN, operations: null, accuracy: null };
const EARLY = '2026-03-10T10:00:00.000Z';
const LATE = '2026-03-29T10:00:00.000Z';

const operations = (over: Partial<OperationsLook> = {}): OperationsLook => ({
  ...{ seen: 'listing-1', asOf: '2026-03-20', volumes: [], spreads: [], reasons: [], warnings: [], silence: [] },
  ...over,
});
const accuracy = (evidence = days(56), through = '2026-03-20'): AccuracyLook => ({
  ...{ seen: SEEN.accuracy, through, comparator: '0.9', judged: judgeGuard(evidence, guardConfig.parse({})) },
  ...{ silence: [], coverage: 1 },
});
const next = (item: GuardItem | null, looks: Partial<Looks>, at = EARLY) =>
  itemAfter(guarded(item), { ...NOTHING, ...looks }, POLICY, at);

/** Data of so many days from the first on, each at five. */
function arrivals(first: string, count: number): readonly Arrival[] {
  const dates = Array.from({ length: count }, (_, index) => plusDays(first, index));
  return dates.map((date) => ({ date, at: `${date}T05:00:00.000Z` }));
}
const finding = (code: string) => ({ code, got: 'this', allowed: 'that' });
const degraded = days(56, (index) => (index < 40 ? {} : worse(index, 0.3)));

describe('who is guarded', () => {
  it('is the version in production that a promotion brought there, armed until it is confirmed', () => {
    expect(guardedOf([VERSION], promoted(), null)).toMatchObject({
      item: null,
      isArmed: true,
      run: { pointer: POINTER },
    });
    expect(guardedOf([VERSION], promoted({ end: 'promoted' }), null)).not.toBeNull();
  });

  it('is one that an onboarding took over, and one that was gone back to, neither of them armed', () => {
    const adopted = aChange({
      ...{ kind: 'onboard', adopt: { version: '1.0.0', artifact: stored('a') }, adopted: POINTER },
    });
    expect(guardedOf([VERSION], adopted, null)).toMatchObject({
      isArmed: false,
      isLatest: true,
      run: { baseline: '' },
    });
    expect(guardedOf([VERSION, GONE], promoted(), null)).toMatchObject({ isArmed: false, isLatest: false });
  });

  it.each([
    ['no version serves', guardedOf([], promoted(), null)],
    ['it is retained', guardedOf([{ ...VERSION, status: 'retained' }], promoted(), null)],
    ['it was withdrawn', guardedOf([{ ...VERSION, status: 'withdrawn' }], promoted(), null)],
    ['its run is unknown', guardedOf([VERSION], null, null)],
    ['an onboarding ran that took nothing over', guardedOf([VERSION], aChange({ kind: 'onboard' }), null)],
    ['its pointer was not moved', guardedOf([VERSION], aPromotion({ stage: 'production' }), null)],
    ['a newer attempt of it runs', guardedOf([VERSION], aPromotion({ stage: 'shadow' }), null)],
  ])('is nobody when %s', (_, found) => {
    expect(found).toBeNull();
  });

  it('is watched once the guard was disarmed, until the next promotion arms it anew', () => {
    const disarmed: GuardItem = { ...next(null, {}), status: 'disarmed', revision: 7 };
    expect(guardedOf([VERSION], promoted(), disarmed)).toMatchObject({ isArmed: false, item: disarmed });
    const later = { ...VERSION, promotionId: 'demand_1-0-0_2' };
    const again = guardedOf([later], promoted({ promotionId: 'demand_1-0-0_2' }), disarmed);
    expect(again).toMatchObject({ item: null, stored: disarmed });
    expect(again === null ? null : itemAfter(again, NOTHING, POLICY, EARLY)).toMatchObject({
      status: 'armed',
      revision: 8,
    });
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
      [],
      [],
    ]);
    expect(newSilence(first, both)).toEqual([silent]);
    expect(newSilence(both, both)).toEqual([]);
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

  const shown = next(null, { operations: operations(), accuracy: accuracy() });
  const ended = next(shown, {}, LATE);
  const TOLD = { ...SEEN, newestOutcomes: '2026-03-20' };

  it.each([
    ['nobody asks any more', { seen: { ...TOLD, newestOutcomes: '2026-03-23' } }],
    ['outcomes stay away', { seen: { ...TOLD, outcomeArrivals: arrivals('2026-03-01', 14) } }],
    ['stores are not asked for', { operations: operations({ silence: [finding('STORES_MISSING')] }) }],
    ['outcomes of stores are missing', { accuracy: { ...accuracy(), silence: [finding('OUTCOMES_INCOMPLETE')] } }],
    ['too few of the days are closed', { accuracy: { ...accuracy(), coverage: 0.7 } }],
    ['no day is closed', { accuracy: { ...accuracy(), coverage: null } }],
  ])('confirms nothing: %s', (_, looks) => {
    expect(next(ended, { seen: TOLD }, LATE)).toMatchObject({ status: 'disarmed' });
    const after = next(ended, { seen: TOLD, ...looks }, LATE);
    expect(after).toMatchObject({ status: 'armed', reasons: [] });
    expect(after).not.toHaveProperty('periodEnd');
    expect(rollbackOf(after)).toBeNull();
  });

  it('is gone back from where the policy says so, as long as the version is not confirmed', () => {
    const watch = { ...POLICY.watch, silence: 'rollback' as const };
    const seen = { ...SEEN, outcomeArrivals: arrivals('2026-03-01', 14) };
    const looks = { ...NOTHING, seen };
    const after = itemAfter(guarded(shown), looks, { ...POLICY, watch }, LATE);
    expect(after).toMatchObject({ decision: 'ROLLBACK', reasons: [{ code: 'NO_OUTCOMES' }] });
    expect(rollbackOf(after)?.input).toMatchObject({ cause: 'infrastructure' });
    const confirmed = guarded({ ...shown, status: 'disarmed' });
    expect(itemAfter(confirmed, looks, { ...POLICY, watch }, LATE)).toMatchObject({
      ...{ reasons: [], warnings: [{ code: 'NO_OUTCOMES' }] },
    });
  });
});

describe('a confirmed version', () => {
  const confirmed = (item: GuardItem) => guarded({ ...item, status: 'disarmed' });
  const calm = next(null, { operations: operations(), accuracy: accuracy() });
  const worseOn = (item: GuardItem, policy = POLICY) =>
    itemAfter(confirmed(item), { ...NOTHING, accuracy: accuracy(degraded) }, policy, LATE);

  it('is told of and not gone back from, and calms down again with what is found', () => {
    const worsened = worseOn(calm);
    expect(worsened).toMatchObject({
      ...{ status: 'disarmed', answer: 'alert', decision: 'ROLLBACK', reasons: [{ code: 'ACCURACY_DEGRADED' }] },
    });
    expect(rollbackOf(worsened)).toBeNull();
    expect(alertOf(worsened)).toMatchObject({ rolledBack: false, version: '1.0.0' });
    const better = itemAfter(confirmed(worsened), { ...NOTHING, accuracy: accuracy() }, POLICY, LATE);
    expect(better).toMatchObject({ decision: 'OK', reasons: [] });
  });

  it('is gone back from where its policy says so, but never when it is what was gone back to', () => {
    const policy = { ...POLICY, watch: { ...POLICY.watch, afterConfirmation: 'rollback' as const } };
    expect(rollbackOf(worseOn(calm, policy))).not.toBeNull();
    const back = guardedOf([VERSION, GONE], promoted(), null);
    if (back === null) throw new Error('It is not watched.');
    const looks = { ...NOTHING, accuracy: accuracy(degraded) };
    expect(itemAfter(back, looks, policy, LATE)).toMatchObject({ decision: 'ROLLBACK', answer: 'alert' });
  });
});

describe('the alert of the guard', () => {
  const warned = (codes: readonly string[], over: Partial<GuardItem> = {}): GuardItem => ({
    ...{ ...next(null, {}), decision: 'WARN', warnings: codes.map(finding) },
    ...over,
  });

  it('tells what people do not know yet, once of the same decision', () => {
    const first = alertOf(warned(['DEGRADING']));
    expect(first).toMatchObject({ trigger: 'system:guard', cause: 'metric-degradation', rolledBack: false });
    expect(alertOf(warned(['DEGRADING'], { lookedAt: LATE, revision: 9 }))).toEqual(first);
    expect(alertOf(warned(['DEGRADING'], { alerted: ['DEGRADING'] }))).toBeNull();
    const more = alertOf(warned(['DATA_DRIFT', 'DEGRADING'], { alerted: ['DEGRADING'] }));
    expect(more?.id).not.toBe(first?.id);
    expect(more?.detail).not.toContain('DEGRADING');
    expect(alertOf(warned([], { decision: 'OK' }))).toBeNull();
  });

  it('blames no version for silence, and says what is missing', () => {
    const silent = alertOf(warned(['NO_OUTCOMES']));
    expect(silent).toMatchObject({ version: '', cause: 'infrastructure' });
    expect(silent?.detail).toContain('NO_OUTCOMES: this; allowed: that.');
    expect(alertOf(warned(['DEGRADING', 'NO_OUTCOMES']))).toMatchObject({ version: '1.0.0' });
  });

  it('says that a rollback was started, where one was', () => {
    const gone = warned([], { decision: 'ROLLBACK', reasons: [finding('VOLUME_DROP')] });
    expect(alertOf(gone)).toMatchObject({ rolledBack: true, version: '1.0.0', cause: 'data-corruption' });
    expect(alertOf(gone)?.headline).toContain('Version 1.0.0 goes back.');
  });

  it('is told again of what came back after it had gone', () => {
    const told = warned(['DEGRADING'], { alerted: ['DEGRADING'] });
    const calmer = next(told, { operations: operations(), accuracy: accuracy() });
    expect(calmer).toMatchObject({ decision: 'OK', alerted: [] });
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
