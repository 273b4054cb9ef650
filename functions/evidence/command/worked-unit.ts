import * as z from 'zod';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { type ClusterSums, twoWayRelative } from '../statistics/clustered-ratio.ts';
import { comomentsOf, mergeComoments } from '../statistics/comoments.ts';
import { cusum } from '../statistics/cusum.ts';
import { dieboldMariano } from '../statistics/diebold-mariano.ts';
import { drift } from '../statistics/drift.ts';
import { binOf, H1, H2, histogramOf } from '../statistics/histogram.ts';
import { holm } from '../statistics/holm.ts';
import { alwaysValidP, mixtureHalfWidth } from '../statistics/mixture.ts';
import { rateLogE } from '../statistics/rate-e-value.ts';
import { momentsOf, ratioEffect } from '../statistics/ratio-effect.ts';
import { sampleRatio } from '../statistics/sample-ratio.ts';
import { adi, cv2, type DemandProfile, regimeOf } from '../statistics/segments.ts';

/** A statistic by the name that worked cases use: what it takes, and what it gives in their shape. */
export interface UnitFunction {
  readonly args: z.ZodType;
  readonly call: (args: unknown) => unknown;
}

const numbers = z.array(z.number());
const DAY_MS = 86_400_000;

function unit<Args>(args: z.ZodType<Args>, call: (args: Args) => unknown): UnitFunction {
  return { args, call: (given) => unbounded(call(args.parse(given))) };
}

export const UNIT_FUNCTIONS: ReadonlyMap<string, UnitFunction> = new Map([
  [
    'always_valid',
    unit(
      z.strictObject({ tau: z.number(), var: z.number().min(0), kappa: z.number(), alpha: z.number().gt(0).lt(1) }),
      ({ tau, var: variance, kappa, alpha }) => ({
        half_width: mixtureHalfWidth(variance, kappa, alpha),
        p: alwaysValidP(tau, variance, kappa),
      }),
    ),
  ],
  ['benjamini_hochberg', unit(z.strictObject({ p: numbers, q: z.number() }), ({ p, q }) => benjaminiHochberg(p, q))],
  ['canary_effect', unit(z.strictObject({ T: quadruples(), C: quadruples() }), canaryEffect)],
  [
    'clustered_relative',
    unit(
      z
        .strictObject({ A: numbers, B: numbers, series: labels(), time: labels() })
        .refine(({ A, B, series, time }) => new Set([A, B, series, time].map((list) => list.length)).size === 1, {
          error: 'A, B, series and time have one value per row each',
        }),
      clusteredRelative,
    ),
  ],
  [
    'comoments_merge',
    unit(z.strictObject({ parts: z.array(z.array(z.tuple([z.number(), z.number()]))) }), ({ parts }) =>
      mergeComoments(parts.map(comomentsOf)),
    ),
  ],
  ['cusum', unit(z.strictObject({ z: numbers, k: z.number() }), ({ z: values, k }) => cusum(values, k))],
  [
    'diebold_mariano',
    unit(z.strictObject({ d: numbers, h: z.int().min(1), margin: z.number() }), ({ d, h, margin }) =>
      dieboldMariano(d, h, margin),
    ),
  ],
  [
    'drift',
    unit(
      z.strictObject({
        ...{ reference: z.array(z.number().min(0)), current: z.array(z.number().min(0)) },
        ...{ n_eff_ref: z.number().gt(0).optional(), n_eff_cur: z.number().gt(0).optional() },
      }),
      ({ reference, current, n_eff_ref, n_eff_cur }) =>
        drift(histogramOf(H2, reference), histogramOf(H2, current), {
          effective: { ref: n_eff_ref ?? reference.length, cur: n_eff_cur ?? current.length },
        }),
    ),
  ],
  [
    'hist_bin',
    unit(z.strictObject({ spec: z.enum(['H1', 'H2']), values: z.array(z.number().min(0)) }), ({ spec, values }) =>
      values.map((value) => binOf(spec === 'H1' ? H1 : H2, value)),
    ),
  ],
  ['holm', unit(z.strictObject({ p: numbers }), ({ p }) => holm(p))],
  [
    'rate_log_e',
    unit(
      z.strictObject({ windows: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])) }),
      ({ windows }) => rateLogE(windows),
    ),
  ],
  [
    'regime',
    unit(z.strictObject({ series: z.array(z.tuple([z.iso.date(), z.number()])), cutoff: z.iso.date() }), regime),
  ],
  [
    'sample_ratio',
    unit(
      z.strictObject({ canary: z.number(), control: z.number(), expected_share: z.number().gt(0).lt(1) }),
      ({ canary, control, expected_share }) => sampleRatio(canary, control, expected_share),
    ),
  ],
]);

