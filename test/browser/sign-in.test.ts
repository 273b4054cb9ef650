import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerPage, type HttpAnswer, readHttp } from '../../functions/approval/approval-http.ts';
import { openGate } from '../../functions/approval/open-gate.ts';
import { postDecision } from '../../functions/approval/post-decision.ts';
import { requestApproval } from '../../functions/approval/request-approval.ts';
import { showApproval } from '../../functions/approval/show-approval.ts';
import { type Issuer, oidcIssuer } from '../../functions/sign-in/issuer-store.ts';
import { SessionStore } from '../../functions/sign-in/session-store.ts';
import { beginSignIn, callbackAddress, completeSignIn } from '../../functions/sign-in/sign-in.ts';
import { readSignIn } from '../../functions/sign-in/sign-in-http.ts';
import { openedBy } from '../../functions/sign-in/standing.ts';
import { APPROVE, createStand, NOW, type Stand, statusOf } from '../approval/stand.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { startTables, type Tables } from '../fakes/tables.ts';
import { LOOKS, openBrowser, picture, violations } from './browser.ts';
import { OidcIssuer } from './oidc-issuer.ts';

const ACCOUNTS = {
  'subject-ana': { email: ANA.email, email_verified: true, name: ANA.name },
  'subject-ben': { email: BEN.email, email_verified: true, name: BEN.name },
  'subject-eve': { email: ANA.email, email_verified: false, name: 'Eve' },
};
const WHY = 'Better in every region that matters.';

let tables: Tables;
let browser: Browser;
let server: Server;
let oidc: OidcIssuer;
let issuer: Issuer;
let context: BrowserContext;
let page: Page;
let stand: Stand;
let now = NOW;
const told: string[] = [];

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** An inbox, and the functions behind it, as the HTTP API calls them. */
async function answer(request: IncomingMessage, body: string): Promise<HttpAnswer> {
  const url = new URL(request.url ?? '', address());
  const [, place, id = ''] = url.pathname.split('/');
  if (place === 'inbox') {
    const html = stand.inbox.at(Number(id))?.html ?? '';
    return answerPage(200, html, { 'content-type': 'text/html; charset=utf-8' });
  }
  const event = {
    ...{ routeKey: `${request.method} ${url.pathname}`, rawQueryString: url.search.slice(1), body },
    ...{ queryStringParameters: Object.fromEntries(url.searchParams), pathParameters: { id } },
    headers: { 'sec-fetch-site': request.headers['sec-fetch-site']?.toString() },
    cookies: (request.headers.cookie ?? '').split('; '),
    requestContext: { http: { method: request.method }, domainName: request.headers.host },
  };
  const sessions = new SessionStore(tables.client, tables.approvals);
  if (place === 'sign-in') {
    const onFailure = (why: string, code: string) => void told.push(`${why} ${code}`);
    const ports = { issuer, sessions, random: randomBytes, baseUrl: address(), onFailure };
    const asked = readSignIn(event);
    return asked.isCallback ? completeSignIn(ports, asked, now) : beginSignIn(ports, asked, now);
  }
  const asked = readHttp(event);
  const link = await openedBy({ sessions, issuer: oidc.address }, asked, now);
  const { ports } = stand;
  const { status, page: text } =
    request.method === 'POST'
      ? await postDecision({ ...ports, reviewing: ports }, link, asked.ownForm, now)
      : await showApproval(ports, link, now);
  return answerPage(status, text);
}

