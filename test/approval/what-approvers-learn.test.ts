import { describe, expect, it } from 'vitest';
import { approvalEmail } from '../../functions/approval/approval-email.ts';
import { approvalPage } from '../../functions/approval/approval-page.ts';
import { expectedHolds, NO_HOLDS } from '../../functions/approval/expected-holds.ts';
import type { RequestItem } from '../../functions/approval/items.ts';
import { loadReview, type Review } from '../../functions/approval/review.ts';
import { onApproval } from '../../functions/approval/wording.ts';
import type { FreezePeriod } from '../../functions/change/freeze.ts';
import type { ModelItem, PromotionItem } from '../../functions/registry/items.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { CAS, changeItem, gateItem, modelItem, promotionBefore, STARTED, wayBackPorts } from './fixtures.ts';

const NOW = new Date('2026-03-02T09:00:00.000Z');
const PEAK = { from: '2026-03-01T00:00:00Z', until: '2026-03-05T00:00:00Z', reason: 'Spring <b>sale</b>.' };
const LATER = { from: '2026-03-06T00:00:00Z', until: '2026-03-07T00:00:00Z', reason: 'Stocktaking.' };
const AFTER_IT_EXPIRES = { from: '2026-04-06T00:00:00Z', until: '2026-04-07T00:00:00Z', reason: 'Easter.' };

interface Over {
  readonly stage?: 'shadow' | 'canary' | 'production';
  readonly run?: Partial<PromotionItem>;
  readonly model?: ModelItem;
  readonly freezes?: readonly FreezePeriod[];
  readonly requests?: readonly RequestItem[];
}

const request = (over: Partial<RequestItem> = {}): RequestItem => ({
  ...{ requestId: 'a'.repeat(32), promotionId: 'p', model: 'demand', stage: 'production', round: 1, approver: ANA },
  ...{ secretSha256s: ['x'], createdAt: STARTED, sentAt: STARTED },
  ...over,
});

/** What Ana is shown, who is asked beside Ben and Cas. */
function reviewOf({ stage = 'production', run = {}, model = modelItem(), freezes = [], requests = [] }: Over = {}) {
  const approvers = [ANA, BEN, CAS].map((one) => ({ ...one, requestId: one.id.charAt(0).repeat(32) }));
  const gate = gateItem({ stage, approvers, quorum: 2 });
  const found = { request: request(), gate, model, run: promotionBefore(stage, { stage, ...run }) };
  const ports = {
    ...{
      evidence: { read: async () => Buffer.from('') },
      wayBack: wayBackPorts(),
      toldNote: async () => null,
      freezes,
    },
    approvals: {
      request: async (id: string) => requests.find(({ requestId }) => requestId === id) ?? null,
      gates: async () => [gate],
    },
  };
  return loadReview(ports, { ...found, run: { ...found.run, gates: {} } }, NOW);
}

const pageOf = (review: Review) => approvalPage(review, NOW);
/** A section of the page, as text. */
function section(page: string, id: string): string {
  const [, after = ''] = page.split(`aria-labelledby="${id}"`);
  return after.split('</section>')[0] ?? '';
}

