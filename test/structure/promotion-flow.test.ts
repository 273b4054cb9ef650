import { describe, expect, it } from 'vitest';
import { MAX_ROUNDS } from '../../functions/approval/open-gate.ts';
import { MAX_FALSE_WAITS } from '../../functions/approval/read-gate.ts';
import { MAX_EVENTS } from '../../functions/registry/history-budget.ts';
import { type Edge, promotionGraph } from './flow-graph.ts';

const { states, edges, calling, reach } = promotionGraph();
const moving = calling('MovePointer');
const closing = calling('ClosePromotion');
const asking = calling('OpenGate');
const ending = calling('EndExposure');

const whole = reach(() => false);
const fromAnyOf = (names: readonly string[]) => (edge: Edge) => names.includes(edge.from);
const passing = (state: string) => (edge: Edge) => edge.from === state && edge.when.includes('$.verdict=PASS');
const approved = (edge: Edge) => edge.when.includes('$.status=approved');

/** What can be reached from some states without taking the edges that are cut. */
function reachFrom(names: readonly string[], cut: (edge: Edge) => boolean): readonly string[] {
  return [...new Set(names.flatMap((name) => [...reach(cut, name)]))];
}

describe('The way of a promotion', () => {
  it('leads through three exposures and to one close for each kind of end', () => {
    expect(moving).toEqual(['ExposeShadow', 'ExposeCanary', 'MovePointer']);
    expect(closing).toEqual(['Close', 'CloseFailed']);
    expect([...moving, ...closing].filter((name) => !whole.has(name))).toEqual([]);
  });

  it.each([
    ['ExposeShadow', 'OfflineVerdict'],
    ['ExposeCanary', 'ShadowVerdict'],
    ['MovePointer', 'CanaryVerdict'],
  ])('reaches %s only by PASS of %s, an approval of its own, and a prepared return', (move, verdict) => {
    expect(reach(passing(verdict)).has(move)).toBe(false);
    expect(reach(approved).has(move)).toBe(false);
    expect(reach(fromAnyOf(calling('PrepareReturn'))).has(move)).toBe(false);
    // The approval of an earlier stage is not enough: nobody else asks again after the verdict.
    expect(reachFrom([verdict], (edge) => approved(edge) || edge.when.includes('$.advance=true'))).not.toContain(move);
  });

  const verdicts = ['OfflineVerdict', 'ShadowVerdict', 'CanaryVerdict'];
  const exitOf = (state: string, when: string) =>
    edges.filter((edge) => edge.from === state && edge.when.length === 1 && edge.when[0] === when).map(({ to }) => to);

  it.each(verdicts)('has a way of its own for each verdict at %s, and stops at one that no judge says', (state) => {
    expect(exitOf(state, '$.verdict=FAIL')).toEqual(['NotEligible']);
    expect(exitOf(state, '$.verdict=INCONCLUSIVE')).toEqual(['Inconclusive']);
    expect(exitOf(state, 'else')).toEqual(['UnknownVerdict']);
    expect(edges.filter(({ from }) => from === 'UnknownVerdict')).toMatchObject([{ to: 'Failed' }]);
    expect(exitOf(state, '$.verdict=PASS')).toHaveLength(1);
  });

  it('goes on without a verdict only where a stage runs', () => {
    const waits = verdicts.map((state) => exitOf(state, '$.verdict=CONTINUE'));
    expect(waits).toEqual([[], ['WaitForCycles'], ['WaitForDays']]);
  });

  it('ends as rejected, with the reasons and without the candidate, what failed and what stayed open', () => {
    for (const name of ['NotEligible', 'Inconclusive', 'NotExposed']) {
      expect(states[name]?.Parameters).toMatchObject({ end: 'rejected', 'reasons.$': '$.reasons' });
      expect(edges.filter(({ from }) => from === name)).toMatchObject([{ to: 'EndExposure' }]);
    }
  });

  it('judges a backtest that was split like any other: by the offline verdict, after every shard was summed', () => {
    expect(edges.filter(({ to }) => to === 'OfflineVerdict').map(({ from, when }) => [from, when])).toEqual([
      ['OfflineSize', ['else']],
      ['MergeShards', []],
    ]);
    expect(exitOf('OfflineSize', '$.verdict=SPLIT')).toEqual(['SumShards']);
    expect(edges.filter(({ from }) => from === 'SumShards').map(({ to }) => to)).toEqual(['MergeShards', 'Failed']);
    expect(edges.filter(({ to }) => to === 'MergeShards').map(({ from }) => from)).toEqual(['SumShards']);
  });

  it('widens the canary by a verdict that says so, and by nothing else', () => {
    expect(edges.filter(({ to }) => to === 'ExposeCanary')).toEqual([
      { from: 'PrepareCanary', to: 'ExposeCanary', when: [] },
      { from: 'CanaryVerdict', to: 'ExposeCanary', when: ['$.verdict=CONTINUE', '$.advance=true'] },
    ]);
  });

  it('exposes a canary only once it is held for nothing any more, and asks again after every wait', () => {
    const free = (edge: Edge) => edge.from === 'Held' && edge.when.includes('$.held=false');
    expect(reach(free).has('ExposeCanary')).toBe(false);
    expect(reach(fromAnyOf(['MayExpose'])).has('PrepareCanary')).toBe(false);
    expect(edges.filter(({ from }) => from === 'WaitWhileHeld')).toMatchObject([{ to: 'MayExpose' }]);
    expect(exitOf('Held', '$.expired=true')).toEqual(['NotExposed']);
    expect(exitOf('Held', 'else')).toEqual(['WaitWhileHeld']);
  });

  it('promotes nothing during a freeze, and asks again after every wait', () => {
    const free = (edge: Edge) => edge.from === 'PromotionHeld' && edge.when.includes('$.held=false');
    expect(reach(free).has('MovePointer')).toBe(false);
    expect(reach(fromAnyOf(['MayPromote'])).has('MovePointer')).toBe(false);
    expect(edges.filter(({ from }) => from === 'WaitWhileFrozen')).toMatchObject([{ to: 'MayPromote' }]);
    expect(exitOf('PromotionHeld', '$.expired=true')).toEqual(['NotExposed']);
    expect(exitOf('PromotionHeld', 'else')).toEqual(['WaitWhileFrozen']);
  });

  it('takes the candidate out before any end but promotion is recorded', () => {
    const withoutEnding = (edge: Edge) => ending.includes(edge.from) || edge.from === 'Promoted';
    const reached = reachFrom(moving, withoutEnding);
    expect(reached.filter((name) => closing.includes(name))).toEqual([]);
    expect(reached).toEqual(
      expect.arrayContaining(['GateClosed', 'NotEligible', 'Inconclusive', 'UnknownVerdict', 'Failed']),
    );
  });

  it('is promoted only after its pointer moved', () => {
    const moved = (edge: Edge) => edge.from === 'MovePointer' && edge.when.length === 0;
    expect(reach(moved).has('Promoted')).toBe(false);
  });

  it('asks for production only after the canary is out', () => {
    const reached = reachFrom(['ExposeCanary'], fromAnyOf(ending));
    expect(reached.filter((name) => asking.includes(name))).toEqual([]);
  });

  it('fails for good only where nothing is left to do: after the end of the exposure, the record and the notice', () => {
    const steps = [...ending, ...closing, ...calling('SendNotice')];
    const failing = edges.filter(({ to }) => to === 'ExecutionFailed').map(({ from }) => from);
    expect(failing.filter((name) => !steps.includes(name))).toEqual([]);
  });

  it('closes nothing while what a failed step left in the pointer is not out: the rule on failed executions does both', () => {
    const leading = (name: string) => edges.filter(({ from, when }) => from === name && when.includes('error'));
    const takingOut = [...calling('RollBack'), ...calling('ConfirmRollback'), ...calling('RecordRollback')];
    expect(takingOut).toEqual(['TakeOut', 'ConfirmTakeOut', 'RecordTakeOut']);
    for (const name of [...takingOut, 'EndExposureOfFailed']) {
      expect(leading(name).map(({ to }) => to)).toEqual(['NotTakenOut']);
    }
    expect(states['NotTakenOut']).toMatchObject({ Type: 'Fail' });
  });

  it('waits between looks for as long as the step before said', () => {
    const waits = Object.entries(states).filter(([, { SecondsPath }]) => SecondsPath === '$.waitSeconds');
    expect(waits.map(([name]) => name)).toEqual(['WaitForCycles', 'WaitWhileHeld', 'WaitWhileFrozen', 'WaitForDays']);
    const saying = [...moving, ...calling('Judge')];
    for (const [name] of waits.filter(([wait]) => !wait.startsWith('WaitWhile'))) {
      const before = edges.filter(({ to }) => to === name).map(({ from }) => from);
      // A choice hands on what the task before it answered.
      const tasks = before.flatMap((one) =>
        states[one]?.Type === 'Choice' ? edges.filter(({ to }) => to === one).map(({ from }) => from) : [one],
      );
      expect(tasks.length).toBeGreaterThan(1);
      expect(tasks.filter((task) => !saying.includes(task))).toEqual([]);
    }
  });

  it('turns in no circle without a wait, but for gates that became void, which are counted', () => {
    const quick = edges.filter(({ from, when }) => states[from]?.Type !== 'Wait' && !when.includes('$.status=void'));
    const circles = Object.keys(states).filter((state) => {
      const seen = new Set<string>();
      const visit = (name: string): void => {
        for (const { to } of quick.filter(({ from }) => from === name)) {
          if (seen.has(to)) continue;
          seen.add(to);
          visit(to);
        }
      };
      visit(state);
      return seen.has(state);
    });
    expect(circles).toEqual([]);
  });

  it('has room for every gate asked anew as often as it may be, beside the looks that a policy may plan', () => {
    const [task, submitted, pair] = [5, 1, 2];
    const aWait = pair + (task + submitted) + task + pair;
    const aRound = task + pair + (2 * (MAX_FALSE_WAITS - 1) + 1) * aWait;
    const gates = 3 * (MAX_ROUNDS + 1) * aRound;
    expect(MAX_EVENTS + gates).toBeLessThan(25_000);
  });
});
