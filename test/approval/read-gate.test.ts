import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvedGate } from '../../functions/approval/approved-gate.ts';
import { withdrawOpenGate } from '../../functions/approval/close-gate.ts';
import { decide } from '../../functions/approval/decide.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { MAX_FALSE_WAITS, readGate } from '../../functions/approval/read-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { ReleaseError } from '../../functions/platform/errors.ts';
import { approvalKeys } from '../../functions/platform/keys.ts';
import { systemActor } from '../../functions/platform/people.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { ASKED_STAGES, PROMOTION_ID, promotionBefore } from './fixtures.ts';
import { APPROVE, createStand, NOW, REJECT, type Stand } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const gate = { promotionId: PROMOTION_ID, stage: 'production' as const, round: 1 };
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const EXPIRY_SECONDS = 7 * 86_400;

async function asked(stand: Stand, taskToken = 'token-1') {
  const { stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  await requestApproval(stand.ports, { promotionId: stand.run.promotionId, stage, round, taskToken }, NOW);
}

describe.each(ASKED_STAGES)('Reading the gate into %s', (stage) => {
  it('lets an approved promotion into its stage', async () => {
    const stand = await createStand(tables, { stage });
    await asked(stand);
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'approved', reasons: [] });
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'approved' });
    expect(await stand.ports.registry.run('demand', PROMOTION_ID)).toMatchObject({
      stage,
      awaitingApproval: false,
    });
  });

  it('says who rejected it', async () => {
    const stand = await createStand(tables, { stage });
    await asked(stand);
    await decide(stand.ports, stand.linkOf(BEN.email), REJECT, NOW);
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({
      status: 'rejected',
      reasons: [{ code: 'REJECTED_BY_APPROVER', message: 'Ben Approver rejected it.' }],
    });
  });

  it('expires an open gate only past its expiry, once, with its entry', async () => {
    const stand = await createStand(tables, { stage });
    await asked(stand);
    expect(await readGate(stand.ports, stand.gate, later(EXPIRY_SECONDS - 1))).toMatchObject({
      status: 'open',
      waitSeconds: 901,
    });
    const expired = await readGate(stand.ports, stand.gate, later(EXPIRY_SECONDS));
    expect(expired).toMatchObject({ status: 'expired', reasons: [{ code: 'APPROVAL_EXPIRED' }] });
    expect(await readGate(stand.ports, stand.gate, later(EXPIRY_SECONDS + 5))).toMatchObject({ status: 'expired' });
    expect((await stand.entries()).filter((type) => type === 'gate-closed')).toHaveLength(1);
  });

  it('counts a forged callback once per wait, raises the alarm, and waits again', async () => {
    const stand = await createStand(tables, { stage });
    await asked(stand);
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({
      status: 'open',
      waitSeconds: EXPIRY_SECONDS + 900,
    });
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'open' });
    expect(stand.forged).toHaveLength(1);
    expect((await stand.entry('callback-forged')).data).toEqual({ ...stand.gate, count: 1 });
    expect((await stand.ports.registry.run('demand', PROMOTION_ID))?.end).toBeUndefined();
  });

  it('answers withdrawn for a run that a rollback ended', async () => {
    const stand = await createStand(tables, { stage });
    await asked(stand);
    await stand.putRun({ ...stand.run, end: 'rolled-back', endedAt: NOW.toISOString() });
    expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({
      status: 'withdrawn',
      reasons: [{ code: 'PROMOTION_ENDED' }],
    });
  });
});

