import * as z from 'zod';
import { looks } from '../../registry/look-items.ts';
import { canaryResult } from '../canary/canary-result.ts';
import { shadowResult } from '../shadow/shadow-result.ts';
import { measured, objectsRead, reportHead, share } from './gate-report.ts';

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

/** Two-sided interval of a relative error; null where there are too few clusters. */
const interval = z.tuple([z.number(), z.number()]).nullable();

/** As it is reported: with its 90 % interval, so that a reader needs no distribution. */
const reportedSegment = stageSegment.extend({ interval });
export type ReportedSegment = z.infer<typeof reportedSegment>;

/** First and last closed business day that was judged, and how many; null: none is closed yet. */
const closedDays = z.object({ from: z.string(), to: z.string(), closed: z.int() }).nullable();

const stageHead = {
  ...reportHead,
  /** That of the result, unless more than the result counts, such as the power of the canary that would follow. */
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE', 'CONTINUE']),
  days: closedDays,
  evidence: z.object({ predictions: objectsRead, outcomes: objectsRead }),
  segments: z.array(reportedSegment),
  /** What this look leaves behind for the next, so that whoever finds this report spends it no second time. */
  spent: looks.exactOptional(),
};

/** Forecasts counted by the bins H2 of level ratios (35 counts): what a series is forecast to sell, over its own level. */
export const levelHistograms = z.object({ candidate: z.array(z.int()), production: z.array(z.int()) });
export type LevelHistograms = z.infer<typeof levelHistograms>;

/** What the power check of the canary found, by metric. */
const power = z.object({
  /** Days of outcomes that it rests on. */
  days: z.int(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      clusters_canary: z.int(),
      clusters_control: z.int(),
      /** Standard deviation of one cluster, in the unit of the ratio. */
      sigma: share,
      margin: share,
      clusters_needed: z.int().nullable(),
      /** Least share of the units, 0 to 100, that would do; null: none would. */
      percentage_needed: z.int().nullable(),
      days_needed: z.int().nullable(),
      powered: z.boolean(),
    }),
  ),
});

export const shadowReport = z.object({
  ...stageHead,
  gate: z.literal('shadow'),
  result: shadowResult,
  /** Of the relative error, by the Diebold-Mariano test at the level of one decision. */
  interval,
  /** Null when nothing was forecast yet. */
  histograms: levelHistograms.nullable(),
  /** Whether a canary of this plan could show its margins, as the power check found it; null: not asked yet. */
  power: power.nullable(),
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
  /** Times (UTC) in which it was not widened although it could have been, in order; `to` null: until the verdict. */
  stood_still: z
    .array(z.object({ from: z.string(), to: z.string().nullable(), why: z.array(z.string()) }))
    .exactOptional(),
});
export type CanaryReport = z.infer<typeof canaryReport>;
