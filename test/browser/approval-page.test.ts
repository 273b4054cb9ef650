import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { approvalPage } from '../../functions/approval/approval-page.ts';
import { parseForm, readForm, type TypedForm } from '../../functions/approval/decision-form.ts';
import { NO_HOLDS } from '../../functions/approval/expected-holds.ts';
import { outcomePage } from '../../functions/approval/outcome-page.ts';
import { PAGE_HEADERS } from '../../functions/approval/page-frame.ts';
import { recordedCharts } from '../../functions/approval/recorded-charts.ts';
import { type GateSummary, summarise } from '../../functions/approval/report-summary.ts';
import type { Review } from '../../functions/approval/review.ts';
import { renderReleaseNote } from '../../functions/change/release-note/promotion-note.ts';
import { evaluationPage } from '../../functions/evidence/report/evaluation-page.ts';
import { STAGES, type Stage } from '../../functions/promotion/life-cycle.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import {
  ASKED_STAGES,
  type AskedStage,
  changeItem,
  gateItem,
  modelItem,
  pageText,
  promotionBefore,
  promotionItem,
  reportText,
  STARTED,
  stageReportText,
  wayBackItem,
} from '../approval/fixtures.ts';
import { aCanaryReport, anOfflineReport, aShadowReport, segment } from '../evidence/report/sample-reports.ts';
import { ANA, BEN, OWNER } from '../fakes/inputs.ts';
import { servePages } from './served-pages.ts';

const ID = '0'.repeat(31).concat('1');
const NOW = new Date('2026-03-02T09:00:00.000Z');
const NOTE = renderReleaseNote({
  ...{ run: promotionBefore('production'), before: null, killSwitch: null, approvals: [], owner: OWNER },
  ...{ report: anOfflineReport(), stageReports: [aShadowReport(), aCanaryReport()] },
});

function reviewOf(over: Partial<Review> = {}): Review {
  return {
    run: promotionBefore('production'),
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
    evidence: evidenceOf(promotionBefore('production')),
    wayBack: wayBackItem(),
    note: NOTE,
    requests: [],
    holds: NO_HOLDS,
    ...over,
  };
}

const REPORTS: Readonly<Record<Stage, GateSummary | null>> = {
  offline: summarise('offline', Buffer.from(reportText())),
  shadow: summarise('shadow', Buffer.from(stageReportText('shadow'))),
  canary: summarise('canary', Buffer.from(stageReportText('canary'))),
  production: null,
};

function evidenceOf(run: PromotionItem): Review['evidence'] {
  return STAGES.flatMap((stage) => {
    const result = run.gates[stage];
    return result === undefined
      ? []
      : [{ stage, result, report: REPORTS[stage], charts: recordedCharts(stage, Buffer.from(pageText(stage))) }];
  });
}

/** What an approver sees who is asked about `stage`. */
function reviewBefore(stage: AskedStage, over: Partial<PromotionItem> = {}): Review {
  const run = promotionBefore(stage, { ...over, stage, awaitingApproval: true });
  const { gate } = reviewOf();
  return reviewOf({ run, gate: { ...gate, stage }, evidence: evidenceOf(run) });
}

const BENS = {
  approver: BEN,
  decision: 'approve' as const,
  justification: 'The lumpy segment is small enough.',
  at: STARTED,
  seq: 12,
};

let review = reviewOf();
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

const served = servePages(({ method, path, body }) =>
  path.startsWith('/approvals/') ? { ...answer(method, body), headers: PAGE_HEADERS } : null,
);
const { complaints } = served;
const address = () => served.address(`/approvals/${ID}?k=secret`);
const open = () => served.page.goto(address());

let page: Page;
beforeEach(() => {
  review = reviewOf();
  posted.length = 0;
  page = served.page;
});

/** The evidence of a gate that people decided on before, with all that it measured. */
async function unfolded(gate: 'offline' | 'shadow') {
  const section = page.getByRole('region', { name: `Evidence: ${gate} gate` });
  await section.getByText(`All that the ${gate} gate measured`).click();
  return section;
}

