import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAgain } from '../../functions/approval/ask-again.ts';
import { MAX_RESENDS } from '../../functions/approval/ask-again-input.ts';
import { attendGates } from '../../functions/approval/attend-gates.ts';
import { decide } from '../../functions/approval/decide.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { CAS, modelItem, promotionBefore, quorumOf } from './fixtures.ts';
import { AFTER_EXPIRY, APPROVE, createAskedStand, NOW, type Over, type Stand, statusOf } from './stand.ts';

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const OWNER = { name: 'Olga Owner', email: modelItem().owner.email };
const DAN = { id: 'dan', name: 'Dan Deputy', email: 'dan@shop.example', standIn: true as const };
const REASON = 'Ana is on leave until the gate expires.';
const withDeputy = (more: readonly (typeof DAN)[] = [DAN]): Over => ({
  model: modelItem({ approvers: [ANA, BEN, ...more], policy: quorumOf(2) }),
});

function ask(stand: Stand, over: object = {}, now = NOW) {
  const input = { promotionId: stand.run.promotionId, approver: ANA.id, reason: REASON, requestedBy: OWNER, ...over };
  return askAgain(stand.ports, input, now);
}
const delegate = (stand: Stand, over: object = {}) => ask(stand, { standIn: DAN.id, ...over });

async function codes(answer: ReturnType<typeof ask>): Promise<readonly string[]> {
  const answered = await answer;
  return answered.ok ? [] : answered.reasons.map(({ code }) => code);
}

describe('A request that the owner has sent anew', () => {
  it('has a new link, is in the ledger, and the link of before is dead at once', async () => {
    const stand = await createAskedStand(tables);
    const before = stand.linkOf(ANA.email);
    expect(await ask(stand)).toEqual({ ok: true, asked: ANA, occasion: 'resent' });
    const link = stand.linkOf(ANA.email);
    expect(link.requestId).toBe(before.requestId);
    expect(await showApproval(stand.ports, before, NOW)).toMatchObject({ status: 404 });
    expect(await decide(stand.ports, before, APPROVE, NOW)).toEqual({ status: 404 });
    expect(stand.inbox.at(-1)?.text).toContain('The link of the email before no longer works.');
    expect(await stand.entry('request-resent')).toMatchObject({
      actor: { kind: 'person', email: OWNER.email },
      data: { stage: 'production', round: 1, approver: { id: ANA.id }, reason: REASON },
    });
    expect(await decide(stand.ports, link, APPROVE, NOW)).toMatchObject({ status: 200 });
  });

  it('is not decided on by the link of before, also when that decision was under way', async () => {
    const stand = await createAskedStand(tables);
    const before = stand.linkOf(ANA.email);
    const { ledger } = stand.ports;
    let first = true;
    const slow = {
      ...stand.ports,
      ledger: {
        append: async (...args: Parameters<typeof ledger.append>) => {
          if (first) {
            first = false;
            await ask(stand);
          }
          return ledger.append(...args);
        },
      },
    };
    expect(await decide(slow, before, APPROVE, NOW)).toEqual({ status: 404 });
    expect(await statusOf(stand)).toBe('open');
  });

  it('whose email was not sent is sent by the same call again', async () => {
    const stand = await createAskedStand(tables);
    const before = stand.linkOf(ANA.email);
    const down = { ...stand, ports: { ...stand.ports, sendEmail: () => Promise.reject(new Error('SES is down')) } };
    await expect(ask(down)).rejects.toThrow('SES is down');
    expect(await decide(stand.ports, before, APPROVE, NOW)).toEqual({ status: 404 });
    await ask(stand);
    expect(await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW)).toMatchObject({ status: 200 });
  });

  it('is asked for by the owner alone, for somebody who is asked and has not decided, while the gate is open', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    const other = { name: 'Mallory', email: 'mallory@shop.example' };
    expect(await codes(ask(stand, { requestedBy: other }))).toEqual(['NOT_THE_OWNER']);
    expect(await codes(ask(stand, { requestedBy: other, approver: 'nobody' }))).toEqual(['NOT_THE_OWNER', 'NOT_ASKED']);
    await decide(stand.ports, stand.linkOf(ANA.email), APPROVE, NOW);
    expect(await codes(ask(stand))).toEqual(['ALREADY_DECIDED']);
    expect(await codes(ask(stand, { approver: BEN.id }, AFTER_EXPIRY))).toEqual(['GATE_NOT_OPEN']);
    expect((await stand.entries()).filter((type) => type.startsWith('request-'))).toEqual([]);
  });

  it('is refused by name where there is no such promotion, or it has ended', async () => {
    const stand = await createAskedStand(tables);
    expect(await codes(ask(stand, { promotionId: 'demand_9-9-9_1' }))).toEqual(['NOT_FOUND']);
    await stand.putRun({ ...stand.run, end: 'withdrawn', endedAt: NOW.toISOString() });
    expect(await codes(ask(stand))).toEqual(['PROMOTION_ENDED']);
  });

  it('is sent so often and no more', async () => {
    const stand = await createAskedStand(tables);
    for (let count = 0; count < MAX_RESENDS; count++) expect((await ask(stand)).ok).toBe(true);
    expect(await codes(ask(stand))).toEqual(['RESENT_TOO_OFTEN']);
  });
});

