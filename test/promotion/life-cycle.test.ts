import { describe, expect, it } from 'vitest';
import {
  BUILT_STAGES,
  ENDS,
  type LifeCycleEvent,
  parseStages,
  STAGES,
  START,
  type State,
  skippedStages,
  stageAfter,
  transition,
} from '../../functions/promotion/life-cycle.ts';

const stage = (name: (typeof STAGES)[number]): State => ({ in: 'stage', stage: name });
const approval = (name: (typeof STAGES)[number]): State => ({ in: 'approval', stage: name });
const end = (name: (typeof ENDS)[number]): State => ({ in: 'end', end: name });

const ALL_EVENTS: readonly LifeCycleEvent[] = [
  'passed',
  'approved',
  'rejected',
  'expired',
  'withdrawn',
  'rolled-back',
  'completed',
];

/** The whole table: every state with the only exits that it has. */
const TABLE: readonly (readonly [State, Partial<Record<LifeCycleEvent, State>>])[] = [
  [
    stage('offline'),
    {
      passed: approval('shadow'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    approval('shadow'),
    {
      approved: stage('shadow'),
      expired: end('expired'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    stage('shadow'),
    {
      passed: approval('canary'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    approval('canary'),
    {
      approved: stage('canary'),
      expired: end('expired'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    stage('canary'),
    {
      passed: approval('production'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    approval('production'),
    {
      approved: stage('production'),
      expired: end('expired'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  [
    stage('production'),
    {
      completed: end('promoted'),
      rejected: end('rejected'),
      withdrawn: end('withdrawn'),
      'rolled-back': end('rolled-back'),
    },
  ],
  ...ENDS.map((name) => [end(name), {}] as const),
];

describe('The life cycle', () => {
  for (const [state, exits] of TABLE) {
    for (const event of ALL_EVENTS) {
      const to = exits[event] ?? null;
      it(`${to === null ? 'has no exit' : 'leads'} from ${JSON.stringify(state)} by ${event}`, () => {
        expect(transition(state, event)).toEqual(to);
      });
    }
  }

  it('starts in the offline stage', () => {
    expect(START).toEqual(stage('offline'));
  });

  it('asks people for production right after offline where the stack leaves the stages between out', () => {
    expect(transition(START, 'passed', ['offline', 'production'])).toEqual(approval('production'));
  });

  it('has no next stage after production, nor from a stage that the promotion does not go through', () => {
    expect(stageAfter('production', STAGES)).toBeNull();
    expect(stageAfter('canary', ['offline', 'production'])).toBeNull();
  });
});

describe('The stages setting', () => {
  it('is read in the order of the life cycle, whatever order it is written in', () => {
    expect(parseStages('production, offline')).toEqual(['offline', 'production']);
    expect(parseStages('offline,shadow,canary,production')).toEqual(STAGES);
  });

  it.each(['', 'offline', 'production', 'offline,prod', 'offline,shadow', 'shadow,canary,production'])(
    'is refused as %j, because a promotion begins offline, ends in production, and knows no other names',
    (text) => {
      expect(parseStages(text)).toBeNull();
    },
  );

  it('names what it leaves out', () => {
    expect(skippedStages(BUILT_STAGES)).toEqual(['shadow', 'canary']);
    expect(skippedStages(STAGES)).toEqual([]);
  });
});
