import * as z from 'zod';
import { freezeCalendar } from '../change/freeze.ts';
import { SAFE_FORECASTS } from '../inference/predictors/safe-forecasts.ts';
import { SAFE_FORECAST } from '../inference/predictors/seasonal-naive.ts';
import { durationSchema, durationSeconds } from '../platform/duration.ts';
import { deadEnds } from './dead-ends.ts';
import {
  canaryPolicy,
  guardPolicy,
  offlinePolicy,
  settings,
  shadowPolicy,
  storedCanaryPolicy,
  storedGuardPolicy,
  storedOfflinePolicy,
  storedShadowPolicy,
  watchPolicy,
} from './gate-policies.ts';

export type { CanaryPolicy, GuardPolicy, OfflinePolicy, ShadowPolicy } from './gate-policies.ts';

const count = () => z.int().min(1);

/** Bounds of what is no judge's threshold: no policy may go beyond them. */
export const FLOORS = {
  quorum: 1,
  expiry: 'P21D',
  poll: 'PT1S',
  drillAge: 'P90D',
  drillSeconds: 180,
  leadTime: 'P14D',
} as const;

const names = () => z.array(z.string().min(1).max(200)).max(1000).default([]);

/** What the canary exposes: to which units, in which steps, for how long at most. */
export const canaryPlan = settings({
  /** What is assigned as a whole: no unit ever sees both versions within a step. */
  unit: z.enum(['sku-store', 'store', 'sku']).default('sku-store'),
  /** The subset of the business that the canary is drawn from; an empty list does not restrict. */
  where: settings({ regions: names(), stores: names(), skus: names(), categories: names() }).prefault({}),
  /** Segments such as `category:medicine` that the canary never touches. */
  excludedSegments: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[a-z][a-z0-9-]*:.+$/, 'Expected kind:value, for example region:north.'),
    )
    .max(100)
    .default([]),
  /** Rising shares of the units; each is held for whole closed business days before the next, or before the verdict. */
  steps: z
    .array(
      settings({
        percentage: z.number().gt(0).lt(100),
        hold: durationSchema({ min: 'P1D', max: 'P60D' }).refine((hold) => durationSeconds(hold) % 86_400 === 0, {
          message: 'Expected whole days.',
          params: { allowed: 'whole days, for example P2D' },
        }),
      }),
    )
    .min(1)
    .max(20)
    .refine(
      (steps) =>
        steps.every((step, index) => step.percentage > (steps[index - 1]?.percentage ?? Number.NEGATIVE_INFINITY)),
      {
        message: 'Expected rising percentages.',
        params: { allowed: 'each percentage above the one before it, below 100' },
      },
    )
    .default([
      { percentage: 5, hold: 'P2D' },
      { percentage: 20, hold: 'P3D' },
      { percentage: 50, hold: 'P7D' },
    ]),
  /** Wall-clock bound from the approval on; past it without a verdict production wins. */
  maxDuration: durationSchema({ min: 'PT1M', max: 'P90D' }).default('P42D'),
}).prefault({});

interface Gates {
  readonly offline: typeof offlinePolicy | typeof storedOfflinePolicy;
  readonly shadow: typeof shadowPolicy | typeof storedShadowPolicy;
  readonly canary: typeof canaryPolicy | typeof storedCanaryPolicy;
  readonly guard: typeof guardPolicy | typeof storedGuardPolicy;
}

