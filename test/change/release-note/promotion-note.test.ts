import { describe, expect, it } from 'vitest';
import { noticeOfEnd } from '../../../functions/change/announce.ts';
import { releaseNotice } from '../../../functions/change/notice.ts';
import { noteMarkdown } from '../../../functions/change/release-note/note-markdown.ts';
import { renderReleaseNote } from '../../../functions/change/release-note/promotion-note.ts';
import type { ReleaseFacts } from '../../../functions/change/release-note/release-facts.ts';
import {
  noteToTell,
  type PromotionNotePorts,
  writePromotionNote,
} from '../../../functions/change/release-note/write-promotion-note.ts';
import type { CanaryMetricResult } from '../../../functions/evidence/canary/canary-result.ts';
import { html as asHtml } from '../../../functions/platform/html.ts';
import type { PromotionItem } from '../../../functions/registry/items.ts';
import { RegistryWrites } from '../../../functions/registry/registry-writes.ts';
import { promotionBefore, stageReportText } from '../../approval/fixtures.ts';
import {
  aCanaryReport,
  anOfflineReport,
  aShadowReport,
  found,
  segment,
  thin,
} from '../../evidence/report/sample-reports.ts';
import { OWNER } from '../../fakes/inputs.ts';
import { MemoryEvidence } from '../../fakes/memory-evidence.ts';
import { aModel, aPromotion, passedGate } from '../../fakes/runs.ts';

const AT = '2026-03-03T00:00:00.000Z';

const report = anOfflineReport(
  {
    segments: {
      'region:N': segment({ rel_wape: -0.1, ucb: -0.08 }),
      'region:S': segment({ rel_wape: 0.03, ucb: 0.04 }),
      'regime:lumpy': segment({ rel_wape: 0.01, ucb: 0.04 }),
      'region:W': thin(),
    },
  },
  { warnings: [found('SERIES_WITHOUT_HISTORY')] },
);
const stageReports = [aShadowReport(), aCanaryReport()] as const;
const pointer = { revision: 3, deploymentNumber: 2, documentSha256: 'a'.repeat(64), movedAt: AT };
const moved = (over: Partial<PromotionItem> = {}) => aPromotion({ awaitingApproval: false, pointer, ...over });

