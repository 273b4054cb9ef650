import { describe, expect, it } from 'vitest';
import { gateAnswer } from '../../functions/approval/gate-answer.ts';
import { ANA } from '../fakes/inputs.ts';
import { gateItem, STARTED } from './fixtures.ts';

describe('What the flow is told of a gate', () => {
  it('waits 15 minutes longer than the gate is open', () => {
    expect(gateAnswer(gateItem(), new Date(STARTED)).waitSeconds).toBe(7 * 86_400 + 900);
  });

  it('waits one second at least, however late it is', () => {
    expect(gateAnswer(gateItem(), new Date('2027-01-01T00:00:00.000Z')).waitSeconds).toBe(1);
  });

  it('passes on who rejected it and where the justification stands, not the justification', () => {
    const decision = {
      approver: ANA,
      decision: 'reject' as const,
      justification: 'A secret worry.',
      at: STARTED,
      seq: 7,
    };
    const answer = gateAnswer(gateItem({ status: 'rejected', decisions: [decision] }), new Date(STARTED));
    expect(answer.reasons).toMatchObject([{ code: 'REJECTED_BY_APPROVER', message: 'Ana Approver rejected it.' }]);
    expect(JSON.stringify(answer)).toContain('position 7');
    expect(JSON.stringify(answer)).not.toContain('secret worry');
  });

  it('passes on why nobody decided', () => {
    const reason = { code: 'APPROVAL_EXPIRED', message: 'Too few people decided in time.', next: 'Try again.' };
    expect(gateAnswer(gateItem({ status: 'expired', reason }), new Date(STARTED)).reasons).toEqual([reason]);
    expect(gateAnswer(gateItem(), new Date(STARTED)).reasons).toEqual([]);
  });

  it('pauses before it asks again only when the requests could not be sent, and longer each time', () => {
    const pauses = [0, 1, 2, 3, 4, 9].map(
      (failedRequests) => gateAnswer(gateItem({ failedRequests }), new Date(STARTED)).pauseSeconds,
    );
    expect(pauses).toEqual([0, 30, 120, 600, 1800, 1800]);
    expect(gateAnswer(gateItem({ forgedCallbacks: 3 }), new Date(STARTED)).pauseSeconds).toBe(0);
  });
});
