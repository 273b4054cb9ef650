import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeGuard } from '../../../functions/evidence/guard/guard.ts';
import { guardConfig } from '../../../functions/evidence/guard/guard-config.ts';
import { type GuardDay, guardDays } from '../../../functions/evidence/guard/guard-days.ts';
import { dateOf, day, days, worse } from './days.ts';

const DEFAULTS = guardConfig.parse({});
const judged = (evidence: ReturnType<typeof days>, config = DEFAULTS) => judgeGuard(evidence, config).result;

describe('the guard of a model in production', () => {
  it('is content with a ratio that stays where it was', () => {
    expect(judged(days(56))).toMatchObject({
      ...{ decision: 'OK', reasons: [], warnings: [], n_ref: 28, n_live: 28, streak: 0 },
      ...{ reference_ratio: expect.closeTo(0.9, 9), degradation: expect.closeTo(0, 2) },
    });
  });

  it('goes back when the week is more than 10 % worse two days running and the sum is above its limit', () => {
    const { decision, reasons, streak } = judged(days(56, (index) => (index < 40 ? {} : worse(index, 0.2))));
    expect({ decision, reasons }).toEqual({ decision: 'ROLLBACK', reasons: ['ACCURACY_DEGRADED'] });
    // Four of seven days at +20 % are the first week above +10 %, three days after the change.
    expect(streak).toBe(56 - 40 - 3);
  });

  it('does not go back for one bad day, however bad: the next week has to show it too', () => {
    const spike = days(56, (index) => (index === 50 ? worse(index, 0.5) : {}));
    expect(judged(spike)).toMatchObject({ decision: 'WARN', reasons: [], warnings: ['DEGRADING'] });
  });

  it('does not go back for a rise that is no rise beside what the reference did', () => {
    const wide = days(56, (index) => ({
      absError: 1000 * (index < 28 ? (index % 4 < 2 ? 0.6 : 1.4) : 1.15),
    }));
    const { decision, streak, cusum_max } = judged(wide);
    expect(streak).toBeGreaterThanOrEqual(2);
    expect(Number(cusum_max)).toBeLessThan(5);
    expect(decision).toBe('WARN');
  });

  it('does not go back for a steady sum alone: +4 % for weeks is a warning at most', () => {
    const { decision, cusum_max } = judged(days(80, (index) => (index < 40 ? {} : worse(index, 0.04))));
    expect(Number(cusum_max)).toBeGreaterThan(5);
    expect(decision).toBe('OK');
  });

  it('stays with its reasons when weeks are calm again: a rollback is undone by people', () => {
    const past = days(90, (index) => (index >= 40 && index < 55 ? worse(index, 0.3) : {}));
    expect(judged(past)).toMatchObject({ decision: 'ROLLBACK', reasons: ['ACCURACY_DEGRADED'], streak: 0 });
  });

  it('does not blame the model for a hard week that its comparator has as well', () => {
    const hard = days(56, (index) => (index < 45 ? {} : { ...worse(index, 1), comparatorAbsError: 2000 }));
    expect(judged(hard)).toMatchObject({ decision: 'OK' });
  });

  it('decides nothing on accuracy before reference and window are full', () => {
    const early = (count: number) => days(count, (index) => (index < 28 ? {} : worse(index, 0.5)));
    expect(judged(early(10))).toMatchObject({
      ...{ decision: 'INSUFFICIENT', n_ref: 10, n_live: 0, mu: null, sigma: null, phi: null },
      ...{ reference_ratio: null, cusum: null, cusum_max: null, degradation: null, streak: 0 },
    });
    expect(judged(early(34))).toMatchObject({ decision: 'INSUFFICIENT', n_live: 6, degradation: null, streak: 0 });
    expect(judged(early(35))).toMatchObject({ decision: 'WARN', streak: 1 });
    expect(judged(early(36))).toMatchObject({ decision: 'ROLLBACK', streak: 2 });
    expect(judged(days(0))).toMatchObject({ decision: 'INSUFFICIENT', n_ref: 0 });
  });

  it('takes no reference of days without scores', () => {
    const blind = days(56, (index) => (index < 15 ? { comparatorAbsError: null } : {}));
    expect(judged(blind)).toMatchObject({ decision: 'INSUFFICIENT', n_ref: 13, warnings: ['DAY_WITHOUT_SCORE'] });
  });

  it.each([
    ['no comparator error', { comparatorAbsError: null }],
    ['a perfect comparator', { comparatorAbsError: 0 }],
    ['no error', { absError: null }],
    ['a perfect model', { absError: 0 }],
    ['an error that is none', { absError: -1 }],
    ['an error without bound', { absError: Number.POSITIVE_INFINITY }],
  ])('warns of a day with %s, and learns nothing from it', (_, change) => {
    const { result } = judgeGuard(
      days(56, (index) => (index === 50 ? change : {})),
      DEFAULTS,
    );
    expect(result).toMatchObject({ decision: 'WARN', warnings: ['DAY_WITHOUT_SCORE'], n_live: 28 });
  });

  it('takes a day without score for no further day of a streak', () => {
    const evidence = days(45, (index) => {
      if (index === 44) return { comparatorAbsError: null };
      return index < 40 ? {} : worse(index, 0.2);
    });
    expect(judged(evidence)).toMatchObject({ streak: 1, reasons: [] });
  });

  it('widens the spread for days that follow each other, within bounds', () => {
    const rising = days(56, (index) => ({ absError: 850 + index * 2 }));
    const { phi, sigma } = judged(rising);
    expect(phi).toBeGreaterThan(0.5);
    const capped = judged(rising, guardConfig.parse({ phi_max: 0.2 }));
    expect(capped.phi).toBe(0.2);
    expect(capped.sigma ?? 0).toBeLessThan(sigma ?? 0);
    expect(judged(days(56)).phi).toBe(0);
  });

  it('finds any rise without bound where the reference never moved, and none where nothing moves', () => {
    const flat = (rise: number) => ({
      ...days(0),
      days: Array.from({ length: 56 }, (_, index) => day(index, index < 40 ? {} : { absError: 900 * (1 + rise) })),
    });
    expect(judged(flat(0))).toMatchObject({ decision: 'OK', sigma: 0, phi: 0, cusum: 0 });
    expect(judged(flat(0.2))).toMatchObject({ decision: 'ROLLBACK', cusum: 'inf', cusum_max: 'inf' });
    expect(judged(flat(-0.2))).toMatchObject({ decision: 'OK', cusum: 0 });
  });
});

