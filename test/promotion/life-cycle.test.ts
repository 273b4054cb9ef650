import { describe, expect, it } from 'vitest';
import {
  ENDS,
  type LifeCycleEvent,
  type STAGES,
  START,
  type State,
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

  it('goes from offline over shadow and canary to production, and nowhere after it', () => {
    expect(stageAfter('offline')).toBe('shadow');
    expect(stageAfter('shadow')).toBe('canary');
    expect(stageAfter('canary')).toBe('production');
    expect(stageAfter('production')).toBeNull();
  });
});
