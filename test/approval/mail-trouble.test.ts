import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAgain } from '../../functions/approval/ask-again.ts';
import { decide } from '../../functions/approval/decide.ts';
import { mailEvent, troubleOf } from '../../functions/approval/mail-trouble.ts';
import { reportMailTrouble } from '../../functions/approval/report-mail-trouble.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { modelItem } from './fixtures.ts';
import { APPROVE, createAskedStand, NOW, type Stand } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const AT = NOW.toISOString();
const NASTY = 'smtp; 550 <img src=x onerror=alert(1)>\r\nBcc: all@shop.example\u202e';

/** A report as SES puts it on the bus. */
function event(tags: Readonly<Record<string, readonly string[]>>, over: object = {}) {
  const detail = {
    eventType: 'Bounce',
    mail: { timestamp: AT, messageId: 'm', source: 'release@shop.example', destination: ['x@y.example'], tags },
    bounce: {
      ...{ bounceType: 'Permanent', bounceSubType: 'General', timestamp: AT, feedbackId: 'f-1' },
      ...{ bouncedRecipients: [{ emailAddress: 'x@y.example', diagnosticCode: NASTY }], reportingMTA: 'dns; x' },
    },
    ...over,
  };
  return { version: '0', source: 'aws.ses', 'detail-type': 'Email Bounced', detail };
}
const anas = (stand: Stand) => ({ approvalRequest: [stand.linkOf(ANA.email).requestId] });
const report = (stand: Stand, raw: object) => reportMailTrouble(stand.ports, troubleOf(mailEvent.parse(raw)));
const OWNER = modelItem().owner;

describe('An approval request that did not arrive', () => {
  it('is told to the owner, once: whose it was, for what, and what came back, as text and without a link', async () => {
    const stand = await createAskedStand(tables);
    const count = stand.inbox.length;
    const raw = event(anas(stand));
    expect(await report(stand, raw)).toEqual({
      ...{ reported: 'owner', promotionId: stand.run.promotionId, approver: ANA.id },
    });
    expect(await report(stand, raw)).toEqual({ reported: 'none' });
    const [letter, ...more] = stand.inbox.slice(count);
    expect(more).toEqual([]);
    expect(letter).toMatchObject({
      to: OWNER.email,
      subject: 'Not delivered to Ana Approver: demand 1.2.0 into production',
    });
    expect(letter?.text).toContain(ANA.email);
    expect(letter?.text).toContain(`npm run ask-again -- --promotion ${stand.run.promotionId} --approver ana --reason`);
    expect(letter?.html).not.toMatch(/<img|\u202e|href=/);
    expect(letter?.html).toContain('&lt;img');
    expect(letter?.text).not.toContain('\nBcc');
  });

  it('is told again when the one that was sent anew does not arrive either', async () => {
    const stand = await createAskedStand(tables);
    await report(stand, event(anas(stand)));
    const asked = { approver: ANA.id, reason: 'The mailbox was full.', requestedBy: OWNER };
    const { promotionId } = stand.run;
    await askAgain(stand.ports, { promotionId, ...asked, requestedBy: { name: OWNER.name, email: OWNER.email } }, NOW);
    const request = await stand.ports.approvals.request(anas(stand).approvalRequest[0] ?? '');
    expect(request?.undelivered).toBeUndefined();
    const bounce = { ...event({}).detail.bounce, feedbackId: 'f-2' };
    expect(await report(stand, event(anas(stand), { bounce }))).toMatchObject({ reported: 'owner' });
  });

  it('is told nobody when nobody waits for it, or when it is none of ours', async () => {
    const stand = await createAskedStand(tables);
    for (const tags of [{}, { approvalRequest: ['0'.repeat(32)] }, { approvalRequest: [] }])
      expect(await report(stand, event(tags))).toEqual({ reported: 'none' });
    await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW);
    expect(await report(stand, event(anas(stand)))).toEqual({ reported: 'none' });
  });

  it('is told later when the owner cannot be written to now', async () => {
    const stand = await createAskedStand(tables);
    const down = { ...stand, ports: { ...stand.ports, sendEmail: () => Promise.reject(new Error('SES is down')) } };
    await expect(report(down, event(anas(stand)))).rejects.toThrow('SES is down');
    expect(await report(stand, event(anas(stand)))).toMatchObject({ reported: 'owner' });
  });

  it('may be complained of or rejected as well, and is nothing else', () => {
    const complaint = {
      eventType: 'Complaint',
      complaint: { timestamp: AT, feedbackId: 'c-1', complaintFeedbackType: 'abuse' },
    };
    expect(troubleOf(mailEvent.parse(event({}, complaint)))).toMatchObject({ kind: 'complained of', detail: 'abuse' });
    const reject = { eventType: 'Reject', reject: { reason: 'Bad content' } };
    expect(troubleOf(mailEvent.parse(event({}, reject)))).toMatchObject({ kind: 'rejected', id: 'm' });
    expect(mailEvent.safeParse(event({}, { eventType: 'Open' })).success).toBe(false);
  });
});
