import { canaryPage } from './canary-page.ts';
import { evaluationPage } from './evaluation-page.ts';
import { type Artifact, CSV_TYPE, HTML_TYPE, JSON_TYPE, jsonBytes, PAGE_SUFFIX, REPORT_NAME } from './gate-report.ts';
import { buildOfflineReport, type OfflineReport, type OfflineReportInput } from './offline-envelope.ts';
import { riskPage } from './risk-page.ts';
import { buildRiskSummary } from './risks.ts';
import { segmentAnalysisCsv, segmentAnalysisPage } from './segment-analysis.ts';
import { shadowPage } from './shadow-page.ts';
import {
  buildCanaryReport,
  buildShadowReport,
  type CanaryReportInput,
  type ShadowReportInput,
} from './stage-envelope.ts';
import type { CanaryReport, ShadowReport } from './stage-schema.ts';

/**
 * What the offline gate leaves: evaluation report, segment analysis, and risk and limitation summary, each for machines
 * and as a page for people. Same input, same bytes.
 */
export function buildOfflineArtifacts(input: OfflineReportInput): readonly Artifact[] {
  return offlineArtifacts(buildOfflineReport(input));
}

/** What the shadow gate leaves: its report for machines and as a page for people. Same input, same bytes. */
export function buildShadowArtifacts(input: ShadowReportInput): readonly Artifact[] {
  return shadowArtifacts(buildShadowReport(input));
}

/** What the canary gate leaves: its report for machines and as a page for people. Same input, same bytes. */
export function buildCanaryArtifacts(input: CanaryReportInput): readonly Artifact[] {
  return canaryArtifacts(buildCanaryReport(input));
}

/** The artifacts of a report that may have been written before: pages say what that report says, and nothing else. */
export function offlineArtifacts(report: OfflineReport): readonly Artifact[] {
  const risks = buildRiskSummary(report);
  return [
    json(REPORT_NAME, 'evaluation-report', report),
    page(REPORT_NAME, 'evaluation-report', evaluationPage(report)),
    {
      ...{ name: 'segment-analysis', file: 'segment-analysis.csv', contentType: CSV_TYPE },
      bytes: segmentAnalysisCsv(report),
    },
    page('segment-analysis', 'segment-analysis', segmentAnalysisPage(report)),
    json('risk-summary', 'risk-summary', risks),
    page('risk-summary', 'risk-summary', riskPage(risks)),
  ];
}

export function shadowArtifacts(report: ShadowReport): readonly Artifact[] {
  return [json(REPORT_NAME, 'shadow-report', report), page(REPORT_NAME, 'shadow-report', shadowPage(report))];
}

export function canaryArtifacts(report: CanaryReport): readonly Artifact[] {
  return [json(REPORT_NAME, 'canary-report', report), page(REPORT_NAME, 'canary-report', canaryPage(report))];
}

function json(name: string, file: string, report: object): Artifact {
  return { name, file: `${file}.json`, contentType: JSON_TYPE, bytes: jsonBytes(report) };
}

function page(name: string, file: string, bytes: string): Artifact {
  return { name: `${name}${PAGE_SUFFIX}`, file: `${file}.html`, contentType: HTML_TYPE, bytes };
}
