import { parseStored } from '../../platform/boundary.ts';
import type { PromotionItem } from '../../registry/items.ts';
import { byCode } from '../finding.ts';
import type { Judged, JudgePorts, JudgeSettings } from '../judge-ports.ts';
import { shadowArtifacts } from '../report/artifacts.ts';
import { subjectOf } from '../report/gate-report.ts';
import { buildShadowReport } from '../report/stage-envelope.ts';
import { type LevelHistograms, type ShadowReport, shadowReport } from '../report/stage-schema.ts';
import {
  type FoundInStage,
  judgeRunningStage,
  type StageReporting,
  type StageSubject,
  untilOf,
} from '../stages/running-stage.ts';
import { evidenceWarnings } from '../stages/stage-evidence.ts';
import { SHADOW_JUDGE, type ShadowContext } from './shadow.ts';
import { judgeLooks } from './shadow-looks.ts';
import { powerOfCanary } from './shadow-power.ts';
import { segmentsOf } from './shadow-segments.ts';
import type { SeriesSums } from './shadow-sums.ts';

const NO_LOOK = { decisions: 0, cycles: 0 };

const REPORTING: StageReporting<ShadowReport> = {
  ...{ stage: 'shadow', file: 'shadow-report.json' },
  parse: (before, what) => parseStored(shadowReport, before, what),
  artifacts: shadowArtifacts,
  spent: ({ spent }) => spent,
};

/** Judges a candidate that forecasts beside production and serves nobody. */
export function judgeShadowGate(ports: JudgePorts, run: PromotionItem, settings: JudgeSettings): Promise<Judged> {
  const found = (subject: StageSubject) => find(ports, subject, settings);
  return judgeRunningStage(ports, { run, reporting: REPORTING }, settings, found);
}

async function find(
  ports: JudgePorts,
  { run, policy, question }: StageSubject,
  { at }: JudgeSettings,
): Promise<FoundInStage<ShadowReport>> {
  const config = policy.shadow;
  const taken = run.looks.shadow ?? NO_LOOK;
  const read = await ports.shadowEvidence(question, { config, taken });
  const { sums } = read;
  const decision = judgeLooks(sums, config, {
    ...{ taken, now: at, until: untilOf(question.filter) },
    ...contextOf(run),
  });
  const { bySeries, days, result, reasons } = decision;
  // Asked of a pass alone: nothing else lets a canary begin.
  const power = result.decision === 'PASS' ? await powerOfCanary(ports, { run, policy, question }) : null;
  const short = power?.findings ?? [];
  const report = buildShadowReport({
    subject: subjectOf(run, { judge: SHADOW_JUDGE, config }),
    ...{ result, reasons, evidence: read.objects, days },
    pending: [...decision.pending, ...short],
    ...(short.length === 0 ? {} : { verdict: 'INCONCLUSIVE' as const }),
    warnings: byCode([...decision.warnings, ...evidenceWarnings({ ...read, quality: sums.quality })]),
    segments: segmentsOf(bySeries.segments, config),
    histograms: bySeries.blocks === 0 ? null : countsOf(bySeries),
    power: power?.power ?? null,
    ...(decision.taken === taken ? {} : { spent: { shadow: decision.taken } }),
  });
  return { report, advance: false, closedDays: 0 };
}

/** The safe forecast repeats a week, and so is hardly revised from origin to origin. */
function contextOf({ baseline }: PromotionItem): ShadowContext {
  return { revisions: baseline === '' ? 'error' : 'ratio-or-error', drift: 'with-harm' };
}

function countsOf({ candidate, production }: SeriesSums): LevelHistograms {
  return { candidate: [...candidate.counts], production: [...production.counts] };
}
