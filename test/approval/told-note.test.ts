import { describe, expect, it } from 'vitest';
import { NO_HOLDS } from '../../functions/approval/expected-holds.ts';
import type { GateItem } from '../../functions/approval/items.ts';
import { loadToldNote, type ToldNotePorts } from '../../functions/approval/told-note.ts';
import { toldNoteSection } from '../../functions/approval/told-note-section.ts';
import { noteMarkdown } from '../../functions/change/release-note/note-markdown.ts';
import { writePromotionNote } from '../../functions/change/release-note/write-promotion-note.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { ANA } from '../fakes/inputs.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { changeItem, gateItem, modelItem, promotionBefore, reportKey, STARTED, writtenBefore } from './fixtures.ts';

const request = {
  ...{ requestId: '0'.repeat(32), promotionId: 'p', model: 'demand', stage: 'production' as const, round: 1 },
  ...{ approver: ANA, secretSha256s: ['x'], createdAt: STARTED },
};
const decision = { approver: ANA, decision: 'approve' as const, justification: 'It held.', at: STARTED, seq: 7 };
const earlier: GateItem = gateItem({ stage: 'canary', status: 'approved', decisions: [decision] });
const run = promotionBefore('production');
const pointer = { revision: 8, deploymentNumber: 8, documentSha256: 'a'.repeat(64), movedAt: STARTED };

async function world(of: PromotionItem = run) {
  const evidence = new MemoryEvidence();
  for (const [key, text] of Object.entries(writtenBefore('production'))) await evidence.writeOnce(key, text);
  const registry: ToldNotePorts['registry'] = {
    ...{ run: async () => of, version: async () => null },
    ...{ model: async () => modelItem(), killSwitch: async () => null },
  };
  return { evidence, registry, approvals: { gates: async () => [earlier] } };
}
const found = (of: PromotionItem = run) => ({ request, model: modelItem(), gate: gateItem(), run: of });

describe('What the teams will be told', () => {
  it('is shown to approvers as it is written afterwards, but for its moment and the document that went out', async () => {
    const before = await loadToldNote(await world(), found());
    if (before === null) throw new Error('There is a note.');
    const after = await world({ ...run, pointer });
    const entries = async function* () {
      const data = { promotionId: run.promotionId, stage: 'canary', ...decision };
      yield { body: { type: 'approval-decided', at: STARTED, seq: 7, data } } as never;
    };
    await writePromotionNote(
      {
        ...after,
        writes: new RegistryWrites('registry'),
        ledger: { append: async () => ({ seq: 9, entryHash: '' }), entries },
        retention: { days: 1, mode: 'GOVERNANCE' },
      },
      run.promotionId,
      STARTED,
    );
    const [shown, written] = [noteMarkdown(before), after.evidence.text(`release-notes/${run.promotionId}.md`)];
    const differing = written.split('\n').filter((line) => !shown.split('\n').includes(line));
    expect(differing).toEqual([
      expect.stringContaining('Since 2026-03-01 08:00 UTC'),
      '| production | everything | 2026-03-01 08:00 UTC |  | 8 |',
    ]);
    expect(shown).toContain('It held. (ledger position 7)');
  });

  it('stands on the page with its first sentences open and the rest to unfold', async () => {
    const note = await loadToldNote(await world(), found());
    const page =
      toldNoteSection({ ...found(), evidence: [], wayBack: null, note, requests: [], holds: NO_HOLDS })?.markup ?? '';
    expect(page).toContain('<p>From its approval on, the forecasts of demand for all products in all stores come');
    expect(page.indexOf('<details>')).toBeGreaterThan(page.indexOf('tell Olga Owner'));
    expect(page).toContain('<h3>Way back</h3>');
  });

  it('is nothing before the other stages, of a change, or of reports that cannot be trusted', async () => {
    const ports = await world();
    expect(await loadToldNote(ports, { ...found(), gate: gateItem({ stage: 'canary' }) })).toBeNull();
    expect(await loadToldNote(ports, { ...found(), run: changeItem() })).toBeNull();
    ports.evidence.put(reportKey('canary'), 'something else');
    expect(await loadToldNote(ports, found())).toBeNull();
    expect(
      toldNoteSection({ ...found(), evidence: [], wayBack: null, note: null, requests: [], holds: NO_HOLDS }),
    ).toBeNull();
  });

  it('does not hide an outage of the bucket', async () => {
    const evidence = { read: () => Promise.reject(new Error('S3 is down')) };
    await expect(loadToldNote({ ...(await world()), evidence }, found())).rejects.toThrow('S3 is down');
  });
});
