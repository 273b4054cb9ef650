import * as z from 'zod';
import { type Looks, looks } from '../../registry/items.ts';
import type { CanaryConfig } from '../canary/canary-config.ts';
import { type CanaryResult, canaryResult } from '../canary/canary-result.ts';
import { type CanaryPower, canaryPower } from '../canary/power.ts';
import type { ShadowConfig } from '../shadow/shadow-config.ts';
import { type ShadowResult, shadowResult } from '../shadow/shadow-result.ts';
import {
  explained,
  type Findings,
  headOf,
  type Measured,
  measured,
  type ObjectsRead,
  objectsRead,
  type ReportSubject,
  reportHead,
  share,
} from './gate-report.ts';

/** Accuracy in one segment, on the rows that both versions forecast. `production` is the comparator. */
export const stageSegment = z.object({
  name: z.string(),
  n_rows: z.int(),
  n_series: z.int(),
  /** Relative change of the absolute error; negative is better. */
  rel_wape: measured,
  /** Standard error of it, clustered by series; null where there are too few. */
  se: share,
  wape_candidate: share,
  wape_production: share,
  bias_candidate: share,
  bias_production: share,
});
export type StageSegment = z.infer<typeof stageSegment>;

/** First and last closed business day that was judged, and how many; null: none is closed yet. */
const closedDays = z.object({ from: z.string(), to: z.string(), closed: z.int() }).nullable();

const stageHead = {
  ...reportHead,
  /** That of the result, unless more than the result counts, such as the power of the canary that would follow. */
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE', 'CONTINUE']),
  days: closedDays,
  evidence: z.object({ predictions: objectsRead, outcomes: objectsRead }),
  segments: z.array(stageSegment),
  /** What this look leaves behind for the next, so that whoever finds this report spends it no second time. */
  spent: looks.exactOptional(),
};

/** Forecasts counted by the bins H2 of level ratios (35 counts): what a series is forecast to sell, over its own level. */
export const levelHistograms = z.object({ candidate: z.array(z.int()), production: z.array(z.int()) });
export type LevelHistograms = z.infer<typeof levelHistograms>;

export const shadowReport = z.object({
  ...stageHead,
  gate: z.literal('shadow'),
  result: shadowResult,
  /** Null when nothing was forecast yet. */
  histograms: levelHistograms.nullable(),
  /** Whether a canary of this plan could show its margins, as the power check found it; null: not asked yet. */
  power: canaryPower.nullable(),
});
export type ShadowReport = z.infer<typeof shadowReport>;

/** Operations at one step of the canary. Counts are of forecasts expected of the candidate. */
const canaryStep = z.object({
  step: z.int(),
  /** Share of the units, 0 to 100. */
  percentage: z.number(),
  closed_days: z.int(),
  expected: z.int(),
  missing: z.int(),
  nonfinite: z.int(),
  negative: z.int(),
});
export type CanaryStepReport = z.infer<typeof canaryStep>;

/** One look at the KPIs: the difference `tau` between its bounds, and the margin that it is held to. */
const canaryLook = z.object({
  day: z.string(),
  metrics: z.record(z.string(), z.object({ tau: measured, lcb: measured, ucb: measured, margin: measured })),
});
export type CanaryLookReport = z.infer<typeof canaryLook>;

export const canaryReport = z.object({
  ...stageHead,
  gate: z.literal('canary'),
  result: canaryResult,
  steps: z.array(canaryStep),
  /** In order of their days; the last one is that of `result`. */
  looks: z.array(canaryLook),
});
export type CanaryReport = z.infer<typeof canaryReport>;

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

export function buildShadowReport(input: ShadowReportInput): ShadowReport {
  const { result, histograms, power, verdict = result.decision } = input;
  return {
    ...stagePart(input),
    ...{ gate: 'shadow', verdict, result },
    histograms:
      histograms === null ? null : { candidate: [...histograms.candidate], production: [...histograms.production] },
    power,
  };
}

export function buildCanaryReport(input: CanaryReportInput): CanaryReport {
  const { result, steps, looks, verdict = result.decision } = input;
  return {
    ...stagePart(input),
    ...{ gate: 'canary', verdict, result },
    steps: [...steps],
    looks: looks.map(({ day, metrics }) => ({ day, metrics: { ...metrics } })),
  };
}

function stagePart(input: StageInput<object>) {
  const { subject, evidence, days, segments, spent } = input;
  const head = { ...headOf(subject, explained(input)), days, evidence, segments: [...segments] };
  return spent === undefined ? head : { ...head, spent };
}
