import { describe, expect, it } from 'vitest';
import { noteMarkdown } from '../../../functions/change/release-note/note-markdown.ts';
import { type RollbackNoteFacts, renderRollbackNote } from '../../../functions/change/release-note/rollback-note.ts';
import { promotionBefore } from '../../approval/fixtures.ts';
import { aCanaryReport, anOfflineReport, aShadowReport } from '../../evidence/report/sample-reports.ts';
import { OWNER } from '../../fakes/inputs.ts';
import { aPromotion } from '../../fakes/runs.ts';

const movedAt = '2026-04-16T08:01:00.000Z';
const pointer = { revision: 8, deploymentNumber: 8, documentSha256: 'a'.repeat(64), movedAt };
const fromRun = promotionBefore('production', { pointer });

const facts: RollbackNoteFacts = {
  ...{ model: 'demand', ledgerPosition: 50, since: '2026-04-20T08:01:02.000Z', from: '1.2.0', to: '1.1.0' },
  ...{ cause: 'metric-degradation', requestedBy: 'Ben', detail: 'Stockouts in CA.', seconds: 4.2 },
  ...{ deploymentNumber: 9, documentSha256: 'b'.repeat(64), owner: OWNER, killSwitch: null, approvals: [] },
  ...{ fromRun, toRun: aPromotion({ version: '1.1.0' }) },
  reports: { report: anOfflineReport(), stageReports: [aShadowReport(), aCanaryReport()] },
};
const textOf = (over: Partial<RollbackNoteFacts> = {}) => noteMarkdown(renderRollbackNote({ ...facts, ...over }));

describe('The note of a rollback', () => {
  it('begins with two sentences: what serves since when, and what to do about what was handed over', () => {
    expect(renderRollbackNote(facts).lead).toEqual([
      'Since 2026-04-20 08:01 UTC, the forecasts of demand for all products in all stores come from version 1.1.0 again, not from version 1.2.0; expect them to be as they were before that (cause: a metric got worse beyond its tolerance).',
      `Forecasts that version 1.2.0 had handed over are recalled team by team, so look at what you decided by them; if forecasts still look wrong to you, tell ${OWNER.name} (${OWNER.team}, ${OWNER.email}): one person can go back further, or have the safe forecast serve, within minutes.`,
    ]);
  });

  it('says of a candidate that never was in production that production serves as before', () => {
    const candidate = promotionBefore('production');
    expect(renderRollbackNote({ ...facts, fromRun: candidate }).lead[0]).toContain(
      'version 1.2.0 of demand serves no forecast any more and is withdrawn; all products in all stores are served by version 1.1.0, as before it',
    );
  });

  it('says what is given up by it, as the gates had measured it, and where', () => {
    const note = textOf();
    expect(note).toContain('the error of version 1.2.0 had been measured to be 8.4 % smaller');
    expect(note).toContain('- Better: region CA: 12.0 % smaller');
    expect(textOf({ reports: null })).toContain('No gate compared version 1.2.0 with version 1.1.0');
  });

  it('says cause, detail, who asked, its seconds, what changes back and what is known to fail', () => {
    const toRun = aPromotion({ version: '1.1.0', training: { ...fromRun.training, code: 'older' } });
    const note = textOf({ toRun });
    for (const text of [
      '- Cause: metric-degradation',
      '- Detail: Stockouts in CA.',
      '- Asked for by Ben; it took 4.2 seconds from the request to the confirmed switch (ledger position 50).',
      '- Training code: older (before: abc123)',
      '## Known failure modes of version 1.1.0',
      'Version 1.2.0 is withdrawn and never serves again',
      fromRun.change.rollbackPlan,
      'deployment 9',
    ]) {
      expect(note).toContain(text);
    }
  });

  it('names the safe forecast where it is what is gone back to', () => {
    const note = textOf({ to: '', toRun: null, reports: null });
    expect(note).toContain('come from the safe forecast again, not from version 1.2.0');
    expect(note).toContain('The safe forecast serves; it was not trained by a promotion.');
  });
});
