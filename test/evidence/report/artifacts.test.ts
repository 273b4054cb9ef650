import { describe, expect, it } from 'vitest';
import {
  buildCanaryArtifacts,
  buildOfflineArtifacts,
  buildShadowArtifacts,
  canaryArtifacts,
  offlineArtifacts,
  shadowArtifacts,
} from '../../../functions/evidence/report/artifacts.ts';
import type { Artifact } from '../../../functions/evidence/report/gate-report.ts';
import { offlineReport } from '../../../functions/evidence/report/offline-envelope.ts';
import { readReport } from '../../../functions/evidence/report/read-report.ts';
import { riskSummary } from '../../../functions/evidence/report/risks.ts';
import { canaryReport, shadowReport } from '../../../functions/evidence/report/stage-schema.ts';
import { canaryInput, found, offlineInput, shadowInput } from './sample-reports.ts';

const unreadable = {
  ...offlineInput(),
  outcome: {
    judged: false as const,
    reasons: [{ code: 'COLUMN_MISSING', message: 'A column is missing.', got: 'sku, store', allowed: 'origin_date' }],
  },
};
const GATES: Readonly<Record<string, () => readonly Artifact[]>> = {
  offline: () => buildOfflineArtifacts(offlineInput({}, { warnings: [found('QUANTILE_CROSSING')] })),
  'offline, unreadable': () => buildOfflineArtifacts(unreadable),
  shadow: () => buildShadowArtifacts(shadowInput()),
  canary: () => buildCanaryArtifacts(canaryInput()),
};
const artifactsOf = (gate: string) => GATES[gate]?.() ?? [];
const bytesOf = (artifacts: readonly Artifact[], name: string) =>
  artifacts.find((one) => one.name === name)?.bytes ?? '';

