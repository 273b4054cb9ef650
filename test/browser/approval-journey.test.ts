import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { REQUEST_TAG } from '../../functions/approval/mail-trouble.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { PAGE_HEADERS } from '../../functions/approval/page-frame.ts';
import { postDecision } from '../../functions/approval/post-decision.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import { showReport } from '../../functions/approval/show-report.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { CAS, changeItem, modelItem, promotionBefore, quorumOf } from '../approval/fixtures.ts';
import { AFTER_EXPIRY, createStand, NOW, type Over, type Stand, statusOf } from '../approval/stand.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { LOOKS, openBrowser, picture, violations } from './browser.ts';

let tables: Tables;
let browser: Browser;
let server: Server;
let page: Page;
let stand: Stand;
let now = NOW;

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** An inbox, and the functions behind an approval link. */
async function answer(
  method: string,
  url: URL,
  body: string,
): Promise<{ status: number; text: string; headers: object }> {
  const [, place, id = '', , report] = url.pathname.split('/');
  if (place === 'inbox') {
    const html = stand.inbox.at(Number(id))?.html ?? '';
    return { status: 200, text: html, headers: { 'content-type': 'text/html; charset=utf-8' } };
  }
  const link = { requestId: id, secret: url.searchParams.get('k') ?? '' };
  if (report !== undefined) {
    const shown = await showReport(stand.ports, link, report);
    return { status: shown.status, text: shown.page, headers: shown.headers };
  }
  const { ports } = stand;
  const { status, page: text } =
    method === 'POST'
      ? await postDecision({ ...ports, reviewing: ports }, link, body, now)
      : await showApproval(ports, link, now);
  return { status, text: method === 'HEAD' ? '' : text, headers: PAGE_HEADERS };
}

beforeAll(async () => {
  tables = await startTables();
  browser = await openBrowser();
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const got = await answer(request.method ?? '', new URL(request.url ?? '', address()), body);
    response.writeHead(got.status, { ...got.headers }).end(got.text);
  }).listen(0, '127.0.0.1');
});
afterAll(async () => {
  await browser.close();
  server.close();
  await tables.stop();
});

beforeEach(async () => {
  now = NOW;
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
});
afterEach(() => page.context().close());

