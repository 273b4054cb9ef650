import { describe, expect, it } from 'vitest';
import { type AnnouncePorts, announce, announceAll, noticeOfEnd } from '../../functions/change/announce.ts';
import { endNotice, reasonText, rollbackNotice } from '../../functions/change/notice.ts';
import { noticeHtml } from '../../functions/change/notice-html.ts';
import type { Email } from '../../functions/platform/email.ts';
import { ANA, BEN, OWNER, PIPELINE, REPLENISHMENT } from '../fakes/inputs.ts';
import { aChange, aModel, anExposure, aPromotion, settings } from '../fakes/runs.ts';

describe('The notice of an end', () => {
  it('goes to requester, owner and downstream teams when the version serves', () => {
    const notice = endNotice(aPromotion({ end: 'promoted', baseline: '0.9.0' }), aModel());
    expect(notice.subject).toBe('In production: demand version 1.0.0');
    expect(notice.text).toContain('demand serves version 1.0.0 from now on; before, it was version 0.9.0.');
    expect(notice.text).toContain('Version 0.9.0 runs beside it for 28 days, unserved');
    expect(endNotice(aPromotion({ end: 'promoted' }), aModel()).text).not.toContain('runs beside it');
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email, REPLENISHMENT.email]);
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

describe('The notice of a promotion that ended before production', () => {
  const shadow = anExposure();
  const canary = [5, 20].map((percentage, step) =>
    anExposure({ stage: 'canary', step, percentage, movedAt: `2026-04-0${1 + step}T06:00:00.000Z` }),
  );

  it('in shadow says that it was never served, and leaves downstream teams in peace', () => {
    const notice = endNotice(aPromotion({ end: 'rejected', stage: 'shadow', exposures: [shadow] }), aModel());
    expect(notice.text).toContain('the promotion ended in the shadow stage: rejected.');
    expect(notice.text).toContain('It ran beside production and was never served. What serves is unchanged.');
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email]);
  });

  it('in the canary says whom it served and since when, and tells the teams that had its forecasts', () => {
    const run = aPromotion({ end: 'rejected', stage: 'canary', exposures: [shadow, ...canary] });
    const notice = endNotice(run, aModel());
    expect(notice.text).toContain(
      'it served up to 20 % of the units from 2026-04-01T06:00:00.000Z on and serves no more.',
    );
    expect(notice.text).toContain('Production alone serves, as before.');
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email, REPLENISHMENT.email]);
  });

  it.each(['shadow', 'canary', 'production'] as const)('while people were asked about %s says so', (stage) => {
    const notice = endNotice(aPromotion({ end: 'expired', stage, awaitingApproval: true }), aModel());
    expect(notice.text).toContain(`ended while people were asked to let it into ${stage}: expired.`);
  });

  it('by a rollback goes to requester and owner, and leaves what serves now to the notice of the rollback', () => {
    const run = aPromotion({ end: 'rolled-back', stage: 'canary', exposures: [shadow, ...canary] });
    const notice = endNotice(run, aModel());
    expect(notice.subject).toBe('Rolled back: demand version 1.0.0');
    expect(notice.text).toContain('What serves now, the notice of the rollback says.');
    expect(notice.text).not.toContain('as before');
    expect(notice.recipients).toEqual([PIPELINE.email, OWNER.email]);
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

  it('names the version that an onboarding took over, or says that the safe forecast serves without it', () => {
    const { artifact } = aPromotion();
    const pointer = {
      revision: 1,
      deploymentNumber: 1,
      documentSha256: artifact.sha256,
      movedAt: '2026-03-01T10:00:00Z',
    };
    const onboarding = aChange({ kind: 'onboard', adopt: { version: '0.9', artifact }, pointer });
    expect(endNotice({ ...onboarding, end: 'applied' }, aModel()).text).toContain(
      'Version 0.9 serves: adopted, gates not',
    );
    expect(endNotice({ ...onboarding, end: 'withdrawn' }, aModel()).text).toContain('version 0.9 was not adopted');
  });
});

describe('Announcing', () => {
  const notice = endNotice(aPromotion({ end: 'promoted' }), aModel());

  it('reaches all others when one mailbox cannot be reached', async () => {
    const sent: string[] = [];
    const missed: number[] = [];
    const ports: AnnouncePorts = {
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

  it('shows what people and pipelines wrote as text in which nothing hides', async () => {
    const typed = '<script>alert(1)</script>\u202Egnp.exe';
    const change = { ...aPromotion().change, reason: typed, scope: typed };
    const mails: Email[] = [];
    const ports: AnnouncePorts = { sendEmail: async (_, email) => void mails.push(email), onUndelivered: () => {} };
    await announce(ports, endNotice(aPromotion({ end: 'promoted', change }), aModel()));
    await announce(ports, { subject: `Ended\r\nBcc: x@evil.example ${typed}`, text: typed, recipients: [OWNER.email] });
    for (const { subject, text, html } of mails) {
      expect(subject).not.toMatch(/[\r\n\u202E]/);
      expect(text).not.toContain('\u202E');
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(html).not.toContain('<script');
    }
    expect(mails.length).toBeGreaterThan(1);
  });

  it('fails, to be repeated, when nobody can be reached', async () => {
    const ports: AnnouncePorts = {
      sendEmail: () => Promise.reject(new Error('the service is gone')),
      onUndelivered: () => {},
    };
    await expect(announce(ports, notice)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });
});

describe('Announcing a rollback that ended a promotion', () => {
  it('tells whoever asked for the promotion, also when the notice of the rollback reached nobody', async () => {
    const run = aPromotion({ end: 'rolled-back', stage: 'shadow', exposures: [anExposure()] });
    const model = aModel({ downstream: [] });
    const facts = { model: 'demand', from: '2.0.0', to: '1.1.0', cause: 'safety', requestedBy: 'Otto', seconds: 3 };
    const registry = { run: async () => run, model: async () => model };
    const told: string[] = [];
    const ports: AnnouncePorts = {
      sendEmail: async (to, { subject }) => {
        if (to === OWNER.email) throw new Error('no such mailbox');
        told.push(`${to}: ${subject}`);
      },
      onUndelivered: () => {},
    };
    const notices = [rollbackNotice(facts, model), await noticeOfEnd(registry, run.promotionId)];
    await expect(announceAll(ports, notices)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    expect(told).toEqual([`${PIPELINE.email}: Rolled back: demand version 1.0.0`]);
  });

  it('knows no end of a promotion that never was', async () => {
    const registry = { run: async () => null, model: async () => null };
    await expect(noticeOfEnd(registry, 'demand_9_9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('The notice of a rollback', () => {
  it('names both versions, the cause, who asked, and the seconds', () => {
    const facts = { model: 'demand', from: '2.0.0', to: '', cause: 'safety', requestedBy: 'Otto', seconds: 3.2 };
    const notice = rollbackNotice(facts, aModel());
    expect(notice.subject).toBe('Rolled back: demand to the safe forecast');
    expect(notice.text).toContain('demand is served by the safe forecast; version 2.0.0 was taken out.');
    expect(notice.text).toContain('It took 3.2 seconds');
    expect(notice.text).toContain('Cause: Safety is at risk (safety)');
    expect(notice.text).toContain(`if forecasts still look wrong to you, tell ${OWNER.name}`);
    expect(notice.recipients).toEqual([OWNER.email, REPLENISHMENT.email]);
  });
});

describe('A reason as text', () => {
  it('is its code and message when there is no more to say', () => {
    expect(reasonText({ code: 'X', message: 'Y.' })).toBe('X: Y.');
  });
});
