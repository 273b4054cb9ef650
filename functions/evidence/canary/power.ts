import * as z from 'zod';
import { durationSeconds } from '../../platform/duration.ts';
import type { ExposurePlan } from '../../promotion/exposure.ts';
import { type Finding, finding, percent } from '../finding.ts';
import { studentTQuantile } from '../statistics/distributions.ts';
import { type ArmMoments, residualSpread } from '../statistics/ratio-effect.ts';
import { CANARY_METRICS, type CanaryConfig, type CanaryMetric } from './canary-config.ts';
import { marginOf, plannedLooks } from './canary-metric.ts';

/** Chance with which a canary that does no harm should be shown to do none. */
const POWER = 0.8;
/** Degrees of freedom at which Student's t is the normal distribution. */
const MANY = 1e7;

/** What one metric was like before anybody is exposed, over all units that may be in the canary or its control. */
export interface PowerMetric {
  /** Numerator and denominator over the last 28 days: what a relative margin is a share of. */
  readonly before: { readonly n: bigint; readonly d: bigint };
  /** Recent days against those before them, as a canary of so many days would be against its pre-period. Shortest first. */
  readonly windows: readonly { readonly days: number; readonly moments: ArmMoments }[];
}

export interface PowerEvidence {
  /** Clusters that the plan's last step gives to each arm. */
  readonly clusters: { readonly canary: number; readonly control: number };
  /** Days of outcomes that it rests on. */
  readonly days: number;
  readonly metrics: Readonly<Partial<Record<CanaryMetric, PowerMetric>>>;
}

const metricPower = z.object({
  metric: z.enum(CANARY_METRICS),
  clusters_canary: z.int(),
  clusters_control: z.int(),
  /** Standard deviation of one cluster at the planned look where it is least, in the unit of the ratio; null: not known. */
  sigma: z.number().nullable(),
  margin: z.number().nullable(),
  /** Clusters that would do, in each of two equal arms; of a paired metric in the canary. */
  clusters_needed: z.int().nullable(),
  /** Least share of the units, 0 to 100, that would do with the units that there are; null: none would. */
  percentage_needed: z.int().nullable(),
  /** Days of the last step after which the margin can be shown; null: not within `max_days`. */
  days_needed: z.int().nullable(),
  powered: z.boolean(),
});
export type MetricPower = z.infer<typeof metricPower>;

/** Whether a canary of a plan could show its margins. */
export const canaryPower = z.object({ days: z.int(), metrics: z.array(metricPower) });
export type CanaryPower = z.infer<typeof canaryPower>;

export interface JudgedPower {
  readonly power: CanaryPower;
  readonly findings: readonly Finding[];
}

/**
 * Whether a canary of this plan can show within `max_days` that it does no harm, with 80 % power if it does none: for
 * each metric the standard error that its clusters will have against the one that its margin needs,
 * SE <= margin / (t(1 - alpha_pass / K) + t(0.8)) for K planned looks. With no finding it can.
 * CANARY_UNDERPOWERED: too few clusters, with the number that would do; CANARY_MARGIN_UNDEFINED: there was nothing before
 * to take a share of; CANARY_POWER_UNKNOWN: nothing is known of the metric yet.
 */
export function checkPower(
  evidence: PowerEvidence,
  { steps }: Pick<ExposurePlan['canary'], 'steps'>,
  config: CanaryConfig,
): JudgedPower {
  const percentage = steps.at(-1)?.percentage ?? 0;
  const metrics = CANARY_METRICS.filter((metric) => config.metrics[metric] !== undefined);
  const looks = looksOf(steps, config);
  const checked = metrics.map((metric) => powerOf(metric, { evidence, config, looks }));
  return {
    power: { days: evidence.days, metrics: checked },
    findings: checked.flatMap((one) => findingsOf(one, { percentage, days: evidence.days, config })),
  };
}

/**
 * Clusters that each of two equal arms needs, or the canary of a paired metric, for a spread `sigma` per cluster against
 * its margin: the least G with G >= 2 (t(1 - alpha / K; df) + t(power; df))^2 (sigma / margin)^2, without the 2 when paired.
 * For large G it is about 19 (sigma / margin)^2 with four looks and 12.4 with one.
 */
export function clustersNeeded(
  ratio: number,
  of: { readonly alpha: number; readonly looks: number; readonly paired: boolean },
): number {
  const arms = of.paired ? 1 : 2;
  const least = (df: number) => arms * (factor(of, df) * ratio) ** 2;
  // Quantiles fall with the clusters: those of very many are the least that could do.
  let needed = Math.max(2, Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(least(MANY))));
  while (needed < MANY && needed < least(arms * (needed - 1))) needed += 1;
  return needed;
}

function factor({ alpha, looks }: { readonly alpha: number; readonly looks: number }, df: number): number {
  return studentTQuantile(1 - alpha / looks, df) + studentTQuantile(POWER, df);
}

interface Arms {
  readonly canary: number;
  readonly control: number;
}

/** Planned looks that the hold of the last step lets pass, in closed days. */
function looksOf(steps: ExposurePlan['canary']['steps'], config: CanaryConfig): readonly number[] {
  const hold = durationSeconds(steps.at(-1)?.hold ?? 'P1D') / 86_400;
  return Array.from({ length: plannedLooks(config) }, (_, index) => (index + 1) * config.pass_every_days).filter(
    (days) => days >= hold,
  );
}

interface PowerQuestion {
  readonly evidence: PowerEvidence;
  readonly config: CanaryConfig;
  readonly looks: readonly number[];
}

