import { describe, expect, it } from 'vitest';
import {
  failureText,
  rollbackOutput,
  rollbackText,
  targetsText,
} from '../../../functions/rollback/command/rollback-text.ts';
import { listTargets } from '../../../functions/rollback/target-list.ts';
import { returnItem, versionItem } from '../alert/alert-stand.ts';

describe('How a rollback is told on a terminal', () => {
  it('says from what to what it went, how long it took and what was closed with it', () => {
    const done = { model: 'demand', end: 'rolled-back', from: '2.0', to: '', seconds: 3.2, cause: 'safety', at: '' };
    const text = (closed: readonly string[]) => rollbackText(rollbackOutput.parse({ ...done, closed }), 'run-1');
    expect(text([])).toContain('demand went back from version 2.0 to the safe forecast in 3.2 s.');
    expect(text([])).toContain('No promotion was under way.');
    expect(text(['demand_3-0_1'])).toContain('Closed with it: demand_3-0_1.');
    expect(text([])).toContain('run-1');
    expect(text([])).not.toContain('being told');
  });

  it('says what goes on where it is recorded and its execution is not over', () => {
    const done = { model: 'demand', end: 'rolled-back', to: '', seconds: 3.2, closed: [] };
    const text = (from: string) => rollbackText(rollbackOutput.parse({ ...done, from }), 'run-1', true);
    expect(text('2.0')).toContain('People are being told, and what was handed on is being recalled: `npm run recalls');
    expect(text('')).toContain('People are being told.');
  });

  it('says why nothing was moved, and what could be done instead', () => {
    const reasons = [
      { code: 'UNFIT_TARGET', path: 'targetVersion', message: 'Not that one.', got: '3.0', allowed: '1.0' },
    ];
    const refused = rollbackOutput.parse({ model: 'demand', end: 'rejected', reasons, at: '' });
    const text = rollbackText(refused, 'run-1');
    expect(text).toContain('demand was not moved: the request was refused.');
    expect(text).toMatch(/got: 3\.0\n {2}allowed: 1\.0/);
  });

  it('says in words why nothing could be gone back to', () => {
    const errorMessage = 'Nothing to go back to for demand (1.0: UNFIT_TARGET, safe forecast: NO_DOCUMENT).';
    const cause = JSON.stringify({ errorType: 'NO_ROLLBACK_TARGET', errorMessage, trace: ['at x'] });
    expect(failureText('run-1', { status: 'FAILED', error: 'NO_ROLLBACK_TARGET', cause })).toBe(
      `The execution run-1 ended as FAILED: NO_ROLLBACK_TARGET ${errorMessage}`,
    );
    expect(failureText('run-1', { status: 'FAILED', error: 'X', cause: 'as text' })).toContain('X as text');
    expect(failureText('run-1', { status: 'ABORTED' })).toBe('The execution run-1 ended as ABORTED:');
  });
});

describe('What can be gone back to', () => {
  const versions = [
    versionItem('1.0', { promotedAt: '2026-01-01T08:00:00.000Z' }),
    versionItem('1.1', { status: 'withdrawn', promotedAt: '2026-01-15T08:00:00.000Z' }),
    versionItem('1.2', { promotedAt: '2026-02-01T08:00:00.000Z' }),
    versionItem('1.3', { promotedAt: '2026-02-10T08:00:00.000Z' }),
    versionItem('2.0', { status: 'production', promotedAt: '2026-03-01T08:00:00.000Z' }),
    versionItem('3.0', { status: 'candidate' }),
  ];
  const ways = { versions, returnDocuments: ['', '1.0', '1.1', '1.2', '3.0'].map(returnItem) };

  it('is what was promoted, is not withdrawn, and has a document; the newest first, the safe forecast last', () => {
    expect(listTargets(ways, '2.0').map(({ version }) => version)).toEqual(['1.2', '1.0', '']);
    expect(listTargets(ways, '1.2').map(({ version }) => version)).toEqual(['1.0', '']);
  });

  it('is listed with when it was promoted and when it was proven', () => {
    const text = targetsText('demand', '2.0', listTargets(ways, '2.0'));
    expect(text).toContain('demand is served by version 2.0');
    expect(text).toMatch(/1\.2 +2026-02-01 08:00 UTC +2026-02-01 00:00 UTC/);
    expect(text).toContain('the safe forecast serves');
    expect(targetsText('demand', '', [])).toContain('There is no version to go back to.');
  });
});
