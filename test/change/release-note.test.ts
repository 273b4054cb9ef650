import { describe, expect, it } from 'vitest';
import { releaseNote } from '../../functions/change/release-note.ts';
import { type ReleaseNotePorts, writeReleaseNote } from '../../functions/change/write-release-note.ts';
import type { EvaluationReport, GroupReport } from '../../functions/evidence/report/report.ts';
import { stageReport } from '../../functions/evidence/report/stage-report.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { promotionBefore, stageReportText } from '../approval/fixtures.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aPromotion, passedGate, stored } from '../fakes/runs.ts';

const AT = '2026-03-03T00:00:00.000Z';

function group(name: string, rel: number, over: Partial<GroupReport> = {}): GroupReport {
  const counts = { n_rows: 900, n_series: 40, n_folds: 4, sum_y: 1000 };
  const values = { wape_candidate: 0.5, wape_baseline: 0.6, bias_candidate: 0.01, bias_baseline: -0.02 };
  return { name, sufficient: true, verdict: 'WITHIN_MARGIN', rel_wape: rel, ...counts, ...values, ...over };
}

const report: EvaluationReport = {
  schema: 1,
  gate: 'offline',
  judge: 'offline/1',
  promotionId: 'demand_1-0-0_1',
  model: 'demand',
  version: '1.0.0',
  baseline: '',
  verdict: 'PASS',
  reasons: [],
  pending: [],
  warnings: [{ code: 'THIN_SEGMENT', message: 'Few rows in region:N.' }],
  evidence: { artifact: stored('artifact'), backtest: stored('backtest'), history: stored('history') },
  policy: { version: 1, digest: 'd', thresholds: {} },
  quality: null,
  leakage: null,
  history: null,
  overall: group('overall', -0.17),
  fva: null,
  folds: [],
  segments: [group('region:N', -0.1), group('region:S', 0.02), group('region:W', -0.5, { sufficient: false })],
};
const stageReports = (['shadow', 'canary'] as const).map((gate) =>
  stageReport.parse(JSON.parse(stageReportText(gate))),
);
const pointer = { revision: 3, deploymentNumber: 2, documentSha256: 'a'.repeat(64), movedAt: AT };
const moved = (over: Partial<PromotionItem> = {}) => aPromotion({ awaitingApproval: false, pointer, ...over });

describe('A release note', () => {
  const facts = { run: moved(), before: null, report, approvals: [], stageReports };

  it('says gains and losses per segment, and leaves out segments with too little data', () => {
    const note = releaseNote(facts);
    expect(note).toContain('| overall | -17.0 % error | 50.0 % | 60.0 % | +1.0 % | -2.0 % | 900 |');
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
      '- offline, THIN_SEGMENT: Few rows in region:N.',
      '- canary, PREDICTION_DRIFT: The forecasts of slow movers shifted.',
      facts.run.change.rollbackPlan,
    ]) {
      expect(note).toContain(text);
    }
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
    expect(note.slice(shadow, canary)).toContain('| overall | Churn ratio | 1.04 | 1.00 | – | 1.25 | within limit |');
    expect(note.slice(shadow, canary)).toContain(
      '28 closed business days, 2026-03-03 to 2026-03-30. Held against version 1.1.0 on the same rows.',
    );
    expect(note.slice(canary)).toContain('| overall | Overstock | 21.0 % | 19.0 % | +10.5 % | +10.0 % | open |');
    expect(note.slice(canary)).toContain('| regime:lumpy | WAPE |');
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
