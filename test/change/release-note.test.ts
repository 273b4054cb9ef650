import { describe, expect, it } from 'vitest';
import { releaseNote } from '../../functions/change/release-note.ts';
import { type ReleaseNotePorts, writeReleaseNote } from '../../functions/change/write-release-note.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { promotionBefore, stageReportText } from '../approval/fixtures.ts';
import {
  aCanaryReport,
  anOfflineReport,
  aShadowReport,
  found,
  segment,
  thin,
} from '../evidence/report/sample-reports.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aPromotion, passedGate } from '../fakes/runs.ts';

const AT = '2026-03-03T00:00:00.000Z';

const report = anOfflineReport(
  {
    segments: {
      'region:N': segment({ rel_wape: -0.1, ucb: -0.08 }),
      'region:S': segment({ rel_wape: 0.02, ucb: 0.04 }),
      'region:W': thin(),
    },
  },
  { warnings: [found('SERIES_WITHOUT_HISTORY')] },
);
const stageReports = [aShadowReport(), aCanaryReport()] as const;
const pointer = { revision: 3, deploymentNumber: 2, documentSha256: 'a'.repeat(64), movedAt: AT };
const moved = (over: Partial<PromotionItem> = {}) => aPromotion({ awaitingApproval: false, pointer, ...over });

describe('A release note', () => {
  const facts = { run: moved(), before: null, report, approvals: [], stageReports };

  it('says gains and losses per segment, and leaves out segments with too little data', () => {
    const note = releaseNote(facts);
    expect(note).toContain(
      '| overall | -8.4 % error | −10.6 % to −6.2 % | 31.2 % | 34.1 % | +1.2 % | -3.4 % | 124800 |',
    );
    expect(note).toContain('| region:S | +2.0 % error |');
    expect(note).not.toContain('region:W');
  });

  it('says that nothing had to get better where the change record said so, and why', () => {
    const equalIsEnough = { because: 'cost', explanation: 'Half of the machines | at the same error.' } as const;
    const note = releaseNote({ ...facts, run: moved({ change: { ...facts.run.change, equalIsEnough } }) });
    expect(note).toContain('for the sake of cost: Half of the machines \\| at the same error.');
    expect(releaseNote(facts)).not.toContain('for the sake of');
  });

  it('says what changed against the version before', () => {
    const before = aPromotion({
      training: { from: '2024-01-01', to: '2026-01-31', features: ['level', 'price'], code: 'old' },
    });
    const note = releaseNote({ ...facts, before });
    expect(note).toContain('- Training window: 2025-01-01 to 2026-01-31 (before: 2024-01-01 to 2026-01-31)');
    expect(note).toContain('- Features added: weekday');
    expect(note).toContain('- Features removed: price');
  });

  it('names known risks, the warnings of every gate and the way back', () => {
    const note = releaseNote(facts);
    for (const text of [
      'Underforecasts in the week before Easter.',
      '- offline, SERIES_WITHOUT_HISTORY: Series have no history before the first origin',
      '- shadow, LEVEL_SHIFT: All in all the candidate forecasts more, or fewer, units than production.',
      facts.run.change.rollbackPlan,
    ]) {
      expect(note).toContain(text);
    }
  });

  it('names what no gate tested, each thing once', () => {
    const note = releaseNote(facts);
    const untested = note.slice(note.indexOf('## Not tested'), note.indexOf('## Evidence'));
    expect(untested).toContain('- offline: Quantiles: the backtest has none for this candidate.');
    expect(untested).toContain('- canary: Other seasons than 2026-03-28 to 2026-04-14.');
    const lines = untested.split('\n').filter((line) => line.startsWith('- '));
    expect(new Set(lines).size).toBe(lines.length);
  });

  it('says how the version came here: each step with its share, its dates and its revision', () => {
    const run = { ...promotionBefore('production'), pointer };
    const note = releaseNote({ ...facts, run });
    expect(note).toContain(
      '| shadow | none, beside production | 2026-03-02T09:05:00.000Z | 2026-05-10T08:00:00.000Z | 3 |',
    );
    expect(note).toContain('| canary | 20 % of the units | 2026-04-04T06:00:00.000Z | 2026-05-12T08:00:00.000Z | 5 |');
    expect(note).toContain(`| production | everything | ${AT} |  | 3 |`);
  });

  it('says what shadow and canary measured, against which version, overall and per segment', () => {
    const note = releaseNote(facts);
    const [shadow, canary] = [note.indexOf('## Accuracy in shadow'), note.indexOf('## Results of the canary')];
    expect(shadow).toBeGreaterThan(note.indexOf('## Accuracy in the backtest'));
    expect(canary).toBeGreaterThan(shadow);
    expect(note.slice(shadow, canary)).toContain(
      '| Change of a forecast from origin to origin | 10.4 % | 10.0 % | 1.04 times | – | at most 1.25 times | within limit |',
    );
    expect(note.slice(shadow, canary)).toContain(
      '28 closed business days, 2026-03-03 to 2026-03-30. Held against version 1.1.0 on the same rows.',
    );
    expect(note.slice(canary)).toContain(
      '| Overstock per unit sold | 21.0 % | 19.0 % | +1.10 pp | −0.40 pp to +2.40 pp | below +2.00 pp | not shown |',
    );
    expect(note.slice(canary)).toContain('| regime:lumpy | +3.4 % error | +0.1 % to +6.7 % |');
  });

  it('says for how long the previous version goes on as comparator', () => {
    const note = releaseNote({ ...facts, run: moved({ baseline: '0.9.0' }) });
    expect(note).toContain('Version 0.9.0 runs beside it, unserved, for 28 days from the approval on.');
    expect(releaseNote(facts)).toContain('No version served before; the safe forecast stays ready');
  });

  it('names the evidence of every gate, in one order whatever order the table gives it in', () => {
    const { gates } = promotionBefore('production');
    const turned = Object.fromEntries(Object.entries(gates).toReversed());
    const note = releaseNote({ ...facts, run: moved({ gates }) });
    expect(note).toBe(releaseNote({ ...facts, run: moved({ gates: turned }) }));
    for (const name of ['offline', 'shadow', 'canary']) expect(note).toContain(`- ${name} evaluation-report: `);
  });

  it('lets nothing that people typed break out of its line', () => {
    const justification = 'fine\n\n# Approved by everyone | <script>';
    const approvals = [
      {
        stage: 'production',
        name: 'Ana',
        email: 'ana@shop.example',
        decision: 'approve',
        justification,
        at: AT,
        seq: 9,
      },
    ];
    expect(releaseNote({ ...facts, approvals })).toContain(
      'fine # Approved by everyone \\| &lt;script&gt; (ledger position 9)',
    );
  });
});

