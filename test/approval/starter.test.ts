import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvedGate } from '../../functions/approval/approved-gate.ts';
import { decide } from '../../functions/approval/decide.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { readGate } from '../../functions/approval/read-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { personOf } from '../../functions/approval/starter.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { modelItem, PROMOTION_ID, promotionBefore, quorumOf } from './fixtures.ts';
import { APPROVE, createStand, NOW, type Over, type Stand } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const ARN = 'arn:aws:iam::111122223333:user/ana';
const by = (person: typeof ANA) => promotionBefore('production', { startedBy: { principalArn: ARN, person } });
const gate = { promotionId: PROMOTION_ID, stage: 'production' as const, round: 1 };

async function ask(stand: Stand, taskToken = 'token-1') {
  const { stage, round } = await openGate(stand.ports, { promotionId: PROMOTION_ID }, NOW);
  await requestApproval(stand.ports, { promotionId: PROMOTION_ID, stage, round, taskToken }, NOW);
}

async function asked(over: Over = {}): Promise<Stand> {
  const stand = await createStand(tables, over);
  await ask(stand);
  return stand;
}

describe('Whose a principal is', () => {
  it('is told by who has named it, exactly', () => {
    const known = [
      { name: 'Olga', email: 'olga@shop.example' },
      { ...ANA, principals: [ARN] },
    ];
    expect(personOf(ARN, known)).toEqual({ name: ANA.name, email: ANA.email, id: ANA.id });
    expect(personOf(`${ARN}x`, known)).toBeNull();
    expect(personOf('', known)).toBeNull();
  });

  it('is not hidden by the case in which a session was named', () => {
    const session = 'arn:aws:sts::111122223333:assumed-role/DataScience/ana@shop.example';
    const known = [{ ...ANA, principals: [session] }];
    expect(personOf(session.replace('/ana@', '/ANA@'), known)).toMatchObject({ id: ANA.id });
    expect(personOf(session.replace('/ana@', '/ben@'), known)).toBeNull();
  });
});

describe('An approver who started the execution', () => {
  it('is not asked, once that is known', async () => {
    const stand = await asked({ run: by(BEN) });
    expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email]);
  });

  it('has an earlier stage fall with the approval, so that nothing goes on from it', async () => {
    // Ana let it into shadow and canary.
    await expect(asked({ run: by(ANA) })).rejects.toMatchObject({ reasons: [{ code: 'EARLIER_APPROVAL_BROKEN' }] });
  });

  it('cannot decide when it becomes known after the question was sent, and the others are asked again', async () => {
    const stand = await asked();
    await stand.putRun({ ...by(BEN), stage: 'production', awaitingApproval: true });
    expect(await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW)).toMatchObject({ status: 403 });
    expect(await readGate(stand.ports, gate, NOW)).toMatchObject({
      status: 'void',
      reasons: [{ code: 'STARTER_ASKED' }],
    });
    stand.inbox.length = 0;
    await ask(stand, 'token-2');
    expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email]);
    expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
  });

  it('has an approval taken back that counted at a gate which is still open', async () => {
    const stand = await asked({ model: modelItem({ policy: quorumOf(2) }) });
    expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
    await stand.putRun({ ...by(ANA), stage: 'production', awaitingApproval: true });
    expect(await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW)).toMatchObject({ status: 409 });
    expect((await stand.ports.approvals.gate(gate))?.status).toBe('void');
  });

  it('does not let anything go out by an approval that was complete before it became known', async () => {
    const stand = await asked();
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    const gates = await stand.ports.approvals.gates(PROMOTION_ID);
    expect(approvedGate(gates, stand.run, 'production')).not.toBeNull();
    expect(approvedGate(gates, by(ANA), 'production')).toBeNull();
    expect(approvedGate(gates, by(BEN), 'production')).not.toBeNull();
  });
});