describe('operations and input', () => {
  it('go back for more than half a percent of invalid forecasts on any day, at whatever look', () => {
    const broken = (invalid: number) => days(10, (index) => (index === 9 ? { invalid } : {}));
    expect(judged(broken(26))).toMatchObject({ decision: 'ROLLBACK', reasons: ['INVALID_PREDICTIONS'] });
    expect(judged(broken(25))).toMatchObject({ decision: 'INSUFFICIENT', reasons: [] });
  });

  it('go back for less than four fifths of the expected forecasts', () => {
    const thin = (rows: number) => days(56, (index) => (index === 55 ? { rows } : {}));
    expect(judged(thin(3999))).toMatchObject({ decision: 'ROLLBACK', reasons: ['VOLUME_DROP'] });
    expect(judged(thin(4000))).toMatchObject({ decision: 'OK' });
    expect(judged(thin(0))).toMatchObject({ decision: 'ROLLBACK', reasons: ['VOLUME_DROP'] });
    expect(judged(days(56, () => ({ expectedRows: null, rows: 1 })))).toMatchObject({ decision: 'OK' });
  });

  it('say that the cause lies upstream where the comparator shows the same', () => {
    const both = days(56, (index) => (index === 55 ? { invalid: 100, comparatorInvalid: 100 } : {}));
    expect(judged(both)).toMatchObject({ reasons: ['INVALID_PREDICTIONS'], warnings: ['UPSTREAM_CAUSE_LIKELY'] });
    const thin = days(56, (index) => (index === 55 ? { rows: 100, comparatorRows: 100 } : {}));
    expect(judged(thin)).toMatchObject({ reasons: ['VOLUME_DROP'], warnings: ['UPSTREAM_CAUSE_LIKELY'] });
    const otherDay = days(56, (index) =>
      index === 55 ? { invalid: 100 } : index === 54 ? { comparatorInvalid: 100 } : {},
    );
    expect(judged(otherDay).warnings).toEqual([]);
  });

  const drifting = (from: number, to: number, change: Partial<GuardDay>) =>
    days(56, (index) => (index >= from && index < to ? change : {}));

  it('go back for an input that drifts three days running, and warn before that', () => {
    expect(judged(drifting(40, 43, { inputPsi: 0.25 }))).toMatchObject({
      decision: 'ROLLBACK',
      reasons: ['DATA_DRIFT'],
    });
    expect(judged(drifting(40, 42, { inputPsi: 0.9 }))).toMatchObject({ decision: 'WARN', warnings: ['DATA_DRIFT'] });
    expect(judged(drifting(40, 50, { inputPsi: 0.1 }))).toMatchObject({ decision: 'WARN', warnings: ['DATA_DRIFT'] });
    expect(judged(drifting(40, 50, { inputPsi: 0.0999 }))).toMatchObject({ decision: 'OK' });
  });

  it('never go back for an index that chance explains, or whose critical value nobody knows', () => {
    for (const inputPsiCritical of [0.4, null]) {
      const chance = drifting(40, 50, { inputPsi: 0.4, inputPsiCritical });
      expect(judged(chance)).toMatchObject({ decision: 'WARN', reasons: [], warnings: ['DATA_DRIFT'] });
    }
  });

  it('let the input drift on declared days, and judge accuracy on them all the same', () => {
    const declared = guardConfig.parse({ declared_events: [{ from: dateOf(40), to: dateOf(49) }] });
    expect(judged(drifting(40, 50, { inputPsi: 0.9 }), declared)).toMatchObject({ decision: 'OK' });
    const bad = days(56, (index) => (index < 40 ? {} : worse(index, 0.3)));
    expect(judged(bad, declared)).toMatchObject({ reasons: ['ACCURACY_DEGRADED'] });
  });

  it('are judged from the day that is asked for on', () => {
    const before = days(56, (index) => (index === 5 ? { invalid: 500, inputPsi: 0.5, comparatorAbsError: 0 } : {}));
    expect(judgeGuard(before, DEFAULTS, { since: dateOf(28) }).result).toMatchObject({ decision: 'OK', n_ref: 27 });
    expect(judged(before)).toMatchObject({ decision: 'ROLLBACK' });
  });
});