beforeAll(async () => {
  tables = await startTables();
  browser = await openBrowser();
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const got = await answer(request, body);
    const cookies = got.cookies === undefined ? {} : { 'set-cookie': [...got.cookies] };
    response.writeHead(got.statusCode, { ...got.headers, ...cookies }).end(got.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const redirectUri = callbackAddress(address());
  oidc = await OidcIssuer.start(redirectUri, ACCOUNTS);
  issuer = oidcIssuer({ issuer: oidc.address, clientId: 'release', redirectUri });
});
afterAll(async () => {
  await browser.close();
  server.close();
  oidc.stop();
  await tables.stop();
});

beforeEach(async () => {
  now = NOW;
  told.length = 0;
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  stand = await createStand(tables);
  const { promotionId, stage, round } = await openGate(stand.ports, { promotionId: stand.run.promotionId }, NOW);
  const sending = { ...stand.ports, baseUrl: address() };
  await requestApproval(sending, { promotionId, stage, round, taskToken: 'token-1' }, NOW);
  await page.goto(`${address()}/inbox/${stand.inbox.findLastIndex(({ to }) => to === ANA.email)}`);
  await page.goto((await page.getByRole('link').first().getAttribute('href')) ?? '');
});
afterEach(() => context.close());

const heading = (of = page) => of.getByRole('heading', { level: 1 }).textContent();

/** At the issuer. */
async function signInAs(account: keyof typeof ACCOUNTS, of = page): Promise<void> {
  await of.locator('input[name=login]').fill(account);
  await of.locator('input[name=password]').fill('any');
  await of.locator('[type=submit]').click();
  await of.waitForURL((url) => url.href.startsWith(address()));
}

async function followSignIn(): Promise<void> {
  await page.getByRole('link', { name: 'Sign in as Ana Approver' }).click();
  await page.waitForURL((url) => url.href.startsWith(oidc.address));
}

async function fill(): Promise<void> {
  await page.getByLabel('Approve').check();
  await page.getByLabel('Type the version').fill('1.2.0');
  await page.getByLabel('Justification').fill(WHY);
}
const send = () =>
  Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Record my decision' }).click()]);

async function looked(name: string): Promise<void> {
  // On a phone by day, on a desk by night.
  for (const look of LOOKS.filter(({ width, theme }) => (width === 360) === (theme === 'light'))) {
    await picture(page, name, look);
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    expect(await violations(page)).toEqual([]);
  }
}

describe('An approver, where people sign in', () => {
  it('reads the evidence, signs in, is back on the page, and approves under the name that the issuer vouched for', async () => {
    const link = page.url();
    expect(await page.getByRole('heading', { name: 'Verdict of the canary gate' }).count()).toBe(1);
    expect(await page.locator('form').count()).toBe(0);
    await looked('sign-in-needed');
    await followSignIn();
    // Neither the issuer nor its log learns the link.
    expect(page.url()).not.toContain(new URL(link).searchParams.get('k'));
    await signInAs('subject-ana');
    expect(page.url()).toBe(link);
    expect(await page.getByText('Signed in as Ana Approver (ana@shop.example).').count()).toBe(1);
    await looked('signed-in');
    const cookies = await context.cookies(address());
    const session = cookies.find(({ name }) => name === 'release-session');
    expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' });
    expect(cookies.some(({ name }) => name === 'release-sign-in')).toBe(false);
    await fill();
    await send();
    expect(await heading()).toBe('Your approval is recorded');
    const signedIn = { issuer: oidc.address, subject: 'subject-ana', email: ANA.email };
    expect((await stand.entry('approval-decided')).data).toMatchObject({ approver: ANA, signedIn });
    expect(JSON.stringify(await stand.snapshot())).not.toContain(session?.value);
  });

  it('who is signed in as somebody else learns it, is asked by the issuer who they are, and decides as themselves', async () => {
    await followSignIn();
    await signInAs('subject-ana');
    await fill();
    // At the same desk somebody else signs in meanwhile.
    const desk = page;
    page = await context.newPage();
    const { pathname, search } = new URL(desk.url());
    await page.goto(`${address()}/sign-in?as=other&to=${encodeURIComponent(`${pathname}${search}`)}`);
    await signInAs('subject-ben');
    expect(await page.getByText('You are signed in as Ben Approver (ben@shop.example).').count()).toBe(1);
    expect(await page.locator('form').count()).toBe(0);
    await looked('signed-in-as-another');
    await page.close();
    page = desk;
    await send();
    expect(await page.getByRole('alert').textContent()).toContain('you are signed in as somebody else');
    expect(await page.evaluate('document.activeElement.className')).toBe('errors');
    expect(await statusOf(stand)).toBe('open');
    await looked('another-person');
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Sign in as Ana Approver (opens in a new tab)' }).click(),
    ]);
    await tab.waitForURL((url) => url.href.startsWith(oidc.address));
    await signInAs('subject-ana', tab);
    expect(await tab.getByText('Signed in as Ana Approver').count()).toBe(1);
    await tab.close();
    expect(await page.getByLabel('Justification').inputValue()).toBe(WHY);
    await send();
    expect(await heading()).toBe('Your approval is recorded');
  });

  it('whose session ends while they type loses nothing: they sign in in a new tab, and send the form again', async () => {
    await followSignIn();
    await signInAs('subject-ana');
    await fill();
    now = new Date(NOW.getTime() + 3_600_000);
    await send();
    expect(await page.getByRole('alert').textContent()).toContain('Nothing was recorded yet: you are not signed in');
    expect(await page.evaluate('document.activeElement.className')).toBe('errors');
    expect(await page.getByLabel('Justification').inputValue()).toBe(WHY);
    expect(await page.getByLabel('Approve').isChecked()).toBe(true);
    await looked('session-ended');
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Sign in as Ana Approver (opens in a new tab)' }).click(),
    ]);
    // The issuer still knows them.
    await tab.waitForURL((url) => url.pathname.startsWith('/approvals/'));
    expect(await tab.getByText('Signed in as Ana Approver').count()).toBe(1);
    await tab.close();
    await send();
    expect(await heading()).toBe('Your approval is recorded');
  });

  it('whose address nobody has verified is not let in, though it is the right one', async () => {
    await followSignIn();
    await signInAs('subject-eve');
    expect(await heading()).toBe('Your address is not verified');
    expect((await context.cookies(address())).some(({ name }) => name === 'release-session')).toBe(false);
    await looked('address-not-verified');
    expect(told).toEqual(['refused NOT_VERIFIED']);
  });

  it('who is signed in goes on while the issuer is away; nobody else can come in, and the page says so', async () => {
    const link = page.url();
    await followSignIn();
    await signInAs('subject-ana');
    const working = issuer;
    issuer = oidcIssuer({ issuer: 'http://127.0.0.1:9', clientId: 'release', redirectUri: callbackAddress(address()) });
    try {
      const stranger = await browser.newPage();
      await stranger.goto(link);
      await stranger.getByRole('link', { name: 'Sign in as Ana Approver' }).click();
      expect(await heading(stranger)).toBe('You cannot be signed in right now');
      expect(await stranger.getByText('Nothing was decided.').count()).toBe(1);
      await stranger.close();
      await fill();
      await send();
      expect(await heading()).toBe('Your approval is recorded');
    } finally {
      issuer = working;
    }
  });
});