describe('An approver learns when it could begin', () => {
  it('that a freeze holds it and until when, of the model as of all models, as text', async () => {
    const { policy } = modelItem();
    for (const over of [{ freezes: [PEAK] }, { model: modelItem({ policy: { ...policy, freezes: [PEAK] } }) }]) {
      const words = section(pageOf(await reviewOf(over)), 'holds');
      expect(words).toContain('Approved now, it is held');
      expect(words).toContain('Nothing new begins to serve until 2026-03-05 00:00 UTC');
      expect(words).toContain('Spring &lt;b&gt;sale&lt;/b&gt;.');
      expect(words).toContain('Going back is never held.');
      expect(words).not.toContain('would end');
    }
  });

  it('that a freeze is coming before the request expires, and not of one that comes later', async () => {
    const words = section(pageOf(await reviewOf({ freezes: [AFTER_IT_EXPIRES, LATER] })), 'holds');
    expect(words).not.toContain('Approved now');
    expect(words).toContain(
      'A freeze begins at 2026-03-06 00:00 UTC. What has not begun by then is held until 2026-03-07 00:00 UTC: Stocktaking.',
    );
    expect(pageOf(await reviewOf({ freezes: [AFTER_IT_EXPIRES] }))).not.toContain('id="holds"');
    expect(words).not.toContain('no more units');
    const canary = section(pageOf(await reviewOf({ stage: 'canary', freezes: [LATER] })), 'holds');
    expect(canary).toContain('A canary that runs by then serves no more units before it is over.');
  });

  it('both, where the freeze of now is followed by another', async () => {
    const { holds } = await reviewOf({ freezes: [LATER, PEAK] });
    expect(holds).toMatchObject({
      now: [expect.stringContaining('2026-03-05')],
      freeze: { from: '2026-03-06T00:00:00.000Z' },
    });
    const oneAfterTheOther = { ...LATER, from: PEAK.until };
    expect((await reviewOf({ freezes: [PEAK, oneAfterTheOther] })).holds).toMatchObject({
      now: [expect.stringContaining('until 2026-03-07 00:00 UTC')],
      freeze: null,
    });
  });

  it('that a freeze lasts longer than an approval, so that approving now is for nothing', async () => {
    const words = section(pageOf(await reviewOf({ freezes: [{ ...PEAK, until: '2026-06-01T00:00:00Z' }] })), 'holds');
    expect(words).toContain('longer than an approval lasts');
  });

  it('what a canary still waits for: the lead time, and the teams that have not acknowledged', async () => {
    const team = { team: 'Replenishment', email: 'replenishment@shop.example' };
    const run = {
      severity: { level: 'critical' as const, because: 'architecture, drawn from the whole business' },
      advanceNotice: {
        ...{ teams: [team], leadTime: 'P2D', acknowledge: 'all' as const, acknowledgements: [] },
        ...{ givenAt: '2026-03-01T09:00:00.000Z', earliestAt: '2026-03-03T09:00:00.000Z' },
      },
    };
    const model = modelItem({ downstream: [team] });
    const words = section(pageOf(await reviewOf({ stage: 'canary', run, model })), 'holds');
    expect(words).toContain('it starts no earlier than 2026-03-03 09:00 UTC');
    expect(words).toContain('Replenishment has not acknowledged the notice.');
    expect(pageOf(await reviewOf({ run, model }))).not.toContain('id="holds"');
    const excepted = {
      ...run,
      holdExceptions: [
        {
          ...{ stage: 'canary' as const, approver: BEN, at: STARTED, seq: 9 },
          holds: ['LEAD_TIME_RUNS 2026-03-03T09:00:00.000Z', 'NOTICE_NOT_ACKNOWLEDGED Replenishment'],
        },
      ],
    };
    expect(pageOf(await reviewOf({ stage: 'canary', run: excepted, model }))).not.toContain('id="holds"');
  });

  it('of a critical change of settings, which no freeze holds, that the teams are to know it first', async () => {
    const team = { team: 'Replenishment', email: 'replenishment@shop.example' };
    const model = modelItem({ downstream: [team] });
    const gate = gateItem({ stage: 'change' });
    const severity = { level: 'critical' as const, because: 'thresholds, alters policy.guard' };
    const found = (over: object) => ({ request: request(), gate, model, run: changeItem({ severity, ...over }) });
    const known = { gates: [gate], freezes: [PEAK, LATER] };
    expect(
      expectedHolds(found({ change: { ...changeItem().change, type: 'thresholds' } }), known, NOW.toISOString()),
    ).toEqual({
      ...{ tooLong: false, freeze: null },
      now: ['The change is critical, and not all teams downstream were told of it yet.'],
    });
    expect(expectedHolds(found({ severity: { ...severity, level: 'major' } }), known, NOW.toISOString())).toEqual(
      NO_HOLDS,
    );
  });

  it('that a critical change of settings takes effect once the teams know, and any other at once', () => {
    const critical = { severity: { level: 'critical' as const, because: 'declared critical' } };
    const change = { ...changeItem().change, type: 'thresholds' as const };
    expect(onApproval(changeItem({ ...critical, change }), 'change')).toContain('once the teams downstream know');
    for (const other of [{ change }, { ...critical, change: { ...change, type: 'ownership' as const } }]) {
      expect(onApproval(changeItem(other), 'change')).toContain('at once');
    }
  });

  it('nothing where nothing is held: before shadow, and once it is decided', async () => {
    expect(pageOf(await reviewOf({ stage: 'shadow', freezes: [PEAK] }))).not.toContain('id="holds"');
    const review = await reviewOf({ freezes: [PEAK] });
    expect(pageOf({ ...review, gate: { ...review.gate, status: 'approved' } })).not.toContain('id="holds"');
  });
});

describe('An approver learns who else knows of it', () => {
  const bens = (over: Partial<RequestItem>) => [request({ requestId: 'b'.repeat(32), approver: BEN, ...over })];

  it('whose email came back, or was not sent, and who was asked and reminded when', async () => {
    const undelivered = { id: 'f-1', kind: 'bounced' as const, at: '2026-03-02T08:30:00.000Z' };
    const words = section(pageOf(await reviewOf({ requests: bens({ undelivered }) })), 'decisions');
    const [, ana = '', ben = '', cas = ''] = words.split('<li>');
    expect(ana).toContain('no decision yet; asked at 2026-03-01 08:00 UTC');
    expect(ana).not.toContain('not reached');
    expect(ben).toContain('not reached');
    expect(ben).toContain('their email came back at 2026-03-02 08:30 UTC, so they may not know');
    expect(cas).toContain('not reached');
    expect(cas).toContain('not written to yet');
    expect(words).not.toContain('@');
    const reminded = section(
      pageOf(await reviewOf({ requests: bens({ remindedAt: '2026-03-02T08:00:00.000Z' }) })),
      'decisions',
    );
    expect(reminded).toContain('reminded at 2026-03-02 08:00 UTC');
  });

  it('and no more of that once nobody can decide any more', async () => {
    const review = await reviewOf();
    const closed = pageOf({ ...review, gate: { ...review.gate, status: 'expired' } });
    expect(section(closed, 'decisions')).not.toContain('not reached');
  });
});

describe('An approver learns how severe the change is, and by which rule', () => {
  const severity = { level: 'critical' as const, because: 'architecture, drawn from the whole business' };

  it('on the page and in the email, of promotions and of changes', async () => {
    const words = 'critical: architecture, drawn from the whole business';
    const review = await reviewOf({ run: { severity } });
    expect(section(pageOf(review), 'asked')).toContain(words);
    for (const run of [review.run, changeItem({ severity })]) {
      const { text, html } = approvalEmail({
        ...{ gate: review.gate, run, approver: ANA, requestId: 'x', link: 'https://a.example', evidence: null },
      });
      expect(text).toContain(`Severity: ${words}`);
      expect(html).toContain(words);
    }
  });

  it('as it was declared, on a run that was registered before there was a rule', async () => {
    const { change } = promotionBefore('production');
    const declared = await reviewOf({ run: { change: { ...change, critical: true } } });
    expect(section(pageOf(declared), 'asked')).toContain('critical: declared so');
  });
});