describe('what the guard finds', () => {
  it('tells what was measured and what is allowed', () => {
    const evidence = days(56, (index) => (index < 40 ? {} : { ...worse(index, 0.2), invalid: 60 }));
    const { reasons, warnings } = judgeGuard(evidence, DEFAULTS);
    expect(reasons.map(({ got }) => got)).toEqual([
      expect.stringMatching(/^\+1\d\.\d % error against the reference over 7 days, 2 days running up to 2026-04-14/),
      '1.20 % of the forecasts of 2026-04-10',
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['DEGRADING']);
  });

  const errors = fc.array(fc.tuple(fc.integer({ min: 500, max: 1500 }), fc.integer({ min: 500, max: 1500 })), {
    ...{ minLength: 36, maxLength: 70 },
  });
  const evidenceOf = (pairs: readonly (readonly [number, number])[], scale = 1) =>
    guardDays(
      pairs.map(([absError, comparatorAbsError], index) =>
        day(index, { absError: absError * scale, comparatorAbsError: comparatorAbsError * scale }),
      ),
    );

  it('does not depend on the order of rows, nor on rows that come twice', () => {
    fc.assert(
      fc.property(errors, fc.infiniteStream(fc.nat()), (pairs, keys) => {
        const rows = evidenceOf(pairs).days;
        const shuffled = rows.map((row) => ({ row, key: keys.next().value })).sort((a, b) => a.key - b.key);
        const again = guardDays([...shuffled.map(({ row }) => row), ...rows.slice(0, 3)]);
        expect(judgeGuard(again, DEFAULTS)).toEqual(judgeGuard(evidenceOf(pairs), DEFAULTS));
      }),
    );
  });

  it('is never to go back for a model that is its own comparator', () => {
    fc.assert(
      fc.property(errors, (pairs) => {
        const { result } = judgeGuard(evidenceOf(pairs.map(([own]) => [own, own])), DEFAULTS);
        expect(result).toMatchObject({ decision: 'OK', mu: 0, sigma: 0, cusum_max: 0, degradation: 0 });
      }),
    );
  });

  it('is the same in any unit of demand', () => {
    fc.assert(
      fc.property(errors, fc.constantFrom(2, 0.5, 1024), (pairs, scale) => {
        expect(judgeGuard(evidenceOf(pairs, scale), DEFAULTS)).toEqual(judgeGuard(evidenceOf(pairs), DEFAULTS));
      }),
    );
  });

  it('has numbers throughout, whatever the days', () => {
    fc.assert(
      fc.property(errors, (pairs) => {
        const { mu, sigma, cusum, degradation } = judgeGuard(evidenceOf(pairs), DEFAULTS).result;
        for (const figure of [mu, sigma, cusum, degradation]) expect(figure).not.toBeNaN();
      }),
    );
  });
});
