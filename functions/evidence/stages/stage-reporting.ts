import { parseStored } from '../../platform/boundary.ts';
import type { PromotionItem } from '../../registry/items.ts';
import { explainFinding } from '../explain-finding.ts';
import { byCode, type Finding } from '../finding.ts';
import { type Artifact, CSV_TYPE, JSON_TYPE, jsonBytes, REPORT_NAME } from '../report/gate-report.ts';
import { buildStageAnalysis, buildStageSummary } from '../report/stage-artifacts.ts';
import { type StageReport, stageReport } from '../report/stage-report.ts';
import type { RunningStage, StageReporting, StageSubject } from './running-stage.ts';
import { evidenceWarnings, type MeasuredQuality, type StageRead } from './stage-evidence.ts';

/** A report of tables, with a segment analysis and a risk summary. */
export function tableReporting(stage: RunningStage): StageReporting<StageReport> {
  return {
    ...{ stage, file: 'evaluation-report.json' },
    parse: (before, what) => parseStored(stageReport, before, what),
    artifacts,
    spent: ({ looks }) => looks,
  };
}

function artifacts(report: StageReport, run: PromotionItem): readonly Artifact[] {
  return [
    { name: REPORT_NAME, file: 'evaluation-report.json', contentType: JSON_TYPE, bytes: jsonBytes(report) },
    {
      ...{ name: 'segment-analysis', file: 'segment-analysis.csv', contentType: CSV_TYPE },
      bytes: buildStageAnalysis(report),
    },
    {
      ...{ name: 'risk-summary', file: 'risk-summary.md', contentType: 'text/markdown; charset=utf-8' },
      bytes: buildStageSummary(report, run),
    },
  ];
}

interface Decided {
  readonly verdict: StageReport['verdict'];
  readonly reasons: readonly Finding[];
  readonly pending: readonly Finding[];
}

/** What every report of tables says; days and tables are the gate's own. */
export function reportOf(
  { run, policy }: StageSubject,
  found: {
    readonly read: StageRead<{ readonly quality: MeasuredQuality }>;
    readonly decision: Decided;
    readonly gate: RunningStage;
    readonly judge: string;
  },
): Omit<StageReport, 'days' | 'metrics' | 'segments'> {
  const { read, decision, gate, judge } = found;
  const { promotionId, model, version, baseline } = run;
  const { quality } = read.sums;
  return {
    ...{ schema: 1, gate, judge, promotionId, model, version, baseline, verdict: decision.verdict },
    reasons: decision.reasons.map(explainFinding),
    pending: decision.pending.map(explainFinding),
    warnings: byCode(evidenceWarnings({ ...read, quality })).map(explainFinding),
    evidence: read.objects,
    policy: { version: run.policyVersion, digest: run.policyDigest, thresholds: { ...policy[gate] } },
    quality: { ...quality },
  };
}
