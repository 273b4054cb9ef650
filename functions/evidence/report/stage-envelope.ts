import type { Looks } from '../../registry/items.ts';
import type { CanaryConfig } from '../canary/canary-config.ts';
import type { CanaryResult } from '../canary/canary-result.ts';
import type { CanaryPower } from '../canary/power.ts';
import type { StoodStill } from '../canary/stood-still.ts';
import type { ShadowConfig } from '../shadow/shadow-config.ts';
import type { ShadowResult } from '../shadow/shadow-result.ts';
import { studentTQuantile } from '../statistics/distributions.ts';
import {
  explained,
  type Findings,
  headOf,
  type Measured,
  type ObjectsRead,
  type ReportSubject,
} from './gate-report.ts';
import {
  type CanaryReport,
  type CanaryStepReport,
  canaryReport,
  type ReportedSegment,
  type ShadowReport,
  type StageSegment,
  shadowReport,
} from './stage-schema.ts';

interface StageInput<Config extends object> extends Findings {
  /** Absent: that of the result. */
  readonly verdict?: ShadowReport['verdict'];
  readonly subject: ReportSubject<Config>;
  readonly evidence: { readonly predictions: ObjectsRead; readonly outcomes: ObjectsRead };
  readonly days: { readonly from: string; readonly to: string; readonly closed: number } | null;
  readonly segments: readonly StageSegment[];
  /** What this look leaves behind; absent when it spent nothing. */
  readonly spent?: Partial<Looks>;
}

export interface ShadowReportInput extends StageInput<ShadowConfig> {
  readonly result: ShadowResult;
  readonly histograms: { readonly candidate: readonly number[]; readonly production: readonly number[] } | null;
  /** What the power check found; null: it was not asked. */
  readonly power: CanaryPower | null;
}

export interface CanaryReportInput extends StageInput<CanaryConfig> {
  readonly result: CanaryResult;
  /** @default none */
  readonly stoodStill?: readonly StoodStill[];
  readonly steps: readonly CanaryStepReport[];
  readonly looks: readonly {
    readonly day: string;
    readonly metrics: Readonly<
      Record<
        string,
        { readonly tau: Measured; readonly lcb: Measured; readonly ucb: Measured; readonly margin: Measured }
      >
    >;
  }[];
}

/** Members are in one order, whoever found them: a report that is read back gives the same bytes. */
export function buildShadowReport(input: ShadowReportInput): ShadowReport {
  const { result, histograms, power, verdict = result.decision } = input;
  return shadowReport.parse({
    ...stagePart(input),
    ...{ gate: 'shadow', verdict, result },
    interval: intervalOf(result.accuracy.dm.mean, { ...result.accuracy.dm, alpha: result.accuracy.alpha_look }),
    histograms:
      histograms === null ? null : { candidate: [...histograms.candidate], production: [...histograms.production] },
    power,
  });
}

/** Members are in one order, as of the shadow's report. */
export function buildCanaryReport(input: CanaryReportInput): CanaryReport {
  const { result, steps, looks, stoodStill = [], verdict = result.decision } = input;
  return canaryReport.parse({
    ...stagePart(input),
    ...{ gate: 'canary', verdict, result },
    steps: [...steps],
    looks: looks.map(({ day, metrics }) => ({ day, metrics: { ...metrics } })),
    ...(stoodStill.length === 0 ? {} : { stood_still: stoodStill }),
  });
}

function stagePart(input: StageInput<object>) {
  const { subject, evidence, days, segments, spent } = input;
  const head = { ...headOf(subject, explained(input)), days, evidence, segments: segments.map(reported) };
  return spent === undefined ? head : { ...head, spent };
}

function reported(segment: StageSegment): ReportedSegment {
  const { rel_wape, se, n_series } = segment;
  return { ...segment, interval: intervalOf(rel_wape, { se, n: n_series, alpha: SEGMENT_ALPHA }) };
}

/** On each side of a segment's interval. */
const SEGMENT_ALPHA = 0.05;

/** The estimate plus and minus t(1 - alpha, n - 1) standard errors (Student 1908). */
function intervalOf(
  estimate: Measured,
  { se, n, alpha }: { readonly se: number | null; readonly n: number; readonly alpha: number },
): [low: number, high: number] | null {
  if (typeof estimate !== 'number' || se === null || n < 2) return null;
  const half = studentTQuantile(1 - alpha, n - 1) * se;
  return [estimate - half, estimate + half];
}
