import type { MeasuredQuality } from '../stages/stage-evidence.ts';
import type { ArmMoments } from '../statistics/ratio-effect.ts';

/** What the canary is compared by; keys of the policy. All are better when lower. */
export const CANARY_METRICS = ['paired_wape', 'stockout', 'overstock'] as const;
export type CanaryMetric = (typeof CANARY_METRICS)[number];

/** Forecasts by the candidate for units that one step assigned to the canary. */
export interface CanaryStepSums {
  readonly step: number;
  /** Keys (origin, SKU, store, target) that were forecast; one of which only production's record is there counts once its day is closed. */
  readonly expected: number;
  readonly missing: number;
  readonly nonfinite: number;
  readonly negative: number;
  /** Keys with different values; left out of the counts above. */
  readonly conflicting: number;
  /** Series that the canary served although the step did not assign them to it. */
  readonly outside: number;
  /** Closed business days of this step. */
  readonly closedDays: number;
}

/** Everything up to one closed day of the last step. */
export interface CanaryLook {
  readonly day: string;
  readonly metrics: Readonly<Partial<Record<CanaryMetric, ArmPair>>>;
}

export interface ArmPair {
  readonly canary?: ArmMoments;
  /** Absent for paired metrics. */
  readonly control?: ArmMoments;
}

export interface CanaryEvidence {
  readonly steps: readonly CanaryStepSums[];
  /** One per closed day of the last step, in order. */
  readonly looks: readonly CanaryLook[];
  /** Closed days of any step, in order. */
  readonly days: readonly string[];
  /** Series by arm at the last step seen; `mixed`: their own requests disagree on whether they may be in the canary. */
  readonly units: { readonly canary: number; readonly control: number; readonly mixed: number };
  /** Paired relative error of the newest look by segment, for people only. */
  readonly segments: readonly SegmentError[];
  readonly quality: MeasuredQuality;
}

export interface SegmentError {
  readonly segment: string;
  readonly rows: number;
  readonly series: number;
  readonly actual: number;
  readonly candidateError: number;
  readonly comparatorError: number;
}
