import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LifeCycleEvent,
  type STAGES,
  START,
  type State,
  transition,
} from '../../functions/promotion/life-cycle.ts';

const event = fc.constantFrom<LifeCycleEvent>(
  'passed',
  'approved',
  'rejected',
  'expired',
  'withdrawn',
  'rolled-back',
  'completed',
);
const stages = fc
  .subarray(['shadow', 'canary'] as const)
  .map((between) => ['offline', ...between, 'production'] as (typeof STAGES)[number][]);

function follow(events: readonly LifeCycleEvent[], through: readonly (typeof STAGES)[number][]): readonly State[] {
  const trail: State[] = [START];
  for (const one of events) {
    const state = trail.at(-1) ?? START;
    const next = transition(state, one, through);
    if (next !== null) trail.push(next);
  }
  return trail;
}

describe('For every sequence of events', () => {
  it('a promotion is promoted only after every stage of its own, in order, each entered by an approval', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), stages, (events, through) => {
        const trail = follow(events, through);
        const last = trail.at(-1);
        if (last?.in !== 'end' || last.end !== 'promoted') return;
        const entered = trail.flatMap((state) => (state.in === 'stage' ? [state.stage] : []));
        const approved = trail.flatMap((state) => (state.in === 'approval' ? [state.stage] : []));
        expect(entered).toEqual(through);
        expect(approved).toEqual(through.slice(1));
      }),
      { numRuns: 2000 },
    );
  });

  it('an end is final', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), stages, (events, through) => {
        const trail = follow(events, through);
        expect(trail.slice(0, -1).every((state) => state.in !== 'end')).toBe(true);
      }),
    );
  });
});