describe('Writing a release note', () => {
  async function world(run: PromotionItem) {
    const evidence = new MemoryEvidence();
    const written = async (stage: string, text: string) =>
      passedGate(`${stage}/1`, { 'evaluation-report': await evidence.writeOnce(`${stage} report`, text) });
    const withReport: PromotionItem = {
      ...run,
      gates: {
        offline: await written('offline', JSON.stringify(report)),
        shadow: await written('shadow', stageReportText('shadow')),
        canary: await written('canary', stageReportText('canary')),
      },
    };
    const drafts: unknown[] = [];
    const ports: ReleaseNotePorts = {
      registry: { run: async () => withReport, version: async () => null },
      writes: new RegistryWrites('registry'),
      ledger: {
        append: async (draft) => {
          drafts.push(draft);
          return { seq: 1, entryHash: '' };
        },
        entries: async function* () {},
      },
      evidence,
      retention: { days: 1, mode: 'GOVERNANCE' },
    };
    return { ports, drafts, evidence };
  }

  it('stores and records it, and writes the same bytes when the step is repeated', async () => {
    const { ports, drafts, evidence } = await world(moved());
    const note = await writeReleaseNote(ports, 'demand_1-0-0_1', AT);
    expect(await writeReleaseNote(ports, 'demand_1-0-0_1', '2026-03-04T00:00:00.000Z')).toEqual(note);
    expect(evidence.text(note.key)).toContain('# demand 1.0.0');
    expect(evidence.text(note.key)).toContain('## Results of the canary');
    expect(drafts[0]).toMatchObject({ type: 'release-noted', data: { note } });
  });

  it('notes no release whose reports are gone', async () => {
    const run = moved();
    const { ports } = await world(run);
    const bare = { ...ports, registry: { ...ports.registry, run: async () => run } };
    await expect(writeReleaseNote(bare, run.promotionId, AT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('notes no release whose pointer was not moved', async () => {
    const { ports } = await world(aPromotion());
    await expect(writeReleaseNote(ports, 'demand_1-0-0_1', AT)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
