import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../functions/approval/decide.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { readGate } from '../../functions/approval/read-gate.ts';
import { repeatCallbacks } from '../../functions/approval/repeat-callbacks.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { exposureOf } from '../../functions/promotion/exposure.ts';
import {
  ASKED_STAGES,
  modelItem,
  PROMOTION_ID,
  promotionBefore,
  quorumOf,
  stored,
  writtenBefore,
} from '../approval/fixtures.ts';
import {
  AFTER_EXPIRY,
  APPROVE,
  createAskedStand,
  type createStand,
  NOW,
  REJECT,
  type Stand,
  statusOf,
} from '../approval/stand.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

describe.each(ASKED_STAGES)('Into %s:', (stage) => {
  const asked = (over?: Parameters<typeof createStand>[1]): Promise<Stand> =>
    createAskedStand(tables, { stage, ...over });

  describe('What changes between the question and the answer', () => {
    const voided = async (stand: Stand, code: string) => {
      expect((await stand.ports.approvals.gate(stand.gate))?.reason?.code).toBe(code);
      expect(await statusOf(stand)).toBe('void');
      expect(await stand.entries()).toEqual(['gate-opened', 'gate-closed']);
      expect(stand.woken).toEqual(['token-1']);
      // The flow reads the void gate, asks again, and the new link works while the old one does not.
      expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'void', reasons: [{ code }] });
      expect(await openGate(stand.ports, stand.gate, NOW)).toMatchObject({ round: 2, status: 'open' });
    };

    it('in the evidence of the registry voids the gate, and people are asked again', async () => {
      const stand = await asked();
      const old = stand.linkOf(ANA.email);
      stand.evidence.put('evidence/other', 'a better looking report');
      const run = promotionBefore(stage);
      const found = run.gates[run.stage];
      const artifacts = { 'evaluation-report': stored('evidence/other', 'a better looking report') };
      const gates = { ...run.gates, ...(found ? { [run.stage]: { ...found, artifacts } } : {}) };
      await stand.putRun({ ...run, gates, stage, awaitingApproval: true });
      expect(await decide(stand.ports, old, APPROVE, NOW)).toMatchObject({ status: 409 });
      await voided(stand, 'SEAL_BROKEN');
      await requestApproval(stand.ports, { ...stand.gate, round: 2, taskToken: 'token-2' }, NOW);
      expect(await decide(stand.ports, old, APPROVE, NOW)).toMatchObject({ status: 409 });
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
      expect(stand.inbox.at(-1)?.subject).toContain('asked again, round 2');
    });

    it('in what the stage exposes voids the gate, and people are asked about what it is now', async () => {
      const stand = await asked();
      const { plan } = promotionBefore(stage);
      const milder = {
        shadow: { ...plan, shadow: { maxDuration: 'P100D' } },
        canary: { ...plan, canary: { ...plan.canary, steps: [{ percentage: 90, hold: 'P1D' }] } },
        production: { ...plan, confirmation: 'PT1M' },
      }[stage];
      await stand.putRun(promotionBefore(stage, { plan: milder, stage, awaitingApproval: true }));
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
      await voided(stand, 'SEAL_BROKEN');
      await requestApproval(stand.ports, { ...stand.gate, round: 2, taskToken: 'token-2' }, NOW);
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      const exposure = exposureOf(promotionBefore(stage, { plan: milder }), stage);
      expect((await stand.entry('approval-decided')).data).toMatchObject({ round: 2, exposure });
    });

    const written = Object.keys(writtenBefore(stage));

    it.each([
      ...written.flatMap((key) => [
        [`by a newer version of ${key}`, (stand: Stand) => stand.evidence.put(key, 'nicer')] as const,
        [`by other bytes of ${key}`, (stand: Stand) => stand.evidence.corrupt(key)] as const,
      ]),
      [
        'by a newer backtest',
        (stand: Stand) => stand.evidence.put(`candidates/${PROMOTION_ID}/backtest`, 'nicer'),
      ] as const,
    ])('in the evidence bucket %s voids the gate', async (_, change) => {
      const stand = await asked();
      change(stand);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
      await voided(stand, 'EVIDENCE_CHANGED');
    });

    it('in who approves voids the gate; who was removed may not decide', async () => {
      const stand = await asked();
      await stand.putModel(modelItem({ approvers: [BEN], revision: 2 }));
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 403 });
      await voided(stand, 'PEOPLE_CHANGED');
      await requestApproval(stand.ports, { ...stand.gate, round: 2, taskToken: 'token-2' }, NOW);
      expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email, BEN.email, BEN.email]);
    });

    it('in the quorum voids the gate, also for who may still decide', async () => {
      const stand = await asked();
      await stand.putModel(modelItem({ policy: quorumOf({ [stage]: 2 }), revision: 2 }));
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
      await voided(stand, 'PEOPLE_CHANGED');
    });

    it('in nothing that matters leaves the decision standing', async () => {
      const stand = await asked();
      await stand.putModel(modelItem({ downstream: [], revision: 2 }));
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
    });

    it('while the decision is being written is noticed by its transaction', async () => {
      const stand = await asked();
      let first = true;
      const append: typeof stand.ports.ledger.append = async (draft, writes) => {
        if (first) await stand.putModel(modelItem({ approvers: [BEN], revision: 2 }));
        first = false;
        return stand.ports.ledger.append(draft, writes);
      };
      const outcome = await decide({ ...stand.ports, ledger: { append } }, stand.linkOf(ANA.email), APPROVE, NOW);
      expect([outcome.status, await statusOf(stand)]).toEqual([403, 'void']);
    });
  });

  describe('Two deciders at once', () => {
    it('both count towards the quorum', async () => {
      const stand = await asked({ model: modelItem({ policy: quorumOf({ [stage]: 2 }) }) });
      const links = [stand.linkOf(ANA.email), stand.linkOf(BEN.email)];
      const outcomes = await Promise.all(links.map((link) => decide(stand.ports, link, APPROVE, NOW)));
      expect(outcomes.map(({ status }) => status)).toEqual([200, 200]);
      expect((await stand.ports.approvals.gate(stand.gate))?.decisions).toHaveLength(2);
      expect([await statusOf(stand), stand.woken]).toEqual(['approved', ['token-1']]);
    });

    it('of different minds: the gate is closed by one of them, and the other learns it', async () => {
      const stand = await asked();
      const outcomes = await Promise.all([
        decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW),
        decide(stand.ports, stand.linkOf(BEN.email), REJECT, NOW),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect((await stand.ports.approvals.gate(stand.gate))?.decisions).toHaveLength(1);
    });

    it('and an expiry: the gate has one end', async () => {
      const stand = await asked();
      const just = new Date(AFTER_EXPIRY.getTime() - 1);
      const [outcome, answer] = await Promise.all([
        decide(stand.ports, stand.linkOf(ANA.email), APPROVE, just),
        readGate(stand.ports, stand.gate, AFTER_EXPIRY),
      ]);
      expect(outcome.status === 200 ? 'approved' : 'expired').toBe(answer.status);
      expect(await statusOf(stand)).toBe(answer.status);
    });
  });

  describe('A decider that dies between transaction and callback', () => {
    const killed = () =>
      Promise.reject(Object.assign(new Error('token-1 could not be sent'), { name: 'TimeoutError' }));

    it('has decided all the same, and the schedule wakes the execution, once', async () => {
      const stand = await asked();
      const outcome = await decide({ ...stand.ports, wake: killed }, stand.linkOf(ANA.email), APPROVE, NOW);
      expect([outcome.status, stand.woken, stand.wakes]).toEqual([200, [], ['TimeoutError']]);
      expect(await repeatCallbacks(stand.ports)).toEqual({ woken: [PROMOTION_ID], failed: [] });
      expect(await repeatCallbacks(stand.ports)).toEqual({ woken: [], failed: [] });
      expect(stand.woken).toEqual(['token-1']);
      expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'approved' });
    });

    it('is not repeated while the gate is open, and one failure keeps no other run waiting', async () => {
      const stand = await asked();
      expect(await repeatCallbacks(stand.ports)).toEqual({ woken: [], failed: [] });
      await decide({ ...stand.ports, wake: killed }, stand.linkOf(ANA.email), APPROVE, NOW);
      const repeated = await repeatCallbacks({ ...stand.ports, wake: killed });
      expect(repeated).toEqual({ woken: [], failed: [{ promotionId: PROMOTION_ID, error: 'TimeoutError' }] });
      expect(JSON.stringify(repeated)).not.toContain('token-1');
    });

    it('before its transaction has decided nothing, and the link still works', async () => {
      const stand = await asked();
      const before = await stand.snapshot();
      const append = () => Promise.reject(new Error('killed'));
      const dying = decide({ ...stand.ports, ledger: { append } }, stand.linkOf(ANA.email), APPROVE, NOW);
      await expect(dying).rejects.toThrow('killed');
      expect(await stand.snapshot()).toEqual(before);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
    });
  });

  describe('A forged callback', () => {
    it('promotes nothing: the gate is read, and it is still open', async () => {
      const stand = await asked();
      expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'open' });
      expect(await stand.ports.registry.run('demand', PROMOTION_ID)).toMatchObject({ awaitingApproval: true });
      expect(stand.forged).toMatchObject([{ promotionId: PROMOTION_ID, forgedCallbacks: 1 }]);
    });

    it('does not spoil the approval: the next wait has a new token, and the old links still decide', async () => {
      const stand = await asked();
      await readGate(stand.ports, stand.gate, NOW);
      await requestApproval(stand.ports, { ...stand.gate, taskToken: 'token-2' }, NOW);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
      expect(stand.woken).toEqual(['token-2']);
      expect(await readGate(stand.ports, stand.gate, NOW)).toMatchObject({ status: 'approved' });
    });
  });
});
