import { isReleaseError } from '../../platform/errors.ts';
import { evidencePaths } from '../../platform/keys.ts';
import type { PromotionItem, StoredObject } from '../../registry/items.ts';
import { byCode } from '../finding.ts';
import { type Judged, type JudgePorts, type JudgeSettings, readPolicy } from '../judge-ports.ts';
import { offlineArtifacts } from '../report/artifacts.ts';
import type { ReportSubject } from '../report/gate-report.ts';
import { buildOfflineReport, type OfflineOutcome } from '../report/offline-envelope.ts';
import { judgeOffline, OFFLINE_JUDGE } from './offline.ts';
import { type OfflineConfig, offlineConfig } from './offline-config.ts';

/** Judges the backtest that registration pinned. The artifacts of one promotion are the same bytes each time. */
export async function judgeOfflineGate(
  ports: JudgePorts,
  run: PromotionItem,
  settings: JudgeSettings,
): Promise<Judged> {
  const config = offlineConfig.parse((await readPolicy(ports, run)).offline);
  const { artifact, backtest, history } = run;
  const report = buildOfflineReport({
    subject: subjectOf(run, config),
    evidence: { artifact, backtest, history },
    outcome: await evaluate(ports, run, config),
  });
  const artifacts: Record<string, StoredObject> = {};
  for (const { name, file, bytes, contentType } of offlineArtifacts(report)) {
    const key = evidencePaths.evidence(run.promotionId, report.gate, file);
    artifacts[name] = await ports.evidence.writeOnce(key, bytes, { contentType, ...settings });
  }
  const { verdict, judge } = report;
  return { verdict, reasons: verdict === 'FAIL' ? report.reasons : report.pending, judge, artifacts };
}

function subjectOf(run: PromotionItem, config: OfflineConfig): ReportSubject<OfflineConfig> {
  const { promotionId, model, version, baseline, policyVersion, policyDigest } = run;
  return {
    ...{ judge: OFFLINE_JUDGE, promotionId, model, version, baseline },
    policy: { version: policyVersion, digest: policyDigest, config },
    documented: run,
  };
}

async function evaluate(ports: JudgePorts, run: PromotionItem, config: OfflineConfig): Promise<OfflineOutcome> {
  return ports.withDirectory(async (directory) => {
    const files = { rows: `${directory}/backtest`, history: `${directory}/history` };
    await ports.evidence.saveTo(run.backtest, files.rows);
    await ports.evidence.saveTo(run.history, files.history);
    try {
      const decision = judgeOffline(await ports.offlineSums(files, { config, directory }), config);
      return { judged: true, ...decision, warnings: byCode([...decision.warnings, ...decision.notes]) };
    } catch (error) {
      // What is wrong with the evidence is a finding about the candidate; everything else is a defect and is retried.
      if (!isReleaseError(error, 'UNUSABLE_EVIDENCE')) throw error;
      return { judged: false, reasons: [...error.reasons] };
    }
  });
}
