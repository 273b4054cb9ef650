import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LifeCycleEvent, STAGES, START, type State, transition } from '../../functions/promotion/life-cycle.ts';

const event = fc.constantFrom<LifeCycleEvent>(
  'passed',
  'approved',
  'rejected',
  'expired',
  'withdrawn',
  'rolled-back',
  'completed',
);
/** The states that a sequence of events leads through; an event that the table does not have is ignored. */
function follow(events: readonly LifeCycleEvent[]): readonly State[] {
  const trail: State[] = [START];
  for (const one of events) {
    const next = transition(trail.at(-1) ?? START, one);
    if (next !== null) trail.push(next);
  }
  return trail;
}

// Mostly what leads on, so that many sequences get far.
const events = fc.array(
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom<LifeCycleEvent>('passed', 'approved', 'completed') }, event),
  {
    maxLength: 60,
    size: 'max',
  },
);

describe('For every sequence of events', () => {
  it('production is reached only through shadow and canary, in order, each entered by an approval', () => {
    let reached = 0;
    fc.assert(
      fc.property(events, (happened) => {
        const trail = follow(happened);
        const there = trail.findIndex((state) => state.in === 'stage' && state.stage === 'production');
        if (there === -1) return;
        reached += 1;
        const walked = trail
          .slice(0, there + 1)
          .map((state) => (state.in === 'end' ? state.end : `${state.in} ${state.stage}`));
        expect(walked).toEqual([
          'stage offline',
          ...['shadow', 'canary', 'production'].flatMap((stage) => [`approval ${stage}`, `stage ${stage}`]),
        ]);
      }),
      { numRuns: 2000 },
    );
    expect(reached).toBeGreaterThan(100);
  });

  it('a promotion is promoted only from production, after every stage', () => {
    fc.assert(
      fc.property(events, (happened) => {
        const trail = follow(happened);
        if (!trail.some((state) => state.in === 'end' && state.end === 'promoted')) return;
        expect(trail.flatMap((state) => (state.in === 'stage' ? [state.stage] : []))).toEqual([...STAGES]);
      }),
      { numRuns: 2000 },
    );
  });

  it('no stage is entered without people having been asked about that very stage', () => {
    fc.assert(
      fc.property(events, (happened) => {
        follow(happened).forEach((state, index, trail) => {
          if (state.in !== 'stage' || index === 0) return;
          expect(trail[index - 1]).toEqual({ in: 'approval', stage: state.stage });
        });
      }),
    );
  });

  it('an end is final', () => {
    fc.assert(
      fc.property(events, (happened) => {
        expect(
          follow(happened)
            .slice(0, -1)
            .every((state) => state.in !== 'end'),
        ).toBe(true);
      }),
    );
  });
});