describe('The approval page in a browser', () => {
  it('shows what is asked, the evidence and the form, without a complaint of the browser', async () => {
    await open();
    expect(await page.title()).toBe('Approval of demand 1.2.0 into production');
    for (const heading of [
      'What is asked, and why',
      'What it exposes, and for how long',
      'Evidence: offline gate',
      'Evidence: shadow gate',
      'Evidence: canary gate',
      'Worst segments',
      'Known failure modes',
      'What happens then',
      'Decisions so far: 1 of 2 approvals',
      'Your decision',
    ]) {
      expect(await page.getByRole('heading', { name: heading }).first().isVisible()).toBe(true);
    }
    const backtest = await unfolded('offline');
    expect(await backtest.getByRole('row').filter({ hasText: 'regime:lumpy' }).textContent()).toContain('+3.1 %');
    expect(complaints).toEqual([]);
  });

  it.each(ASKED_STAGES)(
    'says of %s what it exposes, how far the candidate has come, and shows every gate so far',
    async (stage) => {
      review = reviewBefore(stage);
      await open();
      const [words] = {
        shadow: ['Nothing that it forecasts is served'],
        canary: ['It serves a share of the units'],
        production: ['It serves every forecast'],
      }[stage];
      const section = page.getByRole('region', { name: 'What it exposes, and for how long' });
      expect(await section.textContent()).toContain(words);
      expect(await section.locator('[aria-current=step]').textContent()).toBe(`${stage}: asked for here`);
      const shown = await page.getByRole('heading', { name: /^Evidence: / }).allTextContents();
      const gates = STAGES.slice(0, STAGES.indexOf(stage)).toReversed();
      expect(shown).toEqual(gates.map((gate) => `Evidence: ${gate} gate`));
      expect(complaints).toEqual([]);
    },
  );

  it('shows what shadow and canary measured, each with its limit and verdict', async () => {
    await open();
    const canary = page.getByRole('region', { name: 'Evidence: canary gate' });
    const overstock = canary.getByRole('row').filter({ hasText: 'Overstock' });
    expect(await overstock.getByRole('cell').allTextContents()).toEqual([
      'not shown',
      '21.0 %',
      '19.0 %',
      '+1.10 pp−0.40 pp to +2.40 pp',
      'below +2.00 pp',
    ]);
    const shadow = await unfolded('shadow');
    const churn = shadow.getByRole('row').filter({ hasText: 'from origin to origin' });
    expect(await churn.textContent()).toContain('at most 1.25 times');
    expect(await shadow.textContent()).toContain('28 closed business days, 2026-03-03 to 2026-03-30.');
    await shadow.getByText('What it was measured on').click();
    expect(await shadow.getByText('58,240').isVisible()).toBe(true);
  });

  it('leads to the report of each gate by a link that works where it stands', async () => {
    review = { ...reviewOf(), secret: 'the-secret' };
    await open();
    const shadow = page.getByRole('region', { name: 'Evidence: shadow gate' });
    await shadow.getByRole('link', { name: 'Evaluation report' }).click();
    const { pathname, search } = new URL(page.url());
    expect(pathname + search).toBe(`/approvals/${ID}/reports/shadow-evaluation-report?k=the-secret`);
  });

  it('says of each gate what was not tested', async () => {
    await open();
    for (const [gate, words] of [
      ['offline', 'What the forecasts do to stocks: a backtest sees demand, not shelves.'],
      ['shadow', 'Other seasons than 2026-03-03 to 2026-03-30.'],
      ['canary', 'Units outside the canary, which was at most 50 % of those in the plan.'],
    ] as const) {
      const section =
        gate === 'canary' ? page.getByRole('region', { name: 'Evidence: canary gate' }) : await unfolded(gate);
      expect(await section.getByText(words).isVisible()).toBe(true);
    }
  });

  it('shows of a gate that people decided on before its verdict, key figures and warnings, and the rest when asked', async () => {
    await open();
    const offline = page.getByRole('region', { name: 'Evidence: offline gate' });
    for (const text of ['PASS', 'Absolute error, WAPE', 'Actuals of the backtest are not']) {
      expect(await offline.getByText(text).first().isVisible()).toBe(true);
    }
    expect(await offline.getByText('Actuals of the backtest are not').count()).toBe(1);
    const lumpy = offline.getByRole('row').filter({ hasText: 'regime:lumpy' });
    expect(await lumpy.isVisible()).toBe(false);
    // As by keyboard.
    await offline.getByText('All that the offline gate measured').focus();
    await page.keyboard.press('Enter');
    expect(await lumpy.isVisible()).toBe(true);
  });

  it('says who is never served by a canary, and where it is drawn from', async () => {
    const { plan } = promotionItem();
    const { canaryPlan } = policySchema.parse({
      canaryPlan: { unit: 'store', where: { regions: ['north'] }, excludedSegments: ['category:medicine'] },
    });
    review = reviewBefore('canary', { plan: { ...plan, canary: canaryPlan } });
    await open();
    const section = page.getByRole('region', { name: 'What it exposes, and for how long' });
    for (const words of [
      '5 % for 2 days, then 20 % for 3 days, then 50 % for 7 days',
      'at most 42 days',
      'a whole store',
      'regions north only',
      'category:medicine',
    ]) {
      expect(await section.textContent()).toContain(words);
    }
  });

  it('is styled although the policy lets in nothing but its own style', async () => {
    await open();
    expect(await page.evaluate('getComputedStyle(document.querySelector("button")).fontWeight')).toBe('600');
  });

  it('runs no script, loads nothing from elsewhere and cannot be framed, whatever a value contains', async () => {
    const evil =
      '<script>document.title="owned"</script><img src="https://evil.example/x.png" onerror="document.title=1">';
    const report = anOfflineReport(
      { segments: { [`category:${evil}`]: segment(), [`sku:${evil}`]: segment({ rel_wape: 0.2, ucb: 0.4 }) } },
      { warnings: [{ code: 'FEATURES_ODD', got: evil, allowed: evil }] },
    );
    const [result] = evidenceOf(promotionBefore('production')).map((one) => one.result);
    if (result === undefined) throw new Error('There is no evidence.');
    const evidence = {
      ...{ stage: 'offline' as const, result: { ...result, reasons: [{ code: 'X', message: evil }] } },
      report: summarise('offline', Buffer.from(JSON.stringify(report))),
      charts: recordedCharts('offline', Buffer.from(evaluationPage(report))),
    };
    review = reviewOf({
      run: promotionBefore('production', {
        knownFailureModes: [evil],
        change: { ...promotionItem().change, reason: evil, scope: evil, expectedImpact: evil, rollbackPlan: evil },
        requestedBy: { name: evil, email: 'pia@shop.example' },
      }),
      gate: gateItem({
        quorum: 2,
        approvers: [
          { ...ANA, name: evil, requestId: ID },
          { ...BEN, requestId: 'x' },
        ],
        decisions: [{ ...BENS, justification: evil }],
      }),
      evidence: [evidence],
      holds: { now: [evil], tooLong: false, freeze: { from: STARTED, until: STARTED, reasons: [evil] } },
    });
    expect(evidence.charts).toHaveLength(1);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open();
    expect(await page.title()).toBe('Approval of demand 1.2.0 into production');
    expect(asked).toEqual([address()]);
    expect(await page.locator('script, img, iframe, [onerror]').count()).toBe(0);
    const told = String(await page.locator('body').textContent()).split(evil).length - 1;
    // Each field that was filled with it, and the way back twice.
    expect(told).toBeGreaterThanOrEqual(12);
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

  it.each([320, 390, 1100])('shows the tables of every gate on a screen of %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    await open();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const cut = '[...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth).length';
    expect(await page.evaluate(cut)).toBe(0);
  });

  it.each([320, 390])('fits a screen of %i pixels without scrolling sideways', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    review = reviewOf({ run: promotionBefore('production', { knownFailureModes: ['x'.repeat(300)] }) });
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
