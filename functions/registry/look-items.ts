import * as z from 'zod';

/**
 * What earlier looks of running stages left behind, so that none is spent twice. Absent: the stage was never decided on.
 * The judges say what the counts mean.
 */
export const looks = z.object({
  shadow: z
    .object({
      /** Decisions made so far, one per completed cycle at most. */
      decisions: z.int().min(0),
      /** Complete cycles at the last of them. */
      cycles: z.int().min(0),
    })
    .exactOptional(),
  canary: z
    .object({
      look: z.int().min(0),
      pass_looks_used: z.int().min(0),
      /** Running minimum of the always-valid p value, by metric. */
      p_run: z.record(z.string(), z.number().min(0).max(1)),
      failed: z.boolean(),
      /** Closed days at the last look: another look at the same days is not another look. */
      day: z.int().min(0),
    })
    .exactOptional(),
});
export type Looks = z.infer<typeof looks>;

/** Null: undefined, as 0 / 0. `inf`: unbounded. */
const measured = z.union([z.number(), z.literal('inf')]).nullable();

/** What the newest look at a running stage measured, for people: decisions go by the looks and the gates. */
export const newestLook = z.object({
  stage: z.enum(['shadow', 'canary']),
  at: z.string(),
  /** Closed days that it judged, and of these the days of the step that was live. */
  days: z.int().min(0),
  stepDays: z.int().min(0),
  measures: z.array(
    z.object({
      metric: z.string(),
      /** Candidate less comparator, the upper bound that a pass is held to, and what that has to stay below. */
      estimate: measured,
      bound: measured,
      margin: z.number().nullable(),
      /** Too little of it was seen to say anything. */
      sufficient: z.boolean(),
      nonInferior: z.boolean(),
    }),
  ),
});
export type NewestLook = z.infer<typeof newestLook>;