function quadruples() {
  return z.array(z.tuple([z.number(), z.number(), z.number(), z.number()]));
}

function labels() {
  return z.array(z.union([z.string(), z.number()]));
}

/** Integers of 1e-12 units: statistics of ratios do not depend on the unit. */
function exact(value: number): bigint {
  return BigInt(Math.round(value * 1e12));
}

type Quadruples = readonly (readonly [number, number, number, number])[];

function canaryEffect({ T, C }: { readonly T: Quadruples; readonly C: Quadruples }) {
  const arm = (rows: Quadruples) =>
    momentsOf(rows.map(([n, d, n0, d0]) => ({ n: exact(n), d: exact(d), n0: exact(n0), d0: exact(d0) })));
  const effect = ratioEffect(arm(T), arm(C));
  if (effect === null) return null;
  return {
    ...{ tau: effect.tau, var: effect.se ** 2, theta: effect.theta },
    ...{ ratio_canary: effect.ratioCanary, ratio_control: effect.ratioControl },
    ...{ ratio_pre_canary: effect.ratioPreCanary, ratio_pre_control: effect.ratioPreControl },
  };
}

interface Labelled {
  readonly A: readonly number[];
  readonly B: readonly number[];
  readonly series: readonly (string | number)[];
  readonly time: readonly (string | number)[];
}

function clusteredRelative({ A, B, series, time }: Labelled) {
  const rows = A.map((a, index) => ({
    ...{ a: exact(a), b: exact(B[index] ?? 0) },
    ...{ series: JSON.stringify(series[index]), time: JSON.stringify(time[index]) },
  }));
  const grouped = (key: (row: (typeof rows)[number]) => string): ClusterSums => {
    const groups = [...Map.groupBy(rows, key).values()].map((own) => [sumOf(own, 'a'), sumOf(own, 'b')] as const);
    const products = (of: (a: bigint, b: bigint) => bigint) => groups.reduce((sum, [a, b]) => sum + of(a, b), 0n);
    return {
      groups: groups.length,
      aa: products((a) => a * a),
      ab: products((a, b) => a * b),
      bb: products((_, b) => b * b),
    };
  };
  const [bySeries, byTime] = [grouped((row) => row.series), grouped((row) => row.time)];
  const cross = grouped((row) => `${row.series} ${row.time}`);
  const sums = { a: sumOf(rows, 'a'), b: sumOf(rows, 'b') };
  const change = twoWayRelative({ ...sums, series: bySeries, origin: byTime, cross });
  return { ...change, n_series: bySeries.groups, n_time: byTime.groups };
}

function sumOf(rows: readonly { readonly a: bigint; readonly b: bigint }[], name: 'a' | 'b'): bigint {
  return rows.reduce((sum, row) => sum + row[name], 0n);
}

interface Series {
  readonly series: readonly (readonly [date: string, units: number])[];
  readonly cutoff: string;
}

function regime({ series, cutoff }: Series) {
  const sales = series
    .filter(([date, units]) => units > 0 && date <= cutoff)
    .map(([date, units]) => ({ day: Date.parse(date) / DAY_MS, units: exact(units) }));
  const first = Math.min(...sales.map(({ day }) => day));
  const profile: DemandProfile = {
    days: sales.length === 0 ? 0 : Date.parse(cutoff) / DAY_MS - first + 1,
    demandDays: sales.length,
    sum: sales.reduce((sum, { units }) => sum + units, 0n),
    sumOfSquares: sales.reduce((sum, { units }) => sum + units * units, 0n),
  };
  return { regime: regimeOf(profile), adi: adi(profile), cv2: cv2(profile) };
}

/** Results name what has no bound: JSON has no word for Infinity. */
function unbounded(value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (Array.isArray(value)) return value.map(unbounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unbounded(one)]));
}
