import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attendGates, MAX_REMINDERS } from '../../functions/approval/attend-gates.ts';
import { decide } from '../../functions/approval/decide.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { readGate } from '../../functions/approval/read-gate.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { CAS, modelItem, quorumOf } from './fixtures.ts';
import { AFTER_EXPIRY, APPROVE, createAskedStand, NOW, REJECT, type Stand } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const hours = (count: number) => new Date(NOW.getTime() + count * 3_600_000);
const HALF = hours(84);
const NOTHING = { reminded: 0, told: 0, failed: [] };
const lettersSince = (stand: Stand, count: number) =>
  stand.inbox.slice(count).map(({ to, subject }) => `${to} ${subject}`);
const needsTwo = () => ({ model: modelItem({ policy: quorumOf(2) }) });

describe('A reminder', () => {
  it('goes at half-time, once, to whoever has not decided, and both links lead to the decision', async () => {
    const stand = await createAskedStand(tables, needsTwo());
    const anas = stand.linkOf(ANA.email);
    await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW);
    const count = stand.inbox.length;
    expect(await attendGates(stand.ports, new Date(HALF.getTime() - 1))).toEqual(NOTHING);
    expect(await attendGates(stand.ports, HALF)).toEqual({ ...NOTHING, reminded: 1 });
    expect(await attendGates(stand.ports, hours(100))).toEqual(NOTHING);
    expect(lettersSince(stand, count)).toEqual([
      `${ANA.email} Reminder, approval needed: demand 1.2.0 into production`,
    ]);
    const reminder = stand.linkOf(ANA.email);
    expect(reminder).not.toEqual(anas);
    for (const link of [anas, reminder]) {
      expect(await showApproval(stand.ports, link, HALF)).toMatchObject({ status: 200 });
    }
    expect(await decide(stand.ports, anas, APPROVE, HALF)).toMatchObject({ status: 200 });
    expect(await decide(stand.ports, reminder, APPROVE, HALF)).toMatchObject({ status: 409 });
  });

  it('that cannot be sent is tried again, and given up at last; others get theirs', async () => {
    const stand = await createAskedStand(tables);
    const count = stand.inbox.length;
    const { sendEmail } = stand.ports;
    const ports = {
      ...stand.ports,
      sendEmail: async (...args: Parameters<typeof sendEmail>) => {
        if (args[0] === ANA.email) throw new TypeError('The address ana@shop.example is not verified.');
        await sendEmail(...args);
      },
    };
    const failed = [{ promotionId: stand.run.promotionId, error: 'TypeError' }];
    expect(await attendGates(ports, HALF)).toEqual({ reminded: 1, told: 0, failed });
    for (let tries = 1; tries < MAX_REMINDERS; tries++)
      expect(await attendGates(ports, HALF)).toEqual({ reminded: 0, told: 0, failed });
    expect(await attendGates(ports, HALF)).toEqual(NOTHING);
    expect(lettersSince(stand, count)).toHaveLength(1);
  });

  it('goes once although two looks are made at the same time', async () => {
    const stand = await createAskedStand(tables);
    const count = stand.inbox.length;
    await Promise.all([attendGates(stand.ports, HALF), attendGates(stand.ports, HALF)]);
    await attendGates(stand.ports, HALF);
    expect(new Set(lettersSince(stand, count)).size).toBe(2);
    expect(stand.inbox.length - count).toBe(2);
  });

  it('goes to nobody once the time is over', async () => {
    const stand = await createAskedStand(tables);
    const count = stand.inbox.length;
    await attendGates(stand.ports, AFTER_EXPIRY);
    expect(stand.inbox).toHaveLength(count);
  });
});

describe('How it ended', () => {
  it('is told once to everybody who was asked, without a link', async () => {
    const stand = await createAskedStand(tables);
    const count = stand.inbox.length;
    await decide(stand.ports, stand.linkOf(ANA.email), REJECT, NOW);
    expect(await attendGates(stand.ports, NOW)).toEqual({ ...NOTHING, told: 2 });
    expect(await attendGates(stand.ports, NOW)).toEqual(NOTHING);
    expect(lettersSince(stand, count)).toEqual([
      `${ANA.email} Rejected: demand 1.2.0 into production`,
      `${BEN.email} Rejected: demand 1.2.0 into production`,
    ]);
    const letter = stand.inbox.at(-1);
    expect(letter?.text).toContain('Ana Approver rejected at');
    expect(letter?.text).toContain(REJECT.justification);
    expect(`${letter?.text} ${letter?.html}`).not.toMatch(/https?:/);
  });

  it('is told of an approval, of an expiry, and of an end that nobody at the gate decided', async () => {
    const approved = await createAskedStand(tables);
    await decide(approved.ports, approved.linkOf(ANA.email), APPROVE, NOW);
    await attendGates(approved.ports, NOW);
    expect(approved.inbox.at(-1)?.subject).toBe('Approved: demand 1.2.0 into production');

    const expired = await createAskedStand(tables);
    await readGate(expired.ports, expired.gate, AFTER_EXPIRY);
    await attendGates(expired.ports, AFTER_EXPIRY);
    expect(expired.inbox.at(-1)?.text).toContain('Too few people decided before 2026-03-09 09:00 UTC');

    const ended = await createAskedStand(tables);
    await ended.putRun({ ...(ended.run as PromotionItem), end: 'rolled-back', endedAt: NOW.toISOString() });
    await attendGates(ended.ports, NOW);
    expect(ended.inbox.at(-1)?.text).toContain('It has ended: rolled back.');
  });

  it('of a void request is told to those who are not asked anew', async () => {
    const stand = await createAskedStand(tables);
    await stand.putModel(modelItem({ approvers: [BEN, CAS], revision: 2 }));
    await readGate(stand.ports, stand.gate, NOW);
    const { promotionId, stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
    await requestApproval(stand.ports, { promotionId, stage, round, taskToken: 'token-2' }, NOW);
    const count = stand.inbox.length;
    expect(await attendGates(stand.ports, NOW)).toEqual({ ...NOTHING, told: 1 });
    expect(lettersSince(stand, count)).toEqual([`${ANA.email} Void: demand 1.2.0 into production`]);
    // The new gate is still looked after.
    expect(await attendGates(stand.ports, HALF)).toMatchObject({ reminded: 2 });
  });

  it('is told later when an email cannot be sent, to whoever was not told, for a day', async () => {
    const stand = await createAskedStand(tables);
    await decide(stand.ports, stand.linkOf(ANA.email), REJECT, NOW);
    const count = stand.inbox.length;
    const down = { ...stand.ports, sendEmail: () => Promise.reject(new Error('SES is down')) };
    expect((await attendGates(down, NOW)).failed).toHaveLength(2);
    expect(await attendGates(stand.ports, hours(1))).toEqual({ ...NOTHING, told: 2 });
    expect(stand.inbox).toHaveLength(count + 2);

    const never = await createAskedStand(tables);
    await decide(never.ports, never.linkOf(ANA.email), REJECT, NOW);
    const broken = { ...never.ports, sendEmail: () => Promise.reject(new Error('SES is down')) };
    expect((await attendGates(broken, hours(25))).failed).toHaveLength(2);
    expect(await attendGates(broken, hours(26))).toEqual(NOTHING);
  });
});