describe('Somebody who tries to get around the sign-in', () => {
  it('finds an answer of the issuer used up, and a forged one worth nothing', async () => {
    const answers: string[] = [];
    page.on('request', (request) => {
      if (request.url().startsWith(callbackAddress(address()))) answers.push(request.url());
    });
    await followSignIn();
    await signInAs('subject-ana');
    expect(answers).toHaveLength(1);
    await page.goto(answers[0] ?? '');
    expect(await heading()).toBe('This sign-in was not begun here');
    expect(await violations(page)).toEqual([]);
    await page.goto(`${callbackAddress(address())}?code=forged&state=forged`);
    expect(await heading()).toBe('This sign-in was not begun here');
    await looked('sign-in-not-begun');
    // In a browser that has begun one, somebody else's answer fits as little.
    const victim = await browser.newContext();
    const tab = await victim.newPage();
    await tab.goto(`${address()}/sign-in?to=${encodeURIComponent(new URL(answers[0] ?? '').pathname)}`);
    expect(await heading(tab)).toBe('This sign-in leads nowhere');
    await tab.goto(answers[0] ?? '');
    expect(await heading(tab)).toBe('This sign-in was not begun here');
    expect((await victim.cookies()).filter(({ name }) => name.startsWith('release-'))).toEqual([]);
    await victim.close();
  });

  it('does nothing with the session of another browser and no link, nor with a link that leads elsewhere', async () => {
    const link = new URL(page.url());
    await followSignIn();
    await signInAs('subject-ana');
    const thief = await browser.newContext();
    await thief.addCookies(await context.cookies(address()));
    const tab = await thief.newPage();
    for (const secret of ['', `?k=${'x'.repeat(43)}`]) {
      await tab.goto(`${address()}${link.pathname}${secret}`);
      expect(await heading(tab)).toBe('This link does not work');
    }
    for (const to of ['https://evil.example/', `//evil.example${link.pathname}${link.search}`, '/approvals/1']) {
      await tab.goto(`${address()}/sign-in?to=${encodeURIComponent(to)}`);
      expect(await heading(tab)).toBe('This sign-in leads nowhere');
    }
    await thief.close();
  });

  it('who has the link of another cannot fill in the form for them from a page of their own', async () => {
    const link = page.url();
    await followSignIn();
    await signInAs('subject-ana');
    const lure = await context.newPage();
    const fields = Object.entries(APPROVE).map(([name, value]) => `<input name="${name}" value="${value}">`);
    await lure.setContent(`<form method="post" action="${link}">${fields.join('')}<button>Win a prize</button></form>`);
    await Promise.all([lure.waitForEvent('load'), lure.getByRole('button').click()]);
    await lure.waitForURL(link);
    expect(await lure.getByLabel('Justification').inputValue()).toBe('');
    expect(await lure.getByLabel('Approve').isChecked()).toBe(false);
    expect(await statusOf(stand)).toBe('open');
    await lure.close();
  });

  it('leaves nothing behind by opening the sign-in a hundred times, as scanners do', async () => {
    const before = await stand.snapshot();
    const href = (await page.getByRole('link', { name: 'Sign in as Ana Approver' }).getAttribute('href')) ?? '';
    const url = new URL(href, page.url());
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(url, { redirect: 'manual' })));
    expect(answers.every(({ status }) => status === 302)).toBe(true);
    expect(await stand.snapshot()).toEqual(before);
    await followSignIn();
    await signInAs('subject-ana');
    expect(await page.locator('form').count()).toBe(1);
  });
});