const shapeOf = ({ offline, shadow, canary, guard }: Gates) => ({
  approvals: settings({
    /** Distinct people who must approve the entry into each stage. */
    quorum: settings({
      shadow: count().max(10).default(1),
      canary: count().max(10).default(1),
      production: count().max(10).default(1),
    }).prefault({}),
    /** How long people have to decide. */
    expiry: durationSchema({ min: 'PT1M', max: FLOORS.expiry }).default('P7D'),
  }).prefault({}),
  offline: offline.prefault({}),
  shadow: shadow.prefault({}),
  /** Wall-clock bound of the shadow stage from its approval on; past it without a verdict production wins. */
  shadowPlan: settings({ maxDuration: durationSchema({ min: 'PT1M', max: 'P120D' }).default('P70D') }).prefault({}),
  canary: canary.prefault({}),
  canaryPlan,
  guard: guard.prefault({}),
  watch: watchPolicy.prefault({}),
  /** How rollback is rehearsed: a canary starts only while the newest drill is young enough, and was fast enough. */
  drill: settings({
    maxAge: durationSchema({ min: 'PT1M', max: FLOORS.drillAge }).default('P30D'),
    /** From the fault to the last reader, in seconds. */
    maxSeconds: z.int().min(1).max(FLOORS.drillSeconds).default(120),
  }).prefault({}),
  /** How the teams downstream hear of a critical change before it serves anybody. */
  notice: settings({
    /** From the notice to the first canary at the earliest. */
    leadTime: durationSchema({ min: 'PT0S', max: FLOORS.leadTime }).default('PT24H'),
    /** Which teams must acknowledge it before: none of them, or all. */
    acknowledge: z.enum(['none', 'all']).default('none'),
  }).prefault({}),
  /** Times in which no candidate begins to serve, neither as a canary nor for all. */
  freezes: freezeCalendar.default([]),
  /**
   * What is agreed with whoever trains the model: recorded, versioned and approved here, and acted by there. How often it
   * is trained again, and on how long a history.
   */
  retraining: settings({
    every: durationSchema({ min: 'PT1H', max: 'P730D' }).exactOptional(),
    window: durationSchema({ min: 'P1D', max: 'P3650D' }).exactOptional(),
  }).prefault({}),
  /** Adjustments of what the model says that lie outside its artifact, by name; acted by where they are made. */
  calibration: z
    .record(
      z.string().regex(/^[a-z][A-Za-z0-9_.-]{0,79}$/, 'Expected a name such as uplift.weekend.'),
      z.union([z.number(), z.string().trim().min(1).max(200)]),
    )
    .refine((values) => Object.keys(values).length <= 100, { message: 'Expected at most 100 values.' })
    .default({}),
  /** For how long after a promotion the previous version runs as shadow, as the comparator of what was promoted. */
  confirmation: durationSchema({ min: 'PT1M', max: 'P90D' }).default('P28D'),
  /** How often a running stage looks whether there is new evidence. */
  poll: durationSchema({ min: FLOORS.poll, max: 'P1D' })
    // A state machine that is told to wait for part of a second fails, with the candidate exposed.
    .refine((poll) => Number.isInteger(durationSeconds(poll)), {
      message: 'Expected whole seconds.',
      params: { allowed: 'whole seconds, for example PT90S' },
    })
    .default('PT3H'),
  /** The named forecast that serves when no version may; by default the last known value of the same weekday. */
  safeForecast: z.enum(SAFE_FORECASTS).default(SAFE_FORECAST),
});

/**
 * A model's policy as it may be given: what its promotions are judged by. Every field has a default; unknown fields, what
 * is milder than the floors, and what no promotion could pass under are refused. Stored whole and numbered; a promotion
 * is judged by the version that it started under.
 */
export const policySchema = settings(
  shapeOf({ offline: offlinePolicy, shadow: shadowPolicy, canary: canaryPolicy, guard: guardPolicy }),
).superRefine((policy, context) => {
  for (const { path, input, message, allowed } of deadEnds(policy)) {
    context.addIssue({ code: 'custom', path: [...path], input, message, params: { allowed } });
  }
});
export type Policy = z.infer<typeof policySchema>;

/** A policy as it is read back: one of an earlier release lacks settings, has some that are gone, and knew other bounds. */
export const storedPolicy: z.ZodType<Policy> = z.preprocess(
  asOfToday,
  z.object(
    shapeOf({
      offline: storedOfflinePolicy,
      shadow: storedShadowPolicy,
      canary: storedCanaryPolicy,
      guard: storedGuardPolicy,
    }),
  ),
);

const members = z.record(z.string(), z.unknown());

/** Operational thresholds of the canary once stood among the others; a margin may have been 0, which has no bound to cross. */
function asOfToday(stored: unknown): unknown {
  const policy = members.safeParse(stored);
  const canary = members.safeParse(policy.data?.['canary']);
  if (!canary.success) return stored;
  const { ops, metrics, ...flat } = canary.data;
  return { ...policy.data, canary: { ...flat, ops: { ...flat, ...object(ops) }, metrics: withWidth(metrics) } };
}

const SMALLEST_MARGIN = 1e-6;

function withWidth(metrics: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object(metrics)).map(([name, margin]) => {
      const given = object(margin);
      return [name, given['rel_margin'] === 0 ? { ...given, rel_margin: SMALLEST_MARGIN } : given];
    }),
  );
}

function object(value: unknown): Record<string, unknown> {
  return members.safeParse(value).data ?? {};
}
