import { describe, expect, it } from 'vitest';
import {
  type ExecutionState,
  type FollowPorts,
  followRollback,
  type LeftState,
} from '../../../functions/rollback/command/follow-rollback.ts';

const RECORDED = { model: 'demand', end: 'rolled-back', from: '2.0', to: '1.0', seconds: 3.2, closed: [] };
const RUNNING = { status: 'RUNNING' };
const ENDED = { status: 'SUCCEEDED', output: JSON.stringify({ ...RECORDED, recall: { recalls: 1 } }) };

type Look = ExecutionState & { readonly left?: readonly LeftState[] | Error };

/** An execution that is seen so, look by look; the last look stays. */
function execution(looks: readonly Look[]) {
  let look = 0;
  let histories = 0;
  const now = (): Look => looks[Math.min(look, looks.length - 1)] ?? RUNNING;
  const ports: FollowPorts = {
    state: async () => now(),
    left: async () => {
      histories += 1;
      const { left = [] } = now();
      if (left instanceof Error) throw left;
      return left;
    },
    pause: async () => {
      look += 1;
    },
  };
  return { ports, looked: () => look + 1, histories: () => histories };
}

const left = (name: string, output: unknown): LeftState => ({ name, output: JSON.stringify(output) });

describe('Following a rollback', () => {
  it('is over once it is recorded, though its execution goes on', async () => {
    const moved = [left('RollBack', { ...RECORDED, outcome: 'deployed', end: undefined })];
    const told = [left('SendNotice', RECORDED), left('RecordRollback', RECORDED), ...moved];
    const run = execution([RUNNING, { ...RUNNING, left: moved }, { ...RUNNING, left: told }]);
    expect(await followRollback(run.ports, 'run-1', 'record')).toEqual({ output: RECORDED, goesOn: true });
    expect(run.looked()).toBe(3);
  });

  it('goes on to the end where that is asked for', async () => {
    const run = execution([{ ...RUNNING, left: [left('RecordRollback', RECORDED)] }, ENDED]);
    expect(await followRollback(run.ports, 'run-1', 'end')).toMatchObject({
      output: { end: 'rolled-back', recall: { recalls: 1 } },
      goesOn: false,
    });
    expect(run.histories()).toBe(0);
  });

  it('goes on to the end for whoever may not read the history, and asks for it once', async () => {
    const denied = { ...RUNNING, left: new Error('AccessDeniedException') };
    const run = execution([denied, denied, ENDED]);
    expect(await followRollback(run.ports, 'run-1', 'record')).toMatchObject({ goesOn: false });
    expect(run.histories()).toBe(1);
  });

  it('does not take a record that failed, or that cannot be read, for one that was made', async () => {
    const failed = left('RecordRollback', { model: 'demand', outcome: 'deployed', error: { Error: 'States.Timeout' } });
    const unreadable = [{ name: 'RecordRollback' }, { name: 'RecordRollback', output: 'truncated {' }];
    const looks = [failed, ...unreadable].map((one) => ({ ...RUNNING, left: [one] }));
    const run = execution([...looks, { status: 'FAILED', error: 'ROLLBACK_FAILED', cause: 'Start it again.' }]);
    await expect(followRollback(run.ports, 'run-1', 'record')).rejects.toThrow(
      'The execution run-1 ended as FAILED: ROLLBACK_FAILED Start it again.',
    );
    expect(run.looked()).toBe(4);
  });

  it('answers why nothing was moved', async () => {
    const refused = { end: 'already-withdrawn', model: 'demand', reasons: [] };
    const run = execution([{ status: 'SUCCEEDED', output: JSON.stringify(refused) }]);
    expect(await followRollback(run.ports, 'run-1', 'record')).toEqual({ output: refused, goesOn: false });
  });
});
