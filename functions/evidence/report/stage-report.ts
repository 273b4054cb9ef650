import * as z from 'zod';
import { looks, reason } from '../../registry/items.ts';

/** One thing that a gate measured, as a line of a table. */
export const measuredMetric = z.object({
  /** For people, for example `stockout rate`. */
  name: z.string(),
  candidate: z.number().nullable(),
  /** Production, or the control units. */
  comparator: z.number().nullable(),
  /** Relative change where that is what is judged; `inf`: only the comparator is perfect. */
  change: z.union([z.number(), z.literal('inf')]).nullable(),
  /** What the judged number must not exceed; null: reported only. */
  limit: z.number().nullable(),
  /** How to write the numbers. */
  unit: z.enum(['share', 'ratio', 'count']),
  verdict: z.enum(['OK', 'FAIL', 'PENDING', 'INFO']),
});
export type MeasuredMetric = z.infer<typeof measuredMetric>;

/** Objects that were read, by count and by a digest over their sorted keys and versions. */
const objectsRead = z.object({ objects: z.int(), digest: z.string() });

/** Evaluation report of the shadow and the canary gate: everything that the verdict rests on. */
export const stageReport = z.object({
  schema: z.literal(1),
  gate: z.enum(['shadow', 'canary']),
  judge: z.string(),
  promotionId: z.string(),
  model: z.string(),
  version: z.string(),
  /** The production version compared with; empty: the safe forecast. */
  baseline: z.string(),
  verdict: z.enum(['PASS', 'FAIL', 'INCONCLUSIVE', 'CONTINUE']),
  reasons: z.array(reason),
  pending: z.array(reason),
  warnings: z.array(reason),
  /** First and last closed business day that was judged; null: none yet. */
  days: z.object({ from: z.string(), to: z.string(), closed: z.int() }).nullable(),
  evidence: z.object({ predictions: objectsRead, outcomes: objectsRead }),
  policy: z.object({ version: z.int(), digest: z.string(), thresholds: z.record(z.string(), z.json()) }),
  /** What this look leaves behind for the next. */
  looks: looks.exactOptional(),
  /** Counts of rows, pairs, duplicates, conflicts, invalid forecasts and the like. */
  quality: z.record(z.string(), z.number()),
  metrics: z.array(measuredMetric),
  /** The same per segment, where there is enough data. */
  segments: z.array(z.object({ name: z.string(), metrics: z.array(measuredMetric) })),
});
export type StageReport = z.infer<typeof stageReport>;