function powerOf(metric: CanaryMetric, { evidence, config, looks }: PowerQuestion): MetricPower {
  const { clusters } = evidence;
  const paired = metric === 'paired_wape';
  const found = evidence.metrics[metric];
  const before = found === undefined || found.before.d === 0n ? null : Number(found.before.n) / Number(found.before.d);
  const margin = marginOf(config.metrics[metric] ?? {}, paired ? 1 : before);
  const spread = spreadOf(found, paired, config);
  const of = { alpha: config.alpha_pass, looks: plannedLooks(config), paired };
  const sigma = spread === null || looks.length === 0 ? null : Math.min(...looks.map(spread));
  const head = { metric, clusters_canary: clusters.canary, clusters_control: clusters.control, sigma, margin };
  if (spread === null || sigma === null || margin === null) {
    return { ...head, clusters_needed: null, percentage_needed: null, days_needed: null, powered: false };
  }
  const shows = (arms: Arms, days: number) =>
    enough(arms, { paired, config }) && isShown(arms, spread(days), margin, of);
  const shown = looks.find((days) => shows(clusters, days)) ?? null;
  return {
    ...head,
    clusters_needed: Math.max(config.min_clusters, clustersNeeded(sigma / margin, of)),
    percentage_needed: shareFor(clusters, (arms) => looks.some((days) => shows(arms, days))),
    days_needed: shown,
    powered: shown !== null,
  };
}

function enough({ canary, control }: Arms, of: { readonly paired: boolean; readonly config: CanaryConfig }): boolean {
  return canary >= of.config.min_clusters && (of.paired || control >= of.config.min_clusters);
}

function isShown(
  { canary, control }: Arms,
  sigma: number,
  margin: number,
  of: { readonly alpha: number; readonly looks: number; readonly paired: boolean },
): boolean {
  const df = of.paired ? canary - 1 : canary + control - 2;
  const error = sigma * Math.sqrt(1 / canary + (of.paired ? 0 : 1 / control));
  return df > 0 && error * factor(of, df) <= margin;
}

/** The least whole percentage at which the units that there are would do. */
function shareFor({ canary, control }: Arms, shows: (arms: Arms) => boolean): number | null {
  const units = canary + control;
  for (let share = 1; share < 100; share += 1) {
    const inCanary = Math.floor((units * share) / 100);
    if (shows({ canary: inCanary, control: units - inCanary })) return share;
  }
  return null;
}

/**
 * Standard deviation of one cluster by the days of the canary, adjusted by its pre-period as the judge does it. Beyond
 * the longest window that was measured the variance is taken on as a + b / days from the shortest to the longest: what
 * differs between clusters for good stays, and chance averages out. With one window it stays as it is.
 */
function spreadOf(
  found: PowerMetric | undefined,
  paired: boolean,
  { theta_clamp }: CanaryConfig,
): ((days: number) => number) | null {
  const known = (found?.windows ?? []).flatMap(({ days, moments }) => {
    const spread = residualSpread(moments, paired ? [0, 0] : theta_clamp);
    return spread === null ? [] : [{ days, variance: spread ** 2 }];
  });
  const [shortest, longest] = [known[0], known.at(-1)];
  if (shortest === undefined || longest === undefined) return null;
  const noise =
    shortest.days === longest.days
      ? 0
      : (shortest.variance - longest.variance) / (1 / shortest.days - 1 / longest.days);
  const slope = Math.min(Math.max(0, noise), longest.variance * longest.days);
  return (days) => {
    const measured = known.find((one) => one.days === days);
    const variance = measured?.variance ?? longest.variance + slope * (1 / days - 1 / longest.days);
    return Math.sqrt(Math.max(0, variance));
  };
}

function findingsOf(
  found: MetricPower,
  { percentage, days, config }: { readonly percentage: number; readonly days: number; readonly config: CanaryConfig },
): readonly Finding[] {
  const { metric, sigma, margin, clusters_canary, clusters_control } = found;
  if (sigma === null) {
    const allowed =
      metric === 'wape' || metric === 'paired_wape' ? 'forecasts with outcomes' : 'outcomes with stock columns';
    return [{ code: `CANARY_POWER_UNKNOWN:${metric}`, got: `none in ${days} days`, allowed }];
  }
  if (margin === null) {
    const allowed = `an absolute margin: canary.metrics.${metric}.abs_margin`;
    return [{ code: `CANARY_MARGIN_UNDEFINED:${metric}`, got: 'none of it before the canary', allowed }];
  }
  const paired = metric === 'paired_wape';
  const arms = paired
    ? `${clusters_canary} canary clusters`
    : `${clusters_canary} canary and ${clusters_control} control clusters`;
  return finding(!found.powered, `CANARY_UNDERPOWERED:${metric}`, {
    got: `${arms} at ${percentage} %`,
    allowed: `${found.clusters_needed} ${paired ? 'in the canary' : 'per arm'} to show ${toldMargin(found)} in ${weeks(config.max_days)}; ${wayOut(found, percentage)}`,
  });
}

function toldMargin({ metric, margin }: MetricPower): string {
  return metric === 'paired_wape' ? `+${percent(margin)} error` : `${((margin ?? 0) * 100).toFixed(2)} points`;
}

function wayOut({ percentage_needed: share }: MetricPower, percentage: number): string {
  if (share === null) return 'no percentage of these units would do: more units, a wider margin or more days';
  return share > percentage
    ? `${share} % of these units would do`
    : `${share} % of these units would do, as drawn ${percentage} % does not`;
}

function weeks(days: number): string {
  return days % 7 === 0 ? `${days / 7} weeks` : `${days} days`;
}
