import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { approvalPage } from '../../functions/approval/approval-page.ts';
import { parseForm, readForm, type TypedForm } from '../../functions/approval/decision-form.ts';
import { outcomePage } from '../../functions/approval/outcome-page.ts';
import { PAGE_HEADERS } from '../../functions/approval/page-frame.ts';
import { summarise } from '../../functions/approval/report-summary.ts';
import type { Review } from '../../functions/approval/review.ts';
import { changeItem, gateItem, modelItem, promotionItem, reportText, STARTED } from '../approval/fixtures.ts';
import { ANA, BEN } from '../fakes/inputs.ts';

const ID = '0'.repeat(31).concat('1');
const NOW = new Date('2026-03-02T09:00:00.000Z');
const offline = promotionItem().gates.offline;

function reviewOf(over: Partial<Review> = {}): Review {
  return {
    run: promotionItem(),
    model: modelItem(),
    gate: gateItem({
      quorum: 2,
      approvers: [
        { ...ANA, requestId: ID },
        { ...BEN, requestId: 'x' },
      ],
      decisions: [BENS],
    }),
    request: {
      requestId: ID,
      promotionId: 'p',
      model: 'demand',
      stage: 'production',
      round: 1,
      approver: ANA,
      secretSha256s: ['x'],
      createdAt: STARTED,
    },
    evidence: offline ? [{ stage: 'offline', result: offline, report: summarise(Buffer.from(reportText())) }] : [],
    ...over,
  };
}
const BENS = {
  approver: BEN,
  decision: 'approve' as const,
  justification: 'The lumpy segment is small enough.',
  at: STARTED,
  seq: 12,
};

let browser: Browser;
let server: Server;
let page: Page;
let review = reviewOf();
let complaints: string[] = [];
const posted: TypedForm[] = [];

/** The pages as the functions answer them, without the tables behind. */
function answer(method: string, body: string): { readonly status: number; readonly text: string } {
  if (method !== 'POST') return { status: 200, text: approvalPage(review, NOW) };
  const typed = readForm(body);
  posted.push(typed);
  const form = parseForm(typed, '1.2.0');
  if (!form.ok) return { status: 400, text: approvalPage(review, NOW, { typed, faults: form.faults }) };
  return { status: 200, text: outcomePage({ status: 200, found: review, decision: form.decision, seq: 13 }) };
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { status, text } = answer(request.method ?? '', body);
    response.writeHead(request.url?.startsWith('/approvals/') ? status : 204, PAGE_HEADERS).end(text);
  }).listen(0, '127.0.0.1');
  // Not the package's own arguments: they run everything in one process, and switch off the web security that is tried here.
  const executablePath = await chromium.executablePath();
  browser = await playwright.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });
});
afterAll(async () => {
  await browser.close();
  server.close();
});