describe('Reading a gate', () => {
  it('withdraws the gate at the fifth forged callback', async () => {
    const stand = await createStand(tables);
    await openGate(stand.ports, gate, NOW);
    for (let wait = 1; wait <= MAX_FALSE_WAITS; wait++) {
      await requestApproval(stand.ports, { ...gate, taskToken: `token-${wait}` }, NOW);
      const answer = await readGate(stand.ports, gate, NOW);
      expect(answer.status).toBe(wait < MAX_FALSE_WAITS ? 'open' : 'withdrawn');
    }
    expect(await readGate(stand.ports, gate, NOW)).toMatchObject({
      status: 'withdrawn',
      reasons: [{ code: 'CALLBACKS_FORGED' }],
    });
    expect(stand.inbox).toHaveLength(2);
    expect((await stand.entries()).filter((type) => type === 'callback-forged')).toHaveLength(MAX_FALSE_WAITS);
  });

  it('does not call a failed email forged, but gives up on it too', async () => {
    const stand = await createStand(tables);
    await openGate(stand.ports, gate, NOW);
    const sendEmail = () => Promise.reject(new Error('SES is down'));
    for (let wait = 1; wait <= MAX_FALSE_WAITS; wait++) {
      const event = { ...gate, taskToken: `token-${wait}` };
      await expect(requestApproval({ ...stand.ports, sendEmail }, event, NOW)).rejects.toBeInstanceOf(ReleaseError);
      await readGate(stand.ports, gate, NOW);
    }
    expect(stand.forged).toEqual([]);
    expect(await readGate(stand.ports, gate, NOW)).toMatchObject({
      status: 'withdrawn',
      reasons: [{ code: 'REQUESTS_NOT_SENT' }],
    });
  });

  it('refuses a gate that somebody set to approved by hand', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    const item = await stand.ports.approvals.gate(gate);
    const Item = { ...approvalKeys.gate(PROMOTION_ID, 'production', 1), ...item, status: 'approved', closedSeq: 1 };
    await tables.client.send(new PutCommand({ TableName: tables.approvals, Item }));
    await expect(readGate(stand.ports, gate, NOW)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
    expect(approvedGate(await stand.ports.approvals.gates(PROMOTION_ID), stand.run, 'production')).toBeNull();
  });
});

describe('What a mover may rely on', () => {
  it.each(['shadow', 'canary'] as const)(
    'is the approval into %s for as long as the candidate goes on from it',
    async (stage) => {
      const stand = await createStand(tables, { stage });
      await asked(stand);
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      const gates = await stand.ports.approvals.gates(PROMOTION_ID);
      const { shadow, canary } = promotionBefore('production').gates;
      const looked = { shadow: shadow && { ...shadow, verdict: 'CONTINUE' as const }, canary };
      for (const found of [
        {},
        { [stage]: looked[stage] },
        { ...(shadow ? { shadow } : {}), ...(canary ? { canary } : {}) },
      ]) {
        const run = promotionBefore(stage);
        expect(approvedGate(gates, { ...run, gates: { ...run.gates, ...found } }, stage)?.stage).toBe(stage);
      }
    },
  );

  it('is an approved gate whose seal is that of the run as it is now', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    expect(approvedGate(await stand.ports.approvals.gates(PROMOTION_ID), stand.run, 'production')).toBeNull();
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    const approved = approvedGate(await stand.ports.approvals.gates(PROMOTION_ID), stand.run, 'production');
    expect(approved?.closedSeq).toBe((await stand.entry('approval-decided')).seq);
    expect(
      approvedGate(
        await stand.ports.approvals.gates(PROMOTION_ID),
        promotionBefore('production', { version: '1.2.1' }),
        'production',
      ),
    ).toBeNull();
  });
});

describe('Withdrawing what is still open', () => {
  const closing = {
    reason: { code: 'ROLLED_BACK', message: 'The model was rolled back.' },
    at: NOW.toISOString(),
    actor: systemActor('roll-back'),
  };

  it('closes the open gate with its entry, once', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    expect(await withdrawOpenGate(stand.ports, PROMOTION_ID, closing)).toMatchObject({
      status: 'withdrawn',
      closedSeq: stand.before + 2,
    });
    expect(await withdrawOpenGate(stand.ports, PROMOTION_ID, closing)).toBeNull();
    expect((await stand.entry('gate-closed')).data).toMatchObject({
      ...gate,
      status: 'withdrawn',
      reason: closing.reason,
    });
    expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
  });

  it('leaves a decided gate as it is', async () => {
    const stand = await createStand(tables);
    await asked(stand);
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    expect(await withdrawOpenGate(stand.ports, PROMOTION_ID, closing)).toBeNull();
    expect((await stand.ports.approvals.gate(gate))?.status).toBe('approved');
  });
});
