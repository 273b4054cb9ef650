import { isReleaseError } from '../../platform/errors.ts';
import type { PromotionItem } from '../../registry/items.ts';
import {
  type ArtifactName,
  type Judged,
  type JudgePorts,
  type JudgeSettings,
  readPolicy,
  reportBytes,
  writeArtifact,
} from '../judge-ports.ts';
import { buildEvaluationReport, buildSegmentAnalysis, type Outcome } from '../report/report.ts';
import { buildRiskSummary } from '../report/risk-summary.ts';
import { FIXED_THRESHOLDS, judgeOffline, OFFLINE_JUDGE, type OfflineThresholds } from './offline.ts';

/** Judges the backtest that registration pinned. The artifacts of one promotion are the same bytes each time. */
export async function judgeOfflineGate(
  ports: JudgePorts,
  run: PromotionItem,
  settings: JudgeSettings,
): Promise<Judged> {
  const thresholds = { ...(await readPolicy(ports, run)).offline, ...FIXED_THRESHOLDS };
  const outcome = await evaluate(ports, run, thresholds);
  const { promotionId, model, version, baseline, artifact, backtest, history } = run;
  const report = buildEvaluationReport(
    {
      ...{ promotionId, model, version, baseline },
      evidence: { artifact, backtest, history },
      policy: { version: run.policyVersion, digest: run.policyDigest, thresholds },
    },
    outcome,
  );
  const write = (name: ArtifactName, bytes: string) =>
    writeArtifact(ports, { run, gate: report.gate, name, bytes }, settings);
  return {
    verdict: report.verdict,
    reasons: report.verdict === 'FAIL' ? report.reasons : report.pending,
    judge: OFFLINE_JUDGE,
    artifacts: {
      'evaluation-report': await write('evaluation-report', reportBytes(report)),
      'segment-analysis': await write('segment-analysis', buildSegmentAnalysis(report)),
      'risk-summary': await write('risk-summary', buildRiskSummary(report, run)),
    },
  };
}

async function evaluate(ports: JudgePorts, run: PromotionItem, thresholds: OfflineThresholds): Promise<Outcome> {
  return ports.withDirectory(async (directory) => {
    const files = { backtest: `${directory}/backtest`, history: `${directory}/history` };
    await ports.evidence.saveTo(run.backtest, files.backtest);
    await ports.evidence.saveTo(run.history, files.history);
    try {
      const options = { directory, exactMinUnits: thresholds.leak_exact_min_units };
      const sums = await ports.offlineSums(files, options);
      return { judged: true, sums, decision: judgeOffline(sums, thresholds) };
    } catch (error) {
      // What is wrong with the evidence is a finding about the candidate; everything else is a defect and is retried.
      if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
      return { judged: false, reasons: [...error.reasons] };
    }
  });
}
