import { spawn } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ANA, OWNER } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';
import { openBrowser, violations } from './browser.ts';

// Everything on one busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 180_000 });

const [MODEL, VERSION] = ['people', '1.0.0'];
const WHY = 'Better in every region that matters.';
/** The mailbox of SES's own simulator: what is sent there comes back. */
const BEN = { id: 'ben', name: 'Ben Approver', email: 'bounce+ben@simulator.amazonses.com' };
const DAN = { id: 'dan', name: 'Dan Deputy', email: 'dan@shop.example', standIn: true as const };

let scene: Scene;
let browser: Browser;
let inbox: Page;
let promotionId: string;

beforeAll(async () => {
  [scene, browser] = await Promise.all([Scene.start(), openBrowser()]);
  const quorum = { shadow: 2, canary: 2, production: 2 };
  await scene.onboard(MODEL, { approvers: [ANA, BEN, DAN], policy: { approvals: { quorum } } });
  ({ promotionId } = await scene.promote(MODEL, VERSION));
  inbox = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await inbox.goto(scene.stack.platform.inboxUrl);
});
afterAll(async () => {
  await browser.close();
  await scene.stop();
});

/** An email in the inbox, once it is there, as HTML. */
async function openEmail(to: string, subject: string) {
  const email = inbox
    .locator('.email')
    .filter({ hasText: `To: ${to}` })
    .filter({ hasText: subject })
    .first();
  await email.getByRole('button', { name: 'Toggle HTML view' }).click();
  return email.frameLocator('iframe');
}

/** The page that the one link of an email opens. */
async function followLink(email: ReturnType<Page['frameLocator']>): Promise<Page> {
  expect(await email.getByRole('link').count()).toBe(1);
  const [page] = await Promise.all([inbox.waitForEvent('popup'), email.getByRole('link').click()]);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

async function fill(page: Page, choice: 'Approve' | 'Reject', version: string, why: string): Promise<void> {
  await page.getByLabel(choice).check();
  await page.getByLabel('Type the version').fill(version);
  await page.getByLabel('Justification').fill(why);
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Record my decision' }).click()]);
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

/** The operator's command, by somebody who has no credentials but sits at the machine. */
async function askAgain(...argv: readonly string[]) {
  const { AWS_ACCESS_KEY_ID: _, AWS_PROFILE: __, ...env } = process.env;
  const where = ['--endpoint', scene.stack.platform.endpoint, '--function', scene.output('AskAgainFunctionName')];
  const owner = ['--name', OWNER.name, '--email', OWNER.email];
  const all = ['functions/approval/ask-again.cli.ts', '--promotion', promotionId, ...argv, ...owner, ...where];
  const child = spawn(process.execPath, all, { env });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += String(chunk)));
  child.stderr.on('data', (chunk) => (said.err += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...said };
}

describe('People who are asked, by the inbox on this machine', () => {
  it('decide: from the email to the page, are told what is wrong, see who was not reached, approve, and cannot do so twice', async () => {
    const email = await openEmail(ANA.email, `Approval needed: ${MODEL} ${VERSION} into shadow`);
    await email.getByText('PASS: verdict of the offline gate').waitFor();
    const [page, other] = [await followLink(email), await followLink(email)];
    expect(await heading(page)).toBe(`Let ${MODEL} ${VERSION} into shadow?`);
    expect(await violations(page)).toEqual([]);

    await fill(page, 'Approve', '1.1.0', WHY);
    const alert = page.getByRole('alert').getByRole('link');
    expect(await alert.allTextContents()).toEqual([`That is not what is decided on. Type exactly ${VERSION}.`]);
    expect(await page.getByLabel('Justification').inputValue()).toBe(WHY);
    await fill(page, 'Approve', VERSION, 'Fine.');
    expect(await alert.allTextContents()).toEqual(['Say why, in at least 10 characters.']);
    await alert.click();
    expect(await page.evaluate('document.activeElement.id')).toBe('justification');
    expect(await page.getByLabel('Type the version').inputValue()).toBe(VERSION);
    expect(await violations(page)).toEqual([]);

    await until(async () => ((await scene.mail.letters(promotionId, OWNER.email)).length > 0 ? true : undefined));
    await page.goto(other.url());
    const deciders = page.getByRole('region', { name: 'Decisions so far' });
    const ben = deciders.getByRole('listitem').filter({ hasText: BEN.name });
    expect(await ben.textContent()).toContain('their email came back at');

    await fill(page, 'Approve', VERSION, WHY);
    expect(await heading(page)).toBe('Your approval is recorded');
    expect(await violations(page)).toEqual([]);
    // The same page in another tab, which is used after this one.
    await fill(other, 'Reject', VERSION, 'On second thoughts, no.');
    expect(await heading(other)).toBe('You have decided on this');
    const again = await followLink(email);
    expect(await heading(again)).toBe('You have decided on this');
    expect(await again.locator('form').count()).toBe(0);
    const decided = (await scene.ledger(MODEL)).filter(({ type }) => type === 'approval-decided');
    expect(decided.filter(({ data }) => data['stage'] === 'shadow')).toHaveLength(1);
  });

  it('do not know of it when mail comes back: the owner is told, has a stand-in asked, whose link decides, and the one of before is dead', async () => {
    const letter = await openEmail(OWNER.email, `Not delivered to ${BEN.name}`);
    const words = (await letter.locator('body').textContent()) ?? '';
    expect(words).toContain(`The request to ${BEN.name} was bounced.`);
    expect(words).toContain('550 5.1.1 user unknown');
    expect(words).toContain(`npm run ask-again -- --promotion ${promotionId} --approver ben --stand-in ID`);

    const refused = await askAgain('--approver', 'cas', '--reason', 'Ben cannot be reached by mail.');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('NOT_ASKED --approver: They are not asked at this gate.');
    const done = await askAgain('--approver', 'ben', '--stand-in', 'dan', '--reason', 'Ben cannot be reached by mail.');
    expect(done).toEqual({
      ...{ code: 0, err: '' },
      out: `${DAN.name} <${DAN.email}> is asked as a stand-in. The link of before is dead.\n`,
    });

    const bens = await browser.newPage();
    await bens.goto(await scene.mail.link(promotionId, BEN.email, { stage: 'shadow' }));
    expect(await heading(bens)).toBe('This request is no longer yours');
    expect(await scene.mail.answer(bens.url(), VERSION)).toBe(409);
    const dans = await followLink(await openEmail(DAN.email, 'Approval needed in place of another'));
    await fill(dans, 'Approve', VERSION, WHY);
    expect(await heading(dans)).toBe('Your approval is recorded');
    await scene.reaches(promotionId, 'shadow');
    const entry = (await scene.ledger(MODEL)).find(({ type }) => type === 'request-delegated');
    expect(entry).toMatchObject({ data: { approver: { id: 'ben' }, standIn: { id: 'dan' } } });
  });

  it('and leave a ledger in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
