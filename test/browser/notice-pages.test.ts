import { describe, expect, it } from 'vitest';
import { PAGE_HEADERS } from '../../functions/approval/page-frame.ts';
import type { FoundNotice } from '../../functions/change/advance-notice/find-notice.ts';
import { frozen } from '../../functions/change/advance-notice/notice-checks.ts';
import type { NoticeLink } from '../../functions/change/advance-notice/notice-item.ts';
import { exceptionEmail, noticeEmail } from '../../functions/change/advance-notice/notice-letter.ts';
import { noticePage } from '../../functions/change/advance-notice/notice-page.ts';
import { BEN, CHANGE_RECORD, REPLENISHMENT } from '../fakes/inputs.ts';
import { aModel, aPromotion } from '../fakes/runs.ts';
import { LOOKS, picture, violations } from './browser.ts';
import { servePages } from './served-pages.ts';

const EVIL = '<script>document.title="owned"</script><img src="https://evil.example/x.png">';
const earliestAt = '2026-03-03T08:00:00.000Z';
const run = aPromotion({
  stage: 'canary',
  version: '2.4.0',
  severity: { level: 'critical', because: 'architecture, drawn from the whole business' },
  change: { ...CHANGE_RECORD, scope: EVIL, reason: 'x'.repeat(200) },
  knownFailureModes: [EVIL, 'Underforecasts in the week before Easter.'],
  advanceNotice: {
    ...{ teams: [REPLENISHMENT, { team: EVIL, email: 'evil@shop.example' }], leadTime: 'PT24H', acknowledge: 'all' },
    ...{ givenAt: '2026-03-02T08:00:00.000Z', earliestAt, acknowledgements: [] },
  },
});
const model = aModel({ downstream: [REPLENISHMENT, { team: EVIL, email: 'evil@shop.example' }] });
const peak = { from: '2026-11-20T00:00:00Z', until: '2026-12-27T00:00:00Z', reason: `Peak trading ${EVIL}` };
const holding = frozen({ now: '2026-12-01T00:00:00.000Z', notice: null, untold: [], waitedFor: [], freezes: [peak] });

const found = (whose: NoticeLink['for']): FoundNotice => ({ whose, run, model, gates: [], holding });
const TEAM = found({ kind: 'team', ...REPLENISHMENT });
const APPROVER = found({ kind: 'approver', stage: 'canary', approver: BEN });
const fault = (path: string) => ({ code: 'INVALID_FIELD', path, message: `Something is wrong with the ${path}.` });
const FILLED = { typed: { name: EVIL, model: EVIL, note: EVIL }, faults: ['model', 'note'].map(fault) };
const address = 'https://release.example/notices/1?k=2';

const PAGES: Readonly<Record<string, string>> = {
  'notice-page': noticePage(TEAM),
  'notice-page-with-faults': noticePage(TEAM, { ...FILLED, faults: ['name', 'model', 'note'].map(fault) }),
  'hold-page': noticePage(APPROVER),
  'hold-page-with-faults': noticePage(APPROVER, FILLED),
};
const EMAILS: Readonly<Record<string, string>> = {
  'notice-email': noticeEmail({ run, model, team: EVIL, earliestAt, address, isReminder: true }).html,
  'hold-email': exceptionEmail({ run, stage: 'canary', name: BEN.name, reasons: holding, address }).html,
};

const shown = servePages(({ path }) => {
  const text = PAGES[path.slice(1)];
  return text === undefined ? null : { status: 200, headers: PAGE_HEADERS, text };
});
const { complaints } = shown;

const open = (name: string) => shown.open(`/${name}`);
const overflow = () =>
  shown.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe.each(Object.keys(PAGES))('The %s in a browser', (name) => {
  it.each(LOOKS)('fits, shows what others wrote as text, and breaks no rule, $width wide and $theme', async (look) => {
    await open(name);
    await picture(shown.page, name, look);
    expect(await overflow()).toBe(0);
    expect(await shown.page.locator('script, img').count()).toBe(0);
    expect(await shown.page.title()).not.toBe('owned');
    expect(complaints).toEqual([]);
    expect(await violations(shown.page)).toEqual([]);
  });
});

describe('A form of a notice', () => {
  it('is filled in and sent by the keyboard alone, and what is wrong is read with its field', async () => {
    await open('notice-page-with-faults');
    await shown.page.locator('.errors a').first().focus();
    await shown.page.keyboard.press('Enter');
    expect(await shown.page.evaluate('location.hash')).toBe('#name');
    await shown.page.locator('#name').focus();
    for (const next of ['model', 'note']) {
      await shown.page.keyboard.press('Tab');
      expect(await shown.page.evaluate('document.activeElement.id')).toBe(next);
    }
    await shown.page.keyboard.press('Tab');
    expect(await shown.page.evaluate('document.activeElement.textContent')).toBe('Acknowledge');
    const hint = (await shown.page.locator('#note').getAttribute('aria-describedby')) ?? '';
    expect(hint.split(' ')).toContain('note-fault');
  });
});

describe.each(Object.entries(EMAILS))('The %s', (name, html) => {
  it.each(LOOKS.filter(({ theme }) => theme === 'light'))('fits and breaks no rule, $width wide', async (look) => {
    await shown.page.setContent(html);
    await picture(shown.page, name, look);
    expect(await overflow()).toBe(0);
    expect(await shown.page.locator('script, img').count()).toBe(0);
    expect(await violations(shown.page, [])).toEqual([]);
  });
});
