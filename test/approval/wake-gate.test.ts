import { describe, expect, it } from 'vitest';
import { wakeGate } from '../../functions/approval/wake-gate.ts';
import { PROMOTION_ID, STARTED } from './fixtures.ts';

const gate = { promotionId: PROMOTION_ID, stage: 'production' as const, round: 1 };
const item = { ...gate, token: 'token-1', issue: 1, storedAt: STARTED };

async function wentHow(token: typeof item | null, wake: (token: string) => Promise<'woken' | 'over'>) {
  const went: (readonly unknown[])[] = [];
  await wakeGate({ approvals: { token: async () => token }, wake, onWake: (_, ...how) => went.push(how) }, gate);
  return went;
}

describe('Waking an execution', () => {
  it('says how it went', async () => {
    expect(await wentHow(item, async () => 'woken')).toEqual([['woken']]);
    expect(await wentHow(item, async () => 'over')).toEqual([['over']]);
  });

  it('wakes nobody without a token', async () => {
    expect(await wentHow(null, () => Promise.reject(new Error('not called')))).toEqual([['over']]);
  });

  it('never throws, and tells only the name of an error, since its message may hold the token', async () => {
    const error = Object.assign(new Error('token-1 refused'), { name: 'AccessDeniedException' });
    expect(await wentHow(item, () => Promise.reject(error))).toEqual([['failed', 'AccessDeniedException']]);
    expect(await wentHow(item, () => Promise.reject('odd'))).toEqual([['failed', 'unknown']]);
  });
});