describe('A release note', () => {
  const facts: ReleaseFacts = {
    ...{ run: moved(), before: null, report, approvals: [], stageReports, owner: OWNER, killSwitch: null },
  };
  const textOf = (over: Partial<ReleaseFacts> = {}) => noteMarkdown(renderReleaseNote({ ...facts, ...over }));

  it('begins with two sentences for a store planner: who, since when, what to expect, and what to do', () => {
    const [first, second, ...more] = renderReleaseNote({ ...facts, run: moved({ baseline: '0.9.0' }) }).lead;
    expect(first).toBe(
      'Since 2026-03-03 00:00 UTC, the forecasts of demand for all products in all stores come from version 1.0.0 instead of version 0.9.0; expect the error of a forecast to be 8.4 % smaller (between 6.2 % and 10.6 % smaller) than before, as far as the backtest tells.',
    );
    expect(second).toBe(
      `If forecasts look wrong to you, tell ${OWNER.name} (${OWNER.team}, ${OWNER.email}): one person can bring back version 0.9.0 within minutes, and nothing that was forecast before is lost.`,
    );
    expect(more).toEqual([]);
  });

  it('says the same before the deployment, but for its moment and the document by which it goes out', () => {
    const run = promotionBefore('production');
    const [before, after] = [textOf({ run }), textOf({ run: { ...run, pointer } })];
    const differing = after.split('\n').filter((line) => !before.split('\n').includes(line));
    expect(differing).toEqual([
      expect.stringContaining('Since 2026-03-03 00:00 UTC'),
      '| production | everything | 2026-03-03 00:00 UTC |  | 3 |',
    ]);
    expect(before).toContain('From its approval on, the forecasts of demand');
  });

  it('says what a kill switch goes on keeping from it', () => {
    const killSwitch = { fallback: 'seasonal-naive', fallbackSegments: ['region:N'] };
    expect(renderReleaseNote({ ...facts, killSwitch }).lead[0]).toContain(
      'all stores (but for region:N, which the safe forecast seasonal-naive serves as long as a kill switch stands) come',
    );
  });

  it('says in words where it gets better and where it gets worse', () => {
    const note = textOf();
    expect(note).toContain('- Better: region N: 10.0 % smaller (between 8.0 % and 12.0 % smaller).');
    expect(note).toContain('- Worse: region S: 3.0 % larger (between 2.0 % and 4.0 % larger).');
    expect(note).toContain('- About the same, or not told apart: 1 segment.');
    expect(note).toContain('- Stockouts in the canary:');
  });

  describe('says of the shelves what a planner can check with the two shares', () => {
    const canary = aCanaryReport();
    const line = (over: Partial<CanaryMetricResult>) => {
      const overstock = { clusters_canary: 153, clusters_control: 147, margin: 0.1, sufficient: true, ...over };
      const metrics = { ...canary.result.metrics, overstock };
      const note = textOf({ stageReports: [{ ...canary, result: { ...canary.result, metrics } }] });
      return note.split('\n').find((one) => one.startsWith('- Overstock per unit sold in the canary')) ?? '';
    };
    const shares = { ratio_canary: 0.196, ratio_control: 0.17 };

    it('names what was taken off where the difference is not that of the shares', () => {
      expect(line({ ...shares, tau: -0.0419, lcb: -0.1055, ucb: 0.0008, theta: 0.9 })).toContain(
        '19.6 %, against 17.0 % where it did not serve; what the two groups differed by before taken off, a difference of 4.19 percentage points less, which may be chance (between 10.55 less and 0.08 more).',
      );
    });

    it('says how sure a gain and a loss are', () => {
      expect(line({ ...shares, tau: -0.03, lcb: -0.05, ucb: -0.01 })).toContain(
        '; a difference of 3.00 percentage points less (between 1.00 and 5.00 less).',
      );
      expect(line({ ...shares, tau: 0.026, lcb: 0.01, ucb: 0.04, theta: 0 })).toContain(
        '; a difference of 2.60 percentage points more (between 1.00 and 4.00 more).',
      );
    });

    it('claims nothing on too little data', () => {
      expect(line({ sufficient: false })).toContain('–, against – where it did not serve, on too little data');
      expect(line({ ...shares, tau: 'inf', lcb: 'inf', ucb: 'inf' })).toContain('on too little data');
    });
  });

  it('says gains and losses per segment, and leaves out segments with too little data', () => {
    const note = textOf();
    expect(note).toContain('| region:N | −10.0 % | −12.0 % to −8.0 % | 31.2 % | 34.1 % | +1.2 % | −3.4 % | 61,000 |');
    expect(note).toContain('| region:S | +3.0 % |');
    expect(note).not.toContain('region:W');
  });

  it('says that nothing had to get better where the change record said so, and why', () => {
    const equalIsEnough = { because: 'cost', explanation: 'Half of the machines | at the same error.' } as const;
    const note = textOf({ run: moved({ change: { ...facts.run.change, equalIsEnough } }) });
    expect(note).toContain('for the sake of cost: Half of the machines \\| at the same error.');
    expect(textOf()).not.toContain('for the sake of');
  });

  it('says how severe the change is, by the rule and by what', () => {
    const severity = { level: 'critical' as const, because: 'features, drawn from the whole business' };
    expect(textOf({ run: moved({ severity }) })).toContain(
      'severity critical (features, drawn from the whole business).',
    );
  });

  it('says what changed against the version before: window, features, code, parameters and policy', () => {
    const training = { ...facts.run.training, parameters: { rate: 0.05, depth: 8, loss: 'tweedie' } };
    const before = aPromotion({
      policyVersion: 4,
      training: {
        ...{ from: '2024-01-01', to: '2026-01-31', features: ['level', 'price'], code: 'old' },
        parameters: { rate: 0.1, depth: 8, trees: 400 },
      },
    });
    const note = textOf({ before, run: moved({ baseline: '0.9.0', training }) });
    for (const line of [
      '- Training window: 2025-01-01 to 2026-01-31 (before: 2024-01-01 to 2026-01-31)',
      '- Features added: weekday',
      '- Features removed: price',
      '- Training code: abc123 (before: old)',
      '- Parameter loss: tweedie (before: none)',
      '- Parameter rate: 0.05 (before: 0.1)',
      '- Parameter trees: gone (before: 400)',
      '- Policy: version 1 (before: version 4)',
    ]) {
      expect(note).toContain(line);
    }
    expect(note).not.toContain('Parameter depth');
  });

  it('names known risks, the warnings of every gate and the way back', () => {
    const note = textOf();
    for (const text of [
      'Underforecasts in the week before Easter.',
      '- offline, SERIES\\_WITHOUT\\_HISTORY: Series have no history before the first origin',
      '- shadow, LEVEL\\_SHIFT: All in all the candidate forecasts more, or fewer, units than production.',
      facts.run.change.rollbackPlan,
    ]) {
      expect(note).toContain(text);
    }
  });

  it('names what no gate tested, each thing once', () => {
    const note = textOf();
    const untested = note.slice(note.indexOf('## Not tested'), note.indexOf('## Exposure'));
    expect(untested).toContain('- offline: Quantiles: the backtest has none for this candidate.');
    expect(untested).toContain('- canary: Other seasons than 2026-03-28 to 2026-04-14.');
    const lines = untested.split('\n').filter((line) => line.startsWith('- '));
    expect(new Set(lines).size).toBe(lines.length);
  });

  it('says how the version came here: each step with its share, its dates and its revision', () => {
    const note = textOf({ run: { ...promotionBefore('production'), pointer } });
    expect(note).toContain('| shadow | none, beside production | 2026-03-02 09:05 UTC | 2026-05-10 08:00 UTC | 3 |');
    expect(note).toContain('| canary | 20 % of the units | 2026-04-04 06:00 UTC | 2026-05-12 08:00 UTC | 5 |');
    expect(note).toContain('| production | everything | 2026-03-03 00:00 UTC |  | 3 |');
  });

  it('says what shadow and canary measured, against which version, overall and per segment', () => {
    const note = textOf();
    const [shadow, canary] = [note.indexOf('## Measured beside production'), note.indexOf('## Measured in the canary')];
    expect(shadow).toBeGreaterThan(note.indexOf('## Measured in the backtest'));
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
    expect(note.slice(canary)).toContain('| regime:lumpy | +3.4 % | +0.1 % to +6.7 % |');
  });

  it('says for how long the previous version goes on as comparator', () => {
    const note = textOf({ run: moved({ baseline: '0.9.0' }) });
    expect(note).toContain('Version 0.9.0 runs beside it for 28 days, unserved');
    expect(textOf()).toContain('The safe forecast, which serves now, stays ready to be gone back to.');
  });

  it('names the evidence of every gate, in one order whatever order the table gives it in', () => {
    const { gates } = promotionBefore('production');
    const turned = Object.fromEntries(Object.entries(gates).toReversed());
    const note = textOf({ run: moved({ gates }) });
    expect(note).toBe(textOf({ run: moved({ gates: turned }) }));
    for (const name of ['offline', 'shadow', 'canary']) expect(note).toContain(`- ${name} evaluation-report: s3://`);
  });

  it('says who approved what, when and why', () => {
    const approvals = [
      {
        ...{ stage: 'production', name: 'Ana', email: 'ana@shop.example', decision: 'approve' },
        ...{ justification: 'The canary held.', at: AT, seq: 9 },
      },
    ];
    expect(textOf({ approvals })).toContain(
      '- Ana &lt;ana@shop.example&gt;, production, approved 2026-03-03 00:00 UTC: The canary held. (ledger position 9)',
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
    const ports: PromotionNotePorts = {
      registry: {
        run: async () => withReport,
        version: async () => null,
        model: async () => aModel(),
        killSwitch: async () => null,
      },
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
    const note = await writePromotionNote(ports, 'demand_1-0-0_1', AT);
    expect(await writePromotionNote(ports, 'demand_1-0-0_1', '2026-03-04T00:00:00.000Z')).toEqual(note);
    expect(evidence.text(note.key)).toContain('# demand 1.0.0');
    expect(evidence.text(note.key)).toContain('## Measured in the canary');
    const page = await evidence.find('release-notes/demand_1-0-0_1.html');
    expect(drafts[0]).toMatchObject({ type: 'release-noted', data: { note, page } });
    expect(evidence.text(page?.key ?? '')).toContain('<h1>demand 1.0.0</h1>');
  });

  it('has people told of a release by the note, or, where that cannot be made, without it', async () => {
    const { ports } = await world(moved({ end: 'promoted' }));
    const missed: unknown[] = [];
    const told = (evidence: PromotionNotePorts['evidence']) =>
      noticeOfEnd(ports.registry, 'demand_1-0-0_1', (run) =>
        noteToTell({ ...ports, evidence }, run, (error) => missed.push(error)),
      );
    expect((await told(ports.evidence)).text).toContain('What to expect:');
    expect(missed).toEqual([]);
    const bare = await told(new MemoryEvidence());
    expect(bare.text).toContain('serves version 1.0.0 from now on');
    expect(missed).toHaveLength(1);
    expect(bare.recipients).toContain(OWNER.email);
  });

  it('notes no release whose reports are gone', async () => {
    const run = moved();
    const { ports } = await world(run);
    const bare = { ...ports, registry: { ...ports.registry, run: async () => run } };
    await expect(writePromotionNote(bare, run.promotionId, AT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('notes no release whose pointer was not moved', async () => {
    const { ports } = await world(aPromotion());
    await expect(writePromotionNote(ports, 'demand_1-0-0_1', AT)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('The notice of a version that serves', () => {
  const facts: ReleaseFacts = {
    ...{ run: moved({ end: 'promoted' }), before: null, report, stageReports, owner: OWNER, killSwitch: null },
    approvals: [],
  };
  const note = renderReleaseNote(facts);

  it('is its release note, sentence by sentence, so that a planner needs no access to a bucket', () => {
    const { text, html = '' } = releaseNotice(facts.run, aModel(), note);
    const told = note.sections
      .slice(
        0,
        note.sections.findIndex(({ title }) => title === 'Measured in the backtest'),
      )
      .filter(({ title }) => title !== 'Not tested');
    expect(told.map(({ title }) => title)).toEqual(
      expect.arrayContaining(['What to expect', 'Why', 'Known failure modes', 'Exposure', 'Way back']),
    );
    const lines = told.flatMap(({ title, blocks }) => [
      title,
      ...blocks.flatMap((block) => (block.kind === 'list' ? block.items : block.kind === 'text' ? [block.text] : [])),
    ]);
    for (const line of [...note.lead, ...lines]) {
      expect(text).toContain(line);
      expect(html).toContain(asHtml`${line}`.markup);
    }
    expect(text).not.toContain('Measured in the backtest');
  });

  it('names the note as it is kept, and goes to the same people without it', () => {
    const kept = { bucket: 'evidence', key: 'release-notes/x.md', versionId: '1', sha256: 'a'.repeat(64), bytes: 3 };
    const run = { ...facts.run, releaseNote: kept };
    const told = releaseNotice(run, aModel(), note);
    const bare = releaseNotice(run, aModel(), null);
    for (const { text } of [told, bare]) expect(text).toContain('s3://evidence/release-notes/x.md');
    expect(bare.text).toContain('serves version 1.0.0 from now on');
    expect(bare.html).toBeUndefined();
    expect(told.recipients).toEqual(bare.recipients);
  });

  it('shows what people and pipelines wrote as text', () => {
    const typed = '<script>alert(1)</script>\u202Egnp.exe';
    const change = { ...facts.run.change, reason: typed, scope: typed, expectedImpact: typed, rollbackPlan: typed };
    const run = { ...facts.run, change, knownFailureModes: [typed] };
    const { text, html = '' } = releaseNotice(run, aModel(), renderReleaseNote({ ...facts, run }));
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script');
    expect(text + html).not.toContain('\u202E');
  });
});