describe('What a gate leaves', () => {
  it('is a report, a segment analysis and a risk summary offline, each for machines and for people', () => {
    expect(artifactsOf('offline').map(({ name, file, contentType }) => [name, file, contentType])).toEqual([
      ['evaluation-report', 'evaluation-report.json', 'application/json'],
      ['evaluation-report-page', 'evaluation-report.html', 'text/html; charset=utf-8'],
      ['segment-analysis', 'segment-analysis.csv', 'text/csv; charset=utf-8'],
      ['segment-analysis-page', 'segment-analysis.html', 'text/html; charset=utf-8'],
      ['risk-summary', 'risk-summary.json', 'application/json'],
      ['risk-summary-page', 'risk-summary.html', 'text/html; charset=utf-8'],
    ]);
  });

  it.each(['shadow', 'canary'])(
    'is a report of %s for machines and for people, under the name of every report',
    (gate) => {
      expect(artifactsOf(gate).map(({ name, file }) => [name, file])).toEqual([
        ['evaluation-report', `${gate}-report.json`],
        ['evaluation-report-page', `${gate}-report.html`],
      ]);
    },
  );

  it.each(Object.keys(GATES))('of %s is the same bytes for the same findings', (gate) => {
    expect(artifactsOf(gate)).toEqual(artifactsOf(gate));
  });

  it.each(Object.keys(GATES))('of %s carries no time of day', (gate) => {
    for (const { bytes } of artifactsOf(gate)) expect(bytes).not.toMatch(/\d{2}:\d{2}(:\d{2})?(\.\d+)?Z|\bUTC\b/);
  });

  it('can be made again from the report alone, as it was stored', () => {
    for (const [gate, again] of [
      ['offline', (text: string) => offlineArtifacts(offlineReport.parse(JSON.parse(text)))],
      ['offline, unreadable', (text: string) => offlineArtifacts(offlineReport.parse(JSON.parse(text)))],
      ['shadow', (text: string) => shadowArtifacts(shadowReport.parse(JSON.parse(text)))],
      ['canary', (text: string) => canaryArtifacts(canaryReport.parse(JSON.parse(text)))],
    ] as const) {
      const artifacts = artifactsOf(gate);
      expect(again(bytesOf(artifacts, 'evaluation-report'))).toEqual(artifacts);
    }
  });

  it('says what was read, judged and allowed, and nothing of single series', () => {
    const report = JSON.parse(bytesOf(artifactsOf('offline'), 'evaluation-report'));
    expect(report).toMatchObject({
      ...{ schema: 2, gate: 'offline', judge: 'offline/2', verdict: 'PASS', baseline: '1.1.0' },
      policy: { version: 1, config: { margin_overall: 0.01, min_improvement: 0.01 } },
      evidence: { backtest: { key: 'b' }, history: { key: 'h' } },
      documented: { knownFailureModes: ['Underforecasts in the week before Easter.', expect.any(String)] },
      result: { decision: 'PASS', overall: { rel_wape: -0.084 } },
      warnings: [{ code: 'QUANTILE_CROSSING', message: expect.any(String), next: expect.any(String) }],
    });
    expect(report.result).not.toHaveProperty('series');
  });

  it('gives each estimate of a running stage its interval', () => {
    const report = shadowReport.parse(JSON.parse(bytesOf(artifactsOf('shadow'), 'evaluation-report')));
    // t(0.99; 27) = 2.4727, t(0.95; 399) = 1.6487
    expect(report.interval?.map((bound) => Number(bound.toFixed(4)))).toEqual([-0.0533, -0.0087]);
    expect(report.segments[0]?.interval?.map((bound) => Number(bound.toFixed(4)))).toEqual([-0.0665, -0.0335]);
  });

  it('is short, but whole, when the evidence cannot be read', () => {
    const artifacts = artifactsOf('offline, unreadable');
    expect(artifacts).toHaveLength(6);
    const report = readReport(Buffer.from(bytesOf(artifacts, 'evaluation-report')));
    expect(report).toMatchObject({ verdict: 'FAIL', result: null, reasons: [{ code: 'COLUMN_MISSING' }] });
    for (const name of ['evaluation-report-page', 'risk-summary-page']) {
      expect(bytesOf(artifacts, name)).toContain('A column is missing.');
    }
    expect(bytesOf(artifacts, 'segment-analysis').split('\n')).toHaveLength(2);
    expect(bytesOf(artifacts, 'segment-analysis-page')).toContain('nothing was measured');
  });

  it('keeps what people typed as text', () => {
    const input = offlineInput();
    const evil = '<img src=x onerror=alert(1)>"\'</style><script>alert(1)</script>';
    const documented = { ...input.subject.documented, knownFailureModes: [evil] };
    for (const { file, bytes } of buildOfflineArtifacts({
      ...input,
      subject: { ...input.subject, documented, version: evil },
    })) {
      if (file.endsWith('.html')) expect(bytes).not.toMatch(/<img|<script|onerror=alert\(1\)>"/);
    }
  });
});

describe('The risk and limitation summary', () => {
  const risks = riskSummary.parse(JSON.parse(bytesOf(artifactsOf('offline'), 'risk-summary')));

  it('names known failure modes, segments that are not proven, dirt in the data, and what was not tested', () => {
    expect(risks.knownFailureModes).toHaveLength(2);
    expect(risks.segmentsNotProven.insufficient.map(({ name }) => name)).toEqual(['region:new']);
    expect(risks.segmentsNotProven.inconclusive.map(({ name }) => name)).toEqual(['regime:lumpy']);
    expect(risks.dataQuality).toEqual({ bad_date: 2, duplicate_rows: 12, missing_actual: 280, invalid_actual: 6 });
    expect(risks.notTested).toContain(
      'Horizons of 1 to 7 and 8 to 14 and 15 to 28 and 29 and more days: there are no such rows.',
    );
    expect(risks.rollbackPlan).not.toBe('');
  });

  it('puts the judged segments first that gain least, and those that are most biased', () => {
    expect(risks.weakest.map(({ name }) => name)).toEqual([
      'regime:lumpy',
      'volume:C',
      'category:HOBBIES',
      'category:FOODS',
      'region:CA',
    ]);
    expect(risks.mostBiased[0]).toMatchObject({ name: 'regime:lumpy', bias_candidate: 0.09 });
  });

  it('is a page that says the same', () => {
    const page = bytesOf(artifactsOf('offline'), 'risk-summary-page');
    for (const words of [...risks.notTested, ...risks.knownFailureModes, 'regime:lumpy', 'Duplicate rows']) {
      expect(page).toContain(words);
    }
  });
});
