import { parseStored } from '../../platform/boundary.ts';
import type { PromotionItem } from '../../registry/items.ts';
import type { Policy } from '../../registry/policy.ts';
import { byCode } from '../finding.ts';
import type { Judged, JudgePorts, JudgeSettings, Measured } from '../judge-ports.ts';
import { canaryArtifacts } from '../report/artifacts.ts';
import { subjectOf } from '../report/gate-report.ts';
import { buildCanaryReport, type CanaryReportInput } from '../report/stage-envelope.ts';
import { type CanaryReport, canaryReport } from '../report/stage-schema.ts';
import {
  type FoundInStage,
  judgeRunningStage,
  type StageReporting,
  type StageSubject,
  untilOf,
} from '../stages/running-stage.ts';
import { evidenceWarnings } from '../stages/stage-evidence.ts';
import { CANARY_JUDGE } from './canary.ts';
import { segmentsOf } from './canary-segments.ts';
import {
  type CanaryDecision,
  type CanaryEvidence,
  canaryConfigOf,
  judgeCanaryStage,
  type LookBounds,
  type StepWindow,
} from './canary-stage.ts';
import type { CanarySettings } from './canary-stage-store.ts';
import type { OpsCounts } from './canary-sums.ts';
import { stoodStill } from './stood-still.ts';

/** Days before the canary that each unit is compared with itself by. */
const DAYS_BEFORE = 28;

const REPORTING: StageReporting<CanaryReport> = {
  ...{ stage: 'canary', file: 'canary-report.json' },
  parse: (before, what) => parseStored(canaryReport, before, what),
  artifacts: canaryArtifacts,
  spent: ({ spent }) => spent,
  measured: measuredBy,
};

/** Digits behind which a difference says nothing to people; the registry keeps no number of any size. */
const DIGITS = 9;

function measuredBy({ result, steps }: CanaryReport, { canaryStep }: PromotionItem): Measured {
  const rounded = (value: number | 'inf' | null | undefined) =>
    typeof value === 'number' ? Number(value.toFixed(DIGITS)) : (value ?? null);
  return {
    days: result.days,
    stepDays: steps.find(({ step }) => step === canaryStep)?.closed_days ?? 0,
    measures: Object.entries(result.metrics).map(([name, { tau, ucb, margin, sufficient, non_inferior }]) => ({
      ...{ metric: name, estimate: rounded(tau), bound: rounded(ucb) },
      ...{ margin: margin === null ? null : Number(margin.toFixed(DIGITS)), sufficient },
      nonInferior: non_inferior ?? false,
    })),
  };
}

/** Judges a candidate that serves a share of the units, and whether it goes on to its next step. */
export function judgeCanaryGate(ports: JudgePorts, run: PromotionItem, settings: JudgeSettings): Promise<Judged> {
  const found = (subject: StageSubject) => find(ports, subject, settings);
  return judgeRunningStage(ports, { run, reporting: REPORTING }, settings, found);
}

async function find(
  ports: JudgePorts,
  { run, policy, question }: StageSubject,
  { at }: JudgeSettings,
): Promise<FoundInStage<CanaryReport>> {
  const { steps } = run.plan.canary;
  const config = canaryConfigOf(policy.canary, run.plan.canary);
  const read = await ports.canaryEvidence(question, canarySettings(run, policy));
  const { sums } = read;
  const decision = judgeCanaryStage(sums, config, {
    ...{ now: at, until: untilOf(question.filter), steps, step: run.canaryStep },
    exposed: question.filter.exposures.some(({ step }) => step === run.canaryStep),
    held: await ports.widening(run, at),
    taken: run.looks.canary,
  });
  const { result, reasons, pending, points, taken } = decision;
  const report = buildCanaryReport({
    subject: subjectOf(run, { judge: CANARY_JUDGE, config }),
    ...{ result, reasons, pending, evidence: read.objects, days: daysOf(sums, decision), steps: stepsOf(run, sums) },
    warnings: byCode(evidenceWarnings({ ...read, quality: sums.quality })),
    looks: points.map(({ day, metrics }) => ({ day, metrics: mapValues(metrics) })),
    segments: segmentsOf(sums.segments, config),
    stoodStill: stoodStill(run),
    ...(taken === undefined ? {} : { spent: { canary: taken } }),
  });
  const { advance, held } = decision;
  return { report, advance, held, closedDays: sums.steps.find(({ step }) => step === run.canaryStep)?.closedDays ?? 0 };
}

function canarySettings(run: PromotionItem, policy: Policy): CanarySettings {
  const { unit, where, excludedSegments, steps } = run.plan.canary;
  return {
    rule: { unit, where, excludedSegments, salt: run.promotionId },
    percentages: steps.map(({ percentage }) => percentage),
    last: steps.length - 1,
    minShare: policy.shadow.cycle_min_actual_share,
    coverDays: policy.canary.cover_days,
    daysBefore: DAYS_BEFORE,
    candidate: run.version,
    production: run.baseline === '' ? policy.safeForecast : run.baseline,
  };
}

/** The closed days of all steps up to the newest that was judged. */
function daysOf({ days }: CanaryEvidence, { points }: CanaryDecision): CanaryReportInput['days'] {
  const newest = points.at(-1)?.day;
  const judged = days.filter((day) => newest === undefined || day <= newest);
  const [from, to] = [judged[0], judged.at(-1)];
  return from === undefined || to === undefined ? null : { from, to, closed: judged.length };
}

function stepsOf(run: PromotionItem, { steps, windows }: CanaryEvidence): CanaryReportInput['steps'] {
  return steps.map(({ step, closedDays }) => {
    const own = windows.filter((window) => window.step === step);
    const sum = (of: (counts: OpsCounts) => number) =>
      own.reduce((total: number, { canary }: StepWindow) => total + of(canary), 0);
    return {
      ...{ step, percentage: run.plan.canary.steps[step]?.percentage ?? 0, closed_days: closedDays },
      expected: sum(({ expected }) => expected),
      missing: sum(({ missing }) => missing),
      nonfinite: sum(({ nonfinite }) => nonfinite),
      negative: sum(({ negative }) => negative),
    };
  });
}

/** As the report has it: unbounded by name. */
function mapValues(
  metrics: CanaryDecision['points'][number]['metrics'],
): CanaryReportInput['looks'][number]['metrics'] {
  const told = (value: number | null) => (value === Number.POSITIVE_INFINITY ? ('inf' as const) : value);
  const bounds = ({ tau, lcb, ucb, margin }: LookBounds) => ({
    ...{ tau: told(tau), lcb: told(lcb), ucb: told(ucb), margin },
  });
  return Object.fromEntries(Object.entries(metrics).map(([name, found]) => [name, bounds(found)]));
}
