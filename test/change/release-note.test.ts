import { describe, expect, it } from 'vitest';
import { releaseNote } from '../../functions/change/release-note.ts';
import { type ReleaseNotePorts, writeReleaseNote } from '../../functions/change/write-release-note.ts';
import type { EvaluationReport, GroupReport } from '../../functions/evidence/report.ts';
import type { PromotionItem } from '../../functions/registry/items.ts';
import { RegistryWrites } from '../../functions/registry/registry-writes.ts';
import { MemoryEvidence } from '../fakes/memory-evidence.ts';
import { aPromotion, stored } from '../fakes/runs.ts';

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
const pointer = { revision: 3, deploymentNumber: 2, documentSha256: 'a'.repeat(64), movedAt: AT };
const moved = (over: Partial<PromotionItem> = {}) => aPromotion({ awaitingApproval: false, pointer, ...over });

describe('A release note', () => {
  const facts = { run: moved(), before: null, report, approvals: [], skippedStages: ['shadow', 'canary'] };

  it('says gains and losses per segment, and leaves out segments with too little data', () => {
    const note = releaseNote(facts);
    expect(note).toContain('| overall | -17.0 % error | 50.0 % | 60.0 % | +1.0 % | -2.0 % | 900 |');
    expect(note).toContain('| region:S | +2.0 % error |');
    expect(note).not.toContain('region:W');
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

  it('names known risks, skipped stages and the way back', () => {
    const note = releaseNote(facts);
    for (const text of [
      'Underforecasts in the week before Easter.',
      'THIN_SEGMENT',
      '- shadow (by',
      facts.run.change.rollbackPlan,
    ]) {
      expect(note).toContain(text);
    }
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
    const artifact = await evidence.writeOnce('report', JSON.stringify(report));
    const withReport: PromotionItem = {
      ...run,
      gates: {
        offline: {
          verdict: 'PASS',
          reasons: [],
          judge: 'offline/1',
          judgedAt: AT,
          artifacts: { 'evaluation-report': artifact },
        },
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
    expect(drafts[0]).toMatchObject({ type: 'release-noted', data: { note } });
  });

  it('notes no release whose pointer was not moved', async () => {
    const { ports } = await world(aPromotion());
    await expect(writeReleaseNote(ports, 'demand_1-0-0_1', AT)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