/** People have their emails; the newest of each is at `inbox`. */
async function ask(over: Over = {}): Promise<void> {
  stand = await createStand(tables, over);
  const { promotionId, stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  await requestApproval(
    { ...stand.ports, baseUrl: address() },
    { promotionId, stage, round, taskToken: 'token-1' },
    NOW,
  );
}

async function openEmail(email: string): Promise<void> {
  const index = stand.inbox.findLastIndex(({ to }) => to === email);
  await page.goto(`${address()}/inbox/${index}`);
}

/** The page that the link opens, in a tab of its own; it takes the place of the email. */
async function followLink(email = ANA.email): Promise<void> {
  await openEmail(email);
  const [opened] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link').click()]);
  await page.close();
  page = opened;
  await page.getByRole('heading', { level: 1 }).waitFor();
}

async function fill(choice: 'Approve' | 'Reject', version: string, why: string): Promise<void> {
  await page.getByLabel(choice).check();
  await page.getByLabel('Type the version').fill(version);
  await page.getByLabel('Justification').fill(why);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Record my decision' }).click()]);
}

const heading = () => page.getByRole('heading', { level: 1 }).textContent();
const WHY = 'Better in every region that matters.';

describe('An approver', () => {
  it('rejects, which others learn on a page of its own', async () => {
    await ask({ model: modelItem({ policy: quorumOf(2) }) });
    await followLink(ANA.email);
    await fill('Reject', '1.2.0', 'The lumpy segment got worse.');
    expect(await heading()).toBe('Your rejection is recorded');
    expect(await statusOf(stand)).toBe('rejected');
    await followLink(BEN.email);
    expect(await heading()).toBe('It was rejected');
    const decisions = page.getByRole('region', { name: 'Decisions so far' });
    expect(await decisions.textContent()).toContain('The lumpy segment got worse.');
    expect(await violations(page)).toEqual([]);
  });

  it('comes too late, and learns when it was too late', async () => {
    await ask();
    await followLink();
    now = AFTER_EXPIRY;
    await fill('Approve', '1.2.0', WHY);
    expect(await heading()).toBe('This request has expired');
    expect(await violations(page)).toEqual([]);
    await followLink();
    expect(await heading()).toBe('This request has expired');
    expect(await page.getByText('The time to decide on demand 1.2.0 into production ended at').isVisible()).toBe(true);
  });

  it('learns that the request is void when what was asked changed while the page was open, and why', async () => {
    await ask();
    await followLink();
    await stand.putRun({
      ...(stand.run as PromotionItem),
      stage: 'production',
      awaitingApproval: true,
      knownFailureModes: ['Another one.'],
    });
    await fill('Approve', '1.2.0', WHY);
    expect(await heading()).toBe('This request is void');
    expect(await page.getByText('are not those that the approvers were asked about').isVisible()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await followLink();
    expect(await heading()).toBe('This request is void');
    expect(await statusOf(stand)).toBe('void');
  });

  it('learns that the promotion was withdrawn meanwhile', async () => {
    await ask();
    await followLink();
    const reasons = [{ code: 'ROLLED_BACK', message: 'The model was rolled back.' }];
    await stand.putRun({ ...(stand.run as PromotionItem), end: 'withdrawn', endedAt: NOW.toISOString(), reasons });
    await fill('Approve', '1.2.0', WHY);
    expect(await heading()).toBe('The promotion was withdrawn');
    expect(await page.getByText('The model was rolled back.').isVisible()).toBe(true);
    expect(await violations(page)).toEqual([]);
    expect(await statusOf(stand)).toBe('open');
  });

  it('who is none any more learns that it is not theirs to decide', async () => {
    await ask();
    await followLink();
    await stand.putModel(modelItem({ approvers: [BEN, CAS], revision: 2 }));
    await fill('Approve', '1.2.0', WHY);
    expect(await heading()).toBe('You may not decide on this');
    expect(await violations(page)).toEqual([]);
  });

  it('with a link that was cut off learns no more than that it does not work', async () => {
    await ask();
    await followLink();
    await page.goto(page.url().slice(0, -4));
    expect(await heading()).toBe('This link does not work');
    expect(await violations(page)).toEqual([]);
  });
});

describe('What scanners of mail do', () => {
  it('decides nothing: every link of the email fetched ahead, and forms sent without the version', async () => {
    await ask();
    const before = await stand.snapshot();
    const link = linkOf(ANA.email);
    // Some press the button of a page, with the page as it is or with every field filled in somehow.
    for (const body of [
      '',
      'decision=approve',
      'decision=approve&version=&justification=',
      'decision=approve&version=test&justification=some+text+of+a+scanner',
    ]) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await fetch(link, { method: 'POST', body, headers })).status).toBe(400);
    }
    // The links of the page lead to reports, which change nothing either.
    await page.goto(link);
    const further = z.array(z.string()).parse(await page.evaluate('[...document.links].map((one) => one.href)'));
    expect(further.length).toBeGreaterThanOrEqual(4);
    for (const url of further) expect((await fetch(url)).status).toBe(200);
    expect(await stand.snapshot()).toEqual(before);
  });

  it('decides nothing, and uses no link up: a thousand GET and HEAD of it', async () => {
    await ask({ run: changeItem() });
    const before = await stand.snapshot();
    const link = linkOf(ANA.email);
    for (let batch = 0; batch < 50; batch++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => fetch(link, { method: index % 2 === 0 ? 'GET' : 'HEAD' })),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      await Promise.all(answers.map((one) => one.arrayBuffer()));
    }
    expect(await stand.snapshot()).toEqual(before);
    await page.goto(link);
    await page.getByLabel('Approve').check();
    await page.getByLabel("Type the model's name").fill('demand');
    await page.getByLabel('Justification').fill(WHY);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Record my decision' }).click()]);
    expect(await heading()).toBe('Your approval is recorded');
  });
});

