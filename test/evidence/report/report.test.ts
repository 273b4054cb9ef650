import { describe, expect, it } from 'vitest';
import { judgeOffline } from '../../../functions/evidence/offline/offline.ts';
import type { OfflineSums } from '../../../functions/evidence/offline/offline-sums.ts';
import {
  buildEvaluationReport,
  buildSegmentAnalysis,
  evaluationReport,
  type ReportSubject,
} from '../../../functions/evidence/report/report.ts';
import { buildRiskSummary, type Documented } from '../../../functions/evidence/report/risk-summary.ts';
import { goodSums, groupSums, thresholds } from '../../fakes/backtest.ts';

const stored = (key: string) => ({ bucket: 'evidence', key, versionId: 'v1', sha256: 'a'.repeat(64) });
const subject: ReportSubject = {
  ...{ promotionId: 'demand_1-0_1', model: 'demand', version: '1.0', baseline: '' },
  evidence: { artifact: stored('artifact'), backtest: stored('backtest'), history: stored('history') },
  policy: { version: 1, digest: 'b'.repeat(64), thresholds: thresholds() },
};
const documented: Documented = {
  knownFailureModes: ['Underforecasts <b>Easter</b>\n# and says so'],
  training: { from: '2025-01-01', to: '2026-01-01', features: [], code: 'abc' },
  change: {
    ...{ type: 'architecture', reason: 'Because it is better', scope: 'All of the stores' },
    ...{ expectedImpact: 'Fewer stockouts', rollbackPlan: 'Go back to the version before' },
  },
};
const report = (sums: OfflineSums) =>
  buildEvaluationReport(subject, { judged: true, sums, decision: judgeOffline(sums, thresholds()) });

const mixed = goodSums({
  folds: [
    { origin: '2026-01-05', ...groupSums() },
    { origin: '2026-02-02', ...groupSums() },
  ],
  segments: [
    { segment: 'category:=SUM(A1),"x"', ...groupSums({ rows: 7 }) },
    { segment: 'region:north', ...groupSums({ candidateError: 1200, candidate: 14_000 }) },
    { segment: 'region:south', ...groupSums({ candidateError: 500 }) },
    {
      segment: 'regime:none',
      ...groupSums({ actual: 0, candidate: 0, baseline: 0, candidateError: 1, baselineError: 0 }),
    },
  ],
});

describe('the evaluation report', () => {
  it('has its stated shape, in memory and after JSON', () => {
    for (const one of [report(goodSums()), report(mixed)]) {
      expect(evaluationReport.parse(JSON.parse(JSON.stringify(one)))).toEqual(one);
    }
  });

  it('is the same bytes each time and carries no time', () => {
    expect(JSON.stringify(report(mixed))).toBe(JSON.stringify(report(structuredClone(mixed))));
    expect(JSON.stringify(report(goodSums()))).not.toMatch(/\d{2}:\d{2}:\d{2}|judgedAt/);
  });

  it('names what was judged, by which thresholds, and with which result', () => {
    expect(report(mixed)).toMatchObject({
      ...{ gate: 'offline', judge: 'offline/1', verdict: 'FAIL', promotionId: 'demand_1-0_1', baseline: '' },
      evidence: { backtest: { key: 'backtest', versionId: 'v1' } },
      policy: { version: 1, thresholds: { margin_segment: 0.05, leak_exact_max_share: 0.2 } },
      overall: {
        n_rows: 1000,
        n_series: 50,
        n_folds: 4,
        rel_wape: -0.09999999999999998,
        wape_candidate: 0.09,
        wape_baseline: 0.1,
      },
      fva: { rows: 1000, snaive_wape: 0.11 },
    });
    expect(report(mixed).reasons.map(({ code }) => code)).toEqual([
      'SEGMENT_BIAS:region:north',
      'SEGMENT_REGRESSED:regime:none',
      'SEGMENT_REGRESSED:region:north',
    ]);
  });

  it('keeps undefined as null and unbounded as inf', () => {
    expect(report(mixed).segments.at(-1)).toMatchObject({
      name: 'regime:none',
      rel_wape: 'inf',
      wape_candidate: null,
      bias_candidate: null,
    });
  });

  it('of evidence that cannot be read fails with the faults and has no metrics', () => {
    const reasons = [{ code: 'BACKTEST_UNREADABLE', message: 'Broken.' }];
    const unusable = buildEvaluationReport(subject, { judged: false, reasons });
    expect(evaluationReport.parse(unusable)).toMatchObject({
      verdict: 'FAIL',
      reasons,
      overall: null,
      quality: null,
      segments: [],
    });
    expect(buildSegmentAnalysis(unusable).split('\n')).toHaveLength(2);
    expect(buildRiskSummary(unusable, documented)).toContain('BACKTEST_UNREADABLE');
  });
});

describe('the segment analysis', () => {
  it('has one line for the whole, each origin and each segment, with empty cells for what is undefined', () => {
    const lines = buildSegmentAnalysis(report(mixed)).trimEnd().split('\n');
    expect(lines[0]).toBe(
      'name,sufficient,verdict,n_rows,n_series,n_folds,sum_y,rel_wape,wape_candidate,wape_baseline,bias_candidate,bias_baseline',
    );
    expect(lines.map((line) => line.split(',')[0])).toEqual([
      ...[
        'name',
        'overall',
        '2026-01-05',
        '2026-02-02',
        '"category:=SUM(A1)',
        'region:north',
        'region:south',
        'regime:none',
      ],
    ]);
    expect(lines.at(-1)).toBe('regime:none,true,REGRESSED,1000,50,4,0,inf,,,,');
  });

  it('quotes names and disarms those that a spreadsheet would run', () => {
    const sums = goodSums({ segments: [{ segment: '=cmd|"x"', ...groupSums() }] });
    expect(buildSegmentAnalysis(report(sums))).toContain('\n"\'=cmd|""x""",true,');
  });
});

describe('the risk summary', () => {
  it('says what is known to fail, where the candidate is weakest, what was not judged, and how to go back', () => {
    const text = buildRiskSummary(report(mixed), documented);
    expect(text).toContain('**FAIL** (offline/1), compared with the safe forecast.');
    expect(text).toContain('- Underforecasts \\<b\\>Easter\\</b\\> \\# and says so\n');
    expect(text).toMatch(
      /## Where it gains least\n\n- regime:none: error where the baseline has none.*\n- region:north: \+20\.0 % error/,
    );
    expect(text).toMatch(/## Where it is most biased\n\n- region:north: \+40\.0 %, baseline 0\.0 %/);
    expect(text).toMatch(/## Not judged for lack of data\n\n- category:=SUM\(A1\),"x": 7 rows, 50 series/);
    expect(text).toContain('at 4 origins, 2026-01-05 to 2026-02-02. Other seasons were not tested.');
    expect(text).toContain('Rollback plan: Go back to the version before');
  });

  it('leaves out sections that have nothing to say', () => {
    const text = buildRiskSummary(report(goodSums()), { ...documented, knownFailureModes: [] });
    expect(text).not.toMatch(/Why it fails|Not shown yet|Warnings|Known failure modes|Not judged/);
  });
});
