import { describe, expect, it } from 'vitest';
import type { OpenedAlert } from '../../../functions/rollback/alert/request-rollback.ts';
import { blankForm, readRollbackForm } from '../../../functions/rollback/alert/rollback-form.ts';
import { rollbackOutcomePage, rollbackPage } from '../../../functions/rollback/alert/rollback-page.ts';
import { ALERT, NOW, openedAlert } from './alert-stand.ts';

const { standing } = openedAlert();
const GONE = { ...standing, serves: '1.1', withdraws: null, goesTo: null };

describe('The page behind an alert', () => {
  it('says what happened and what a rollback would do, and asks for the name by hand', () => {
    const page = rollbackPage(openedAlert());
    for (const text of [
      ALERT.headline,
      ALERT.detail,
      'version 2.0',
      'What served before: version 1.1',
      'Version 1.0',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toMatch(/name="model" value=""/);
    expect(page).toMatch(/value="metric-degradation" checked/);
    expect(page).toMatch(/name="target" value="" checked/);
    expect(page).not.toContain('<script');
  });

  it('has no form where nothing can be started, and says why', () => {
    const closed: readonly (readonly [Partial<OpenedAlert>, string])[] = [
      [{ standing: GONE }, 'Version 2.0 does not serve any more. Version 1.1 serves.'],
      [{ standing: { ...GONE, withdrawn: { at: NOW, because: 'safety' } } }, 'withdrawn 2026-03-02 09:00 UTC (safety)'],
      [{ isConcerned: false }, 'Only the owner and the approvers of demand'],
      [{ isExpired: true }, 'This link started rollbacks until 2026-03-09 09:00 UTC'],
      [{ started: { executionName: 'alert-1', status: 'RUNNING' } }, 'under way'],
    ];
    for (const [over, why] of closed) {
      const page = rollbackPage(openedAlert(over));
      expect(page).toContain(why);
      expect(page).not.toContain('<form');
    }
    expect(rollbackPage(openedAlert({ started: { executionName: 'alert-1', status: 'FAILED' } }))).toContain('<form');
  });

  it('keeps what was typed beside what is wrong with it', () => {
    const typed = { ...blankForm(ALERT), model: 'Demand"><b>', detail: 'half\nwritten', target: '1.0' };
    const faults = [{ code: 'INVALID_FIELD', path: 'model', message: 'Type exactly demand.' }];
    const page = rollbackPage(openedAlert(), { typed, faults });
    expect(page).toContain('<title>Error: ');
    expect(page).toContain('value="Demand&quot;&gt;&lt;b&gt;"');
    expect(page).toContain('half\nwritten</textarea>');
    expect(page).toMatch(/name="target" value="1.0" checked/);
    expect(page).toContain('aria-invalid="true"');
  });

  it('shows what others wrote as text', () => {
    const { link } = openedAlert();
    const nasty = '<img src=x onerror=alert(1)>';
    const page = rollbackPage(
      openedAlert({ link: { ...link, alert: { ...ALERT, headline: nasty, detail: nasty, trigger: nasty } } }),
    );
    expect(page).not.toContain('<img');
  });

  it('answers each post in words', () => {
    const opened = openedAlert();
    const started = { executionName: 'alert-1', status: 'RUNNING' as const };
    expect(rollbackOutcomePage({ status: 200, opened, started, withdraws: '2.0' })).toContain('alert-1');
    expect(rollbackOutcomePage({ status: 403, opened })).toContain('Nothing was started');
    expect(rollbackOutcomePage({ status: 409, opened: openedAlert({ standing: GONE }) })).toContain(
      'Version 2.0 does not serve any more. Version 1.1 serves.',
    );
    expect(rollbackOutcomePage({ status: 410, opened })).toContain('2026-03-09 09:00 UTC');
  });
});

describe('A posted form', () => {
  it('is read field by field; one that comes twice says two things, and counts as not given', () => {
    expect(readRollbackForm('model=demand&cause=safety&target=1.0&detail=a%0D%0Ab')).toEqual({
      model: 'demand',
      cause: 'safety',
      target: '1.0',
      detail: 'a\nb',
    });
    expect(readRollbackForm('model=demand&model=other')).toEqual({ model: '', cause: '', target: '', detail: '' });
  });
});