/** The one address that somebody's email holds, as text and as HTML. */
function linkOf(email: string): string {
  const found = stand.inbox.findLast(({ to }) => to === email);
  const all = [...`${found?.html} ${found?.text}`.matchAll(/https?:\/\/[^\s"<>]+/g)].map(([url]) => url);
  const different = new Set(all.map((url) => url.replaceAll('&amp;', '&')));
  expect(different.size).toBe(1);
  return [...different].join();
}

describe('What was written by others', () => {
  const EVIL = '"><img src=x onerror="document.title=1"></title><script>document.title="owned"</script>\u202e';

  it('is shown as text in the email and on the page', async () => {
    const { change, training } = promotionBefore('production');
    const said = { ...change, reason: EVIL, scope: EVIL, expectedImpact: EVIL, rollbackPlan: EVIL };
    const run = promotionBefore('production', {
      change: said,
      knownFailureModes: [EVIL],
      training: { ...training, code: EVIL },
      requestedBy: { name: EVIL, email: 'pia@shop.example' },
    });
    await ask({ run, model: modelItem({ approvers: [{ ...ANA, name: EVIL }, BEN] }) });
    const complaints: string[] = [];
    page.context().on('console', (message) => complaints.push(message.text()));
    for (const visit of [() => openEmail(ANA.email), () => followLink()]) {
      await visit();
      const [shown = ''] = EVIL.split('\u202e');
      expect(await page.getByText(shown).count()).toBeGreaterThanOrEqual(7);
      expect(await page.locator('img, script').count()).toBe(0);
      expect(await page.title()).toContain('demand 1.2.0 into production');
      expect(await page.content()).not.toContain('\u202e');
    }
    await fill('Approve', `</textarea>${EVIL}`, EVIL.slice(0, 8));
    expect(await page.locator('img, script').count()).toBe(0);
    expect(await page.getByLabel('Type the version').inputValue()).toContain('</textarea>');
    expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([]);
  });
});

describe('On a phone and at a desk, by day and by night', () => {
  it.each(LOOKS)('email and page at $width pixels, $theme, fit and have nothing that axe minds', async (look) => {
    const severity = { level: 'critical' as const, because: 'architecture, drawn from the whole business' };
    const freezes = [
      { from: '2026-03-01T00:00:00Z', until: '2026-03-05T00:00:00Z', reason: 'Spring sale' },
      { from: '2026-03-06T00:00:00Z', until: '2026-03-08T00:00:00Z', reason: 'Stocktaking in all stores' },
    ];
    const model = modelItem({ policy: { ...quorumOf(2), freezes } });
    await ask({ model, run: promotionBefore('production', { severity }) });
    const { approvals, approvalWrites } = stand.ports;
    const came = { id: 'f-1', kind: 'bounced' as const, at: NOW.toISOString() };
    const bens = stand.inbox.find(({ to }) => to === BEN.email)?.tags?.[REQUEST_TAG] ?? '';
    await approvals.carryOut([approvalWrites.undelivered(bens, came)]);
    await openEmail(ANA.email);
    await picture(page, 'email', look);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
    await followLink();
    for (const [name, words] of [
      ['When it could begin', 'held until 2026-03-08 00:00 UTC: Stocktaking in all stores.'],
      ['Decisions so far', 'their email came back at 2026-03-02 09:00 UTC'],
      ['What is asked, and why', 'critical: architecture, drawn from the whole business'],
    ] as const) {
      expect(await page.getByRole('region', { name }).textContent()).toContain(words);
    }
    await fill('Approve', '1.1.0', 'Fine.');
    await picture(page, 'page-with-faults', look);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
    expect(await violations(page)).toEqual([]);
    await fill('Approve', '1.2.0', WHY);
    await picture(page, 'recorded', look);
    await followLink();
    await picture(page, 'page-decided', look);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width);
    expect(await violations(page)).toEqual([]);
  });
});
