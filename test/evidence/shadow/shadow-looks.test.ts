import { describe, expect, it } from 'vitest';
import { CONTRACT } from '../../../functions/evidence/shadow/shadow.ts';
import { judgeLooks, type LooksContext } from '../../../functions/evidence/shadow/shadow-looks.ts';
import { type Model, NO_LOOK, noise, plainEvidence, type Row, steady, thresholds, world } from './plain-shadow.ts';

const CONTEXT: LooksContext = {
  ...CONTRACT,
  ...{ taken: NO_LOOK, now: '2026-05-01T00:00:00.000Z', until: '2026-06-01T00:00:00.000Z' },
};
const config = thresholds({ spike_rate_max: 1, max_cycles: 6 });

const better: Model = (demand, { series, day }) => demand * (1 + 0.1 * noise(series, day, 1));
const worse: Model = (demand, { series, day }) => demand * (1 + 0.4 * noise(series, day, 2));
const weeks = (count: number, candidate: Model = better) =>
  world({ candidate, production: steady }, { days: 7 * count });
/** The rows with a candidate that nobody can use in one week. */
const ruined = (rows: readonly Row[], from: string, to: string) =>
  rows.map((row) => (row.target >= from && row.target <= to ? { ...row, c: 'NaN' } : row));

function judged(rows: readonly Row[], context: Partial<LooksContext> = {}) {
  const whole = { ...CONTEXT, ...context };
  return judgeLooks(plainEvidence(rows, config, whole.taken), config, whole);
}

describe('looks at a shadow', () => {
  it('are one for each complete cycle, until one decides', () => {
    expect(judged(weeks(3))).toMatchObject({
      ...{ result: { decision: 'CONTINUE', pending: ['INSUFFICIENT_CYCLES'] }, taken: { decisions: 3, cycles: 3 } },
      days: { from: '2026-03-02', to: '2026-03-22', closed: 21 },
    });
    expect(judged(weeks(4))).toMatchObject({ result: { decision: 'PASS' }, taken: { decisions: 4, cycles: 4 } });
    expect(judged(weeks(6))).toMatchObject({
      ...{ result: { decision: 'PASS', complete_cycles: 4 }, taken: { decisions: 4, cycles: 4 } },
      days: { to: '2026-03-29' },
    });
  });

  it('find nothing while no cycle is complete, and spend nothing', () => {
    const rows = ruined(world({}, { days: 6 }), '2026-03-02', '2026-03-03');
    expect(judged(rows)).toMatchObject({
      ...{ result: { decision: 'CONTINUE', reasons: [], pending: ['INSUFFICIENT_CYCLES'], cycles: [] } },
      ...{ days: null, taken: NO_LOOK },
    });
    expect(judged([])).toMatchObject({ result: { decision: 'CONTINUE', quality: { rows: 0 } }, days: null });
  });

  it('are decided by the first that decides, whatever came to light later', () => {
    const late = ruined(weeks(5), '2026-03-30', '2026-04-05');
    expect(judged(late).result.decision).toBe('PASS');
    const early = judged(ruined(weeks(5), '2026-03-02', '2026-03-02'));
    expect(early).toMatchObject({
      ...{ result: { decision: 'FAIL', reasons: ['CANDIDATE_INVALID_RATE'], complete_cycles: 1 } },
      ...{ taken: { decisions: 1, cycles: 1 }, days: { to: '2026-03-08' } },
    });
  });

  it('give the same verdict at whatever time they are taken', () => {
    const atOnce = judged(weeks(4));
    let taken = NO_LOOK;
    for (const count of [1, 1, 3, 3, 2]) {
      const found = judged(weeks(count), { taken });
      expect(found.result.decision).toBe('CONTINUE');
      ({ taken } = found);
    }
    expect(taken).toEqual({ decisions: 3, cycles: 3 });
    expect(judged(weeks(5), { taken })).toEqual(atOnce);
  });

  it('are not taken again for an outcome that was restated', () => {
    const taken = { decisions: 4, cycles: 4 };
    const waiting = judged(weeks(4), { taken });
    expect(waiting).toMatchObject({
      ...{ result: { decision: 'CONTINUE', reasons: [], pending: ['NOT_YET_NON_INFERIOR'] }, taken },
      pending: [{ got: 'no complete cycle since the decision on 4' }],
    });
    expect(judged(ruined(weeks(4), '2026-03-02', '2026-03-05'), { taken }).result.decision).toBe('CONTINUE');
    expect(judged(weeks(5), { taken })).toMatchObject({
      result: { decision: 'PASS' },
      taken: { decisions: 5, cycles: 5 },
    });
  });

  it('do not start again when a cycle that was complete is not any more', () => {
    const taken = { decisions: 3, cycles: 3 };
    const reopened = weeks(3).map((row) => (row.target < '2026-03-09' ? { ...row, y: '' } : row));
    expect(judged(reopened, { taken })).toMatchObject({ result: { complete_cycles: 2, decision: 'CONTINUE' }, taken });
  });

  it('wait for the cycle in between whose actuals are late, and count it when they are there', () => {
    const late = weeks(4).map((row) =>
      row.target >= '2026-03-09' && row.target <= '2026-03-15' ? { ...row, y: '' } : row,
    );
    const waiting = judged(late);
    expect(waiting).toMatchObject({ result: { decision: 'CONTINUE', complete_cycles: 3 }, taken: { cycles: 3 } });
    expect(waiting.result.cycles.map(({ cycle }) => cycle)).toEqual([0, 2, 3]);
    const arrived = judged(weeks(4), { taken: waiting.taken });
    expect(arrived).toMatchObject({ result: { decision: 'PASS', complete_cycles: 4 }, taken: { decisions: 4 } });
  });

  it('end with the last cycle, or with the bound in time, in favour of production', () => {
    expect(judged(weeks(5, worse)).result.decision).toBe('CONTINUE');
    expect(judged(weeks(6, worse))).toMatchObject({
      result: { decision: 'FAIL', reasons: ['NOT_NON_INFERIOR_AT_HORIZON'], pending: ['NOT_YET_NON_INFERIOR'] },
    });
    const past = { now: CONTEXT.until };
    expect(judged(weeks(4, worse), past)).toMatchObject({
      ...{ result: { decision: 'FAIL', reasons: ['NOT_NON_INFERIOR_AT_HORIZON'] }, taken: { decisions: 4 } },
      reasons: [{ got: expect.stringContaining(`nothing shown by ${CONTEXT.until}`) }],
    });
    expect(judged([], past)).toMatchObject({
      result: { decision: 'FAIL' },
      pending: [{ code: 'INSUFFICIENT_CYCLES' }],
    });
    expect(judged([], { now: '2026-05-31T23:59:59.999Z' }).result.decision).toBe('CONTINUE');
  });

  it('pass by what was complete, also when they are taken past the bound', () => {
    expect(judged(weeks(4), { now: '2026-07-01T00:00:00.000Z' }).result.decision).toBe('PASS');
  });
});