beforeEach(async () => {
  review = reviewOf();
  complaints = [];
  posted.length = 0;
  page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(() => page.close());

const { address, open } = {
  address: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/approvals/${ID}?k=secret`,
  open: () => page.goto(address()),
};

describe('The approval page in a browser', () => {
  it('shows what is asked, the evidence and the form, without a complaint of the browser', async () => {
    await open();
    expect(await page.title()).toBe('Approval of demand 1.2.0 into production');
    for (const heading of [
      'What is asked, and why',
      'Evidence: offline gate',
      'Worst segments',
      'Known failure modes',
      'What happens then',
      'Decisions so far: 1 of 2 approvals',
      'Your decision',
    ]) {
      expect(await page.getByRole('heading', { name: heading }).isVisible()).toBe(true);
    }
    expect(await page.getByRole('row').filter({ hasText: 'regime:lumpy' }).textContent()).toContain('+3.1 %');
    expect(complaints).toEqual([]);
  });

  it('is styled although the policy lets in nothing but its own style', async () => {
    await open();
    expect(await page.evaluate('getComputedStyle(document.querySelector("button")).fontWeight')).toBe('600');
  });

  it('runs no script, loads nothing from elsewhere and cannot be framed, whatever a value contains', async () => {
    const evil =
      '<script>document.title="owned"</script><img src="https://evil.example/x.png" onerror="document.title=1">';
    review = reviewOf({
      run: promotionItem({ knownFailureModes: [evil], change: { ...promotionItem().change, reason: evil } }),
    });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open();
    expect(await page.title()).toBe('Approval of demand 1.2.0 into production');
    expect(asked).toEqual([address()]);
    expect(await page.getByText(evil).count()).toBe(2);
  });

  it('is held to its policy by the browser: an injected script and an injected style do nothing', async () => {
    await open();
    const injected = await page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "owned"';
      const style = document.createElement('style');
      style.textContent = 'h1 { display: none }';
      document.head.append(script, style);
      return { title: document.title, display: getComputedStyle(document.querySelector('h1')).display };
    })()`);
    expect(injected).toEqual({ title: 'Approval of demand 1.2.0 into production', display: 'block' });
    expect(complaints.join()).toContain('Content Security Policy');
  });

  it('posts what a person types and chooses', async () => {
    await open();
    await page.getByLabel('Approve').check();
    await page.getByLabel('Type the version: 1.2.0').fill('1.2.0');
    await page.getByLabel('Justification').fill('Better in every region.\nRisks are known.');
    await page.getByRole('button', { name: 'Record my decision' }).click();
    await page.getByRole('heading', { name: 'Your approval is recorded' }).waitFor();
    expect(posted).toEqual([
      { decision: 'approve', version: '1.2.0', justification: 'Better in every region.\nRisks are known.' },
    ]);
    expect(complaints).toEqual([]);
  });

  it('keeps what was typed beside the faults, and leads to them', async () => {
    await open();
    await page.getByLabel('Reject').check();
    await page.getByLabel('Type the version: 1.2.0').fill('1.2');
    await page.getByLabel('Justification').fill('\n"no" <b>');
    await page.getByRole('button', { name: 'Record my decision' }).click();
    const summary = page.getByRole('alert');
    // The browser focuses it once the page is drawn.
    await page.locator('[role=alert]:focus').waitFor();
    expect(await summary.getByRole('link').count()).toBe(2);
    expect(await page.getByLabel('Reject').isChecked()).toBe(true);
    expect(await page.getByLabel('Type the version: 1.2.0').inputValue()).toBe('1.2');
    expect(await page.getByLabel('Justification').inputValue()).toBe('\n"no" <b>');
    await summary.getByRole('link').first().click();
    expect(await page.getByLabel('Type the version: 1.2.0').getAttribute('aria-describedby')).toBe(
      'version-hint version-fault',
    );
    expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([]);
  });

  it('can be filled in with the keyboard alone', async () => {
    await open();
    await page.getByLabel('Approve').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.type('1.2.0');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Typed without a mouse.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your approval is recorded' }).waitFor();
  });

  it('gives every field a label and every table column a header', async () => {
    await open();
    const unlabelled =
      "[...document.querySelectorAll('input, textarea')].filter((field) => field.labels.length !== 1).length";
    expect(await page.evaluate(unlabelled)).toBe(0);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.locator('thead th:not([scope])').count()).toBe(0);
  });

  it.each([320, 390])('fits a screen of %i pixels without scrolling sideways', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    review = reviewOf({ run: promotionItem({ knownFailureModes: ['x'.repeat(300)] }) });
    await open();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const button = await page.getByRole('button').boundingBox();
    expect(button?.height).toBeGreaterThanOrEqual(44);
  });

  it('has no form once nothing is left to decide', async () => {
    for (const status of ['approved', 'rejected', 'expired', 'void', 'withdrawn'] as const) {
      review = reviewOf({ gate: gateItem({ status }) });
      await open();
      expect(await page.locator('form').count()).toBe(0);
      expect(await page.getByRole('status').isVisible()).toBe(true);
    }
  });

  it('shows what a change would set', async () => {
    review = reviewOf({ run: changeItem(), gate: gateItem({ stage: 'change' }), evidence: [] });
    await open();
    const row = page.getByRole('row').filter({ hasText: 'approver cas' });
    expect(await row.textContent()).toContain('cas@shop.example');
    expect(await page.getByLabel("Type the model's name: demand").isVisible()).toBe(true);
  });
});
