import { describe, expect, it } from 'vitest';
import { type AnnouncePorts, announce } from '../../functions/change/announce.ts';
import { endNotice, reasonText, rollbackNotice } from '../../functions/change/notice.ts';
import { noticeHtml } from '../../functions/change/notice-html.ts';
import { ANA, BEN, OWNER, PIPELINE, REPLENISHMENT } from '../fakes/inputs.ts';
import { aChange, aModel, aPromotion, settings } from '../fakes/runs.ts';

describe('The notice of an end', () => {
  it('goes to requester, owner and downstream teams when the version serves', () => {
    const notice = endNotice(aPromotion({ end: 'promoted', baseline: '0.9.0' }), aModel());
    expect(notice.subject).toBe('In production: demand version 1.0.0');
    expect(notice.text).toContain('demand serves version 1.0.0 from now on; before, it was version 0.9.0.');
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email, REPLENISHMENT.email]);
    expect(notice.message).toMatchObject({ type: 'promotion-ended', end: 'promoted', version: '1.0.0' });
  });

  it('leaves downstream teams in peace when nothing changes for them, and says why it ended', () => {
    const reasons = [{ code: 'BIAS', message: 'Too low.', got: '-25 %', allowed: '10 %', next: 'Train on means.' }];
    const notice = endNotice(aPromotion({ end: 'rejected', reasons }), aModel());
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email]);
    expect(notice.text).toContain('- BIAS: Too low. Got: -25 %. Allowed: 10 %. Train on means.');
    expect(notice.text).toContain('What serves is unchanged.');
  });

  it('is sent once to somebody who is concerned twice', () => {
    const requestedBy = { name: OWNER.name, email: ` ${OWNER.email.toUpperCase()}`.trim() };
    expect(endNotice(aPromotion({ end: 'expired', requestedBy }), aModel()).recipients).toEqual([OWNER.email]);
  });

  it('escapes what people typed', () => {
    const change = { ...aPromotion().change, reason: '<script>alert(1)</script>' };
    const html = noticeHtml(endNotice(aPromotion({ end: 'promoted', change }), aModel()));
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;script&gt;');
  });
});

describe('The notice of a change', () => {
  const cas = { id: 'cas', name: 'Cas', email: 'cas@shop.example' };
  const nils = { name: 'Nils New', email: 'nils@shop.example', team: 'Forecasting' };

  it('reaches everybody who gains or loses a part, and says what changed', () => {
    const run = aChange({
      proposal: { ...settings, owner: nils, approvers: [BEN, cas] },
      before: settings,
      end: 'applied',
    });
    const notice = endNotice(run, aModel({ owner: nils, approvers: [BEN, cas] }));
    const told = [PIPELINE.email, nils.email, BEN.email, cas.email, REPLENISHMENT.email, OWNER.email, ANA.email];
    expect(notice.recipients.toSorted()).toEqual(told.toSorted());
    expect(notice.subject).toBe('Applied: the change of demand');
    expect(notice.text).toContain('The change of demand is applied.');
    expect(notice.text).toContain(`- approver ana: Ana Approver <${ANA.email}> -> none`);
    expect(notice.text).toContain('- owner: Olga Owner');
  });

  it('stays between requester and owner when nothing changes', () => {
    const run = aChange({ proposal: { ...settings, owner: nils }, before: settings, end: 'rejected' });
    expect(endNotice(run, aModel()).recipients).toEqual([PIPELINE.email, OWNER.email]);
  });
});

describe('Announcing', () => {
  const notice = endNotice(aPromotion({ end: 'promoted' }), aModel());

  it('reaches all others when one mailbox cannot be reached', async () => {
    const sent: string[] = [];
    const missed: number[] = [];
    const ports: AnnouncePorts = {
      publish: async () => {},
      sendEmail: async (to) => {
        if (to === OWNER.email) throw new Error('no such mailbox');
        sent.push(to);
      },
      onUndelivered: (_, count) => missed.push(count),
    };
    expect(await announce(ports, notice)).toEqual({ recipients: 2 });
    expect(sent).toEqual([PIPELINE.email, REPLENISHMENT.email]);
    expect(missed).toEqual([1]);
  });

  it('fails, to be repeated, when nobody can be reached', async () => {
    const ports: AnnouncePorts = {
      publish: async () => {},
      sendEmail: () => Promise.reject(new Error('the service is gone')),
      onUndelivered: () => {},
    };
    await expect(announce(ports, notice)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });
});

describe('The notice of a rollback', () => {
  it('names both versions, the cause, who asked, and the seconds', () => {
    const facts = { model: 'demand', from: '2.0.0', to: '', cause: 'safety', requestedBy: 'Otto', seconds: 3.2 };
    const notice = rollbackNotice(facts, aModel());
    expect(notice.subject).toBe('Rolled back: demand to the safe forecast');
    expect(notice.text).toContain('version 2.0.0 was taken out of production');
    expect(notice.text).toContain('It took 3.2 seconds');
    expect(notice.recipients).toEqual([OWNER.email, REPLENISHMENT.email]);
  });
});

describe('A reason as text', () => {
  it('is its code and message when there is no more to say', () => {
    expect(reasonText({ code: 'X', message: 'Y.' })).toBe('X: Y.');
  });
});
