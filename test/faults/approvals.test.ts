import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../functions/approval/decide.ts';
import { readGate } from '../../functions/approval/read-gate.ts';
import { exposedBy } from '../../functions/approval/seal.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import { ASKED_STAGES, modelItem, quorumOf } from '../approval/fixtures.ts';
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

  describe('A decision', () => {
    it('changes gate, request and ledger together, and only then wakes the execution', async () => {
      const stand = await asked();
      const outcome = await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      expect(outcome).toMatchObject({ status: 200, decision: 'approve', seq: stand.before + 2 });
      const { actor, data, at } = await stand.entry('approval-decided');
      expect({ actor, at }).toEqual({ actor: { kind: 'person', ...ANA }, at: NOW.toISOString() });
      expect(data).toEqual({
        ...stand.gate,
        version: '1.2.0',
        seal: (await stand.ports.approvals.gate(stand.gate))?.seal,
        approver: ANA,
        decision: 'approve',
        justification: APPROVE.justification,
        gateStatus: 'approved',
        counted: 1,
        exposure: exposedBy(stand.run, stage),
      });
      expect(stand.woken).toEqual(['token-1']);
    });

    it('waits for the quorum, and wakes the execution when it is complete', async () => {
      const stand = await asked({ model: modelItem({ policy: quorumOf({ [stage]: 2 }) }) });
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
      expect([await statusOf(stand), stand.woken]).toEqual(['open', []]);
      await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW);
      expect([await statusOf(stand), stand.woken]).toEqual(['approved', ['token-1']]);
    });

    it('by one person against it ends the gate, whatever the others said', async () => {
      const stand = await asked({ model: modelItem({ policy: quorumOf({ [stage]: 2 }) }) });
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      await decide(stand.ports, stand.linkOf(BEN.email), REJECT, NOW);
      expect([await statusOf(stand), stand.woken]).toEqual(['rejected', ['token-1']]);
    });

    it('with faults changes nothing', async () => {
      const stand = await asked();
      const before = await stand.snapshot();
      const outcome = await decide(stand.ports, stand.linkOf(ANA.email), { ...APPROVE, version: '1.2' }, NOW);
      expect(outcome).toMatchObject({ status: 400, faults: [{ path: 'version' }] });
      expect(await stand.snapshot()).toEqual(before);
    });
  });

  describe('An approval link', () => {
    it('changes nothing however often it is opened', async () => {
      const stand = await asked();
      const before = await stand.snapshot();
      for (let opened = 0; opened < 20; opened++) {
        expect((await showApproval(stand.ports, stand.linkOf(ANA.email), NOW)).status).toBe(200);
      }
      expect(await stand.snapshot()).toEqual(before);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
    });

    it('works once', async () => {
      const stand = await asked({ model: modelItem({ policy: quorumOf({ [stage]: 2 }) }) });
      await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
      const before = await stand.snapshot();
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
      expect(await decide(stand.ports, stand.linkOf(ANA.email), REJECT, NOW)).toMatchObject({ status: 409 });
      expect(await stand.snapshot()).toEqual(before);
    });

    it('posted many times at once decides once', async () => {
      const stand = await asked({ model: modelItem({ policy: quorumOf({ [stage]: 2 }) }) });
      const posts = Array.from({ length: 6 }, () => decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW));
      const statuses = (await Promise.all(posts)).map(({ status }) => status).sort();
      expect(statuses).toEqual([200, 409, 409, 409, 409, 409]);
      expect((await stand.entries()).filter((type) => type === 'approval-decided')).toHaveLength(1);
    });

    it('answers the same for an unknown id and for a wrong secret, and changes nothing', async () => {
      const stand = await asked();
      const before = await stand.snapshot();
      const { requestId, secret } = stand.linkOf(ANA.email);
      const wrong = [
        { requestId, secret: stand.linkOf(BEN.email).secret },
        { requestId, secret: '' },
        { requestId: 'f'.repeat(32), secret },
        { requestId: '../gate', secret },
      ];
      const pages = await Promise.all(wrong.map((link) => showApproval(stand.ports, link, NOW)));
      expect(new Set(pages.map(({ page }) => page)).size).toBe(1);
      expect(pages.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      for (const link of wrong) expect(await decide(stand.ports, link, APPROVE, NOW)).toEqual({ status: 404 });
      expect(await stand.snapshot()).toEqual(before);
    });

    it('is of no use after the expiry, before and after the gate is closed for it', async () => {
      const stand = await asked();
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, AFTER_EXPIRY)).toMatchObject({ status: 410 });
      expect(await statusOf(stand)).toBe('open');
      await readGate(stand.ports, stand.gate, AFTER_EXPIRY);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, AFTER_EXPIRY)).toMatchObject({ status: 410 });
      expect(stand.woken).toEqual([]);
    });

    it('is of no use once others rejected or the run ended', async () => {
      const stand = await asked();
      await decide(stand.ports, stand.linkOf(BEN.email), REJECT, NOW);
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
      const ended = await asked();
      await ended.putRun({ ...ended.run, end: 'rolled-back', endedAt: NOW.toISOString() });
      expect(await decide(ended.ports, ended.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 409 });
    });

    it('in the hands of the requester decides nothing', async () => {
      const stand = await asked();
      // Ana had a link before it came out that it is she who asks.
      await stand.putRun({ ...stand.run, requestedBy: { name: 'Ana', email: 'ANA@shop.example' } });
      const before = await stand.snapshot();
      expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 403 });
      expect(await stand.snapshot()).toEqual(before);
    });
  });
});
