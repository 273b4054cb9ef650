import * as z from 'zod';
import { type Parsed, parseInput } from '../../platform/boundary.ts';
import { byDemand } from './by-demand.ts';
import { crostonTsb } from './croston-tsb.ts';
import { exponentialSmoothing } from './exponential-smoothing.ts';
import type { BuiltIn, Forecaster } from './forecaster.ts';
import { seasonalNaive, weekdayMean } from './seasonal-naive.ts';

const weight = (standard: number) => z.number().gt(0).max(1).default(standard);
const weeks = (least: number, standard: number) => z.int().min(least).max(520).default(standard);
/** Every forecast is multiplied by it. */
const common = { scale: z.number().min(-1000).max(1000).default(1) };

/**
 * A version as its pipeline hands it in: a forecaster that is built in here, and what was fitted for it. It is data and
 * never code, so that a version can neither reach outside nor run for ever. Unknown members are refused, since a
 * misspelt parameter would be another model.
 */
export const artifact = z.discriminatedUnion('forecaster', [
  z.strictObject({ forecaster: z.literal('seasonal-naive'), ...common }),
  z.strictObject({ forecaster: z.literal('weekday-mean'), ...common, weeks: weeks(1, 4) }),
  z.strictObject({
    forecaster: z.literal('exponential-smoothing'),
    ...common,
    smoothing: weight(0.1),
    profileWeeks: weeks(1, 26),
  }),
  z.strictObject({
    forecaster: z.literal('croston-tsb'),
    ...common,
    alpha: weight(0.1),
    beta: weight(0.1),
    profileWeeks: weeks(0, 0),
  }),
  z.strictObject({
    forecaster: z.literal('by-demand'),
    ...common,
    smoothing: weight(0.1),
    profileWeeks: weeks(1, 26),
    alpha: weight(0.1),
    beta: weight(0.1),
  }),
]);
export type Artifact = z.infer<typeof artifact>;

/** The forecaster that an artifact's bytes describe; a rejection lists every fault. */
export function parseArtifact(bytes: Uint8Array | string): Parsed<Forecaster> {
  const parsed = parseInput(artifact, jsonOf(bytes), 'Correct the artifact and hand in a new version.');
  return parsed.ok ? { ok: true, value: forecasterOf(parsed.value) } : parsed;
}

/** The forecaster that a parsed artifact describes. */
export function forecasterOf(described: Artifact): Forecaster {
  const plain = builtIn(described);
  if (described.scale === 1) return plain;
  return (request) => plain(request).map((units) => units * described.scale);
}

function builtIn(described: Artifact): BuiltIn {
  switch (described.forecaster) {
    case 'seasonal-naive':
      return seasonalNaive;
    case 'weekday-mean':
      return weekdayMean(described);
    case 'exponential-smoothing':
      return exponentialSmoothing(described);
    case 'croston-tsb':
      return crostonTsb(described);
    case 'by-demand':
      return byDemand(described);
  }
}

/** The value of a text; undefined where it is no JSON. */
export function jsonOf(bytes: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
  } catch {
    // The schema then says that an object was expected.
    return undefined;
  }
}