describe('A request that the owner gives to a stand-in', () => {
  it('is decided by the stand-in, counts as theirs, and the link of before says who was asked instead', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    expect(stand.inbox.map(({ to }) => to)).toEqual([ANA.email, BEN.email]);
    const anas = stand.linkOf(ANA.email);
    const { standIn: _, ...dan } = DAN;
    expect(await delegate(stand)).toEqual({ ok: true, asked: dan, occasion: 'delegated' });
    expect(await decide(stand.ports, anas, APPROVE, NOW)).toMatchObject({ status: 409 });
    expect((await showApproval(stand.ports, anas, NOW)).page).toContain(
      'asked Dan Deputy to decide on demand 1.2.0 into production in your place',
    );
    const dans = stand.linkOf(DAN.email);
    expect((await showApproval(stand.ports, dans, NOW)).page).toContain('Dan Deputy, in the place of ana');
    expect(await decide(stand.ports, dans, APPROVE, NOW)).toMatchObject({ status: 200 });
    expect(await decide(stand.ports, stand.linkOf(BEN.email), APPROVE, NOW)).toMatchObject({ status: 200 });
    expect(await statusOf(stand)).toBe('approved');
    expect(await stand.entry('request-delegated')).toMatchObject({
      actor: { email: OWNER.email },
      data: { approver: { id: ANA.id }, standIn: { id: DAN.id }, reason: REASON },
    });
    expect(await stand.entries()).toEqual(['gate-opened', 'request-delegated', 'approval-decided', 'approval-decided']);
  });

  it('is recorded once when the call is repeated, and sent when it was not', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    const down = { ...stand, ports: { ...stand.ports, sendEmail: () => Promise.reject(new Error('SES is down')) } };
    await expect(delegate(down)).rejects.toThrow('SES is down');
    const count = stand.inbox.length;
    expect(await delegate(stand)).toMatchObject({ ok: true });
    expect(await delegate(stand)).toMatchObject({ ok: true });
    expect(stand.inbox).toHaveLength(count + 1);
    expect(await stand.entries()).toEqual(['gate-opened', 'request-delegated']);
    expect(await decide(stand.ports, stand.linkOf(DAN.email), APPROVE, NOW)).toMatchObject({ status: 200 });
  });

  it('is sent by the flow as well, should the wait begin anew', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    const down = { ...stand, ports: { ...stand.ports, sendEmail: () => Promise.reject(new Error('SES is down')) } };
    await expect(delegate(down)).rejects.toThrow('SES is down');
    await requestApproval(stand.ports, { ...stand.gate, taskToken: 'token-2' }, NOW);
    expect(stand.inbox.at(-1)?.to).toBe(DAN.email);
  });

  it('goes to nobody whom the settings of the model do not name for that, or who is asked anyway', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    expect(await codes(delegate(stand, { standIn: 'mallory' }))).toEqual(['NO_STAND_IN']);
    expect(await codes(delegate(stand, { standIn: BEN.id }))).toEqual(['NO_STAND_IN', 'ALREADY_ASKED']);
    const disguised = { ...DAN, email: BEN.email.replace('@', '+dan@') };
    const same = await createAskedStand(tables, withDeputy([disguised]));
    expect(await codes(delegate(same))).toEqual(['NO_STAND_IN']);
  });

  it('goes to no stand-in who asked for the promotion, and is not given away by an owner who did', async () => {
    const dans = promotionBefore('production', { requestedBy: { name: 'Dan', email: DAN.email } });
    const stand = await createAskedStand(tables, { ...withDeputy(), run: dans });
    expect(await codes(delegate(stand))).toEqual(['NO_STAND_IN']);
    const owners = promotionBefore('production', { requestedBy: OWNER });
    const own = await createAskedStand(tables, { ...withDeputy(), run: owners });
    expect(await codes(delegate(own))).toEqual(['OWNER_ASKS']);
    // What the owner may do as well: have a lost email sent again.
    expect(await ask(own)).toMatchObject({ ok: true });
  });

  it('counts once: the stand-in of two approvers is one person, and is asked once', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    await delegate(stand);
    expect(await codes(delegate(stand, { approver: BEN.id }))).toEqual(['ALREADY_ASKED']);
  });

  it('is given to one stand-in when two are named at once', async () => {
    const stand = await createAskedStand(
      tables,
      withDeputy([DAN, { ...DAN, id: CAS.id, name: CAS.name, email: CAS.email }]),
    );
    const answers = await Promise.all([delegate(stand), delegate(stand, { standIn: CAS.id })]);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await stand.entries()).filter((type) => type === 'request-delegated')).toHaveLength(1);
  });

  it('is void with all others when the stand-in is no longer one', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    await delegate(stand);
    await stand.putModel(modelItem({ approvers: [ANA, BEN], policy: quorumOf(2), revision: 2 }));
    expect(await decide(stand.ports, stand.linkOf(DAN.email), APPROVE, NOW)).toMatchObject({ status: 403 });
    expect(await statusOf(stand)).toBe('void');
  });

  it('is one of those of which people are told the end', async () => {
    const stand = await createAskedStand(tables, withDeputy());
    await delegate(stand);
    await decide(stand.ports, stand.linkOf(DAN.email), { ...APPROVE, decision: 'reject' }, NOW);
    const count = stand.inbox.length;
    await attendGates(stand.ports, NOW);
    expect(stand.inbox.slice(count).map(({ to }) => to)).toEqual([DAN.email, BEN.email]);
  });
});
