import { describe, expect, it } from 'vitest';
import { noteMarkdown } from '../../../functions/change/release-note/note-markdown.ts';
import { renderSettingsNote } from '../../../functions/change/release-note/settings-note.ts';
import type { ChangeItem } from '../../../functions/registry/items.ts';
import { policySchema } from '../../../functions/registry/policy.ts';
import { OWNER } from '../../fakes/inputs.ts';
import { aChange, settings, stored } from '../../fakes/runs.ts';

const AT = '2026-04-20T08:01:02.000Z';
const stricter = { ...settings, policy: policySchema.parse({ offline: { min_improvement: 0.02 } }) };
const noteOf = (run: ChangeItem) => renderSettingsNote({ run, at: AT, ledgerPosition: 12, approvals: [] });

describe('The note of a change of settings', () => {
  it('begins with two sentences: from when what is run otherwise, and that no forecast changes by it', () => {
    expect(noteOf(aChange({ proposal: stricter })).lead).toEqual([
      'From 2026-04-20 08:01 UTC on, demand is run with other settings (the rules of its gates and stages); no forecast changes by that, and promotions that start from now on are judged by the new rules.',
      `If that looks wrong to you, tell ${OWNER.name} (${OWNER.team}, ${OWNER.email}): it is changed back in the same way as it was changed, once it is approved.`,
    ]);
  });

  it('shows each setting as it is now and as it was before', () => {
    const note = noteMarkdown(noteOf(aChange({ proposal: stricter })));
    expect(note).toContain('| Setting | Now | Before |');
    expect(note).toMatch(/\| policy\.offline\.min\\_improvement \| 0\.02 \| [\d.]+ \|/);
    expect(note).toContain('- change: demand\\_change\\_1, ledger position 12');
  });

  it('says what serves when a model is set up: the safe forecast, or a version that was adopted', () => {
    const { before: _, ...onboarding } = aChange({ kind: 'onboard', baseRevision: 0 });
    expect(noteOf(onboarding).lead[0]).toContain('serves all products in all stores until a version is promoted');
    const adopt = { version: '0.9', artifact: stored('candidates/x/artifact') };
    const note = noteMarkdown(noteOf({ ...onboarding, adopt }));
    expect(note).toContain('version 0.9, taken over as it runs elsewhere and judged by no gate, serves all products');
    expect(note).toContain('adopted artifact: s3://evidence/candidates/x/artifact');
  });
});
