import * as z from 'zod';

/**
 * What an approved stage or change waited for from a moment (UTC) on, as codes, each with its path where it has one; for
 * nothing any more when there are none.
 */
export const hold = z.object({
  since: z.string(),
  reasons: z.array(z.string()),
  /** The stage that was not entered, or the change that did not take effect; absent: canary. */
  stage: z.enum(['canary', 'production', 'change']).exactOptional(),
  /** The reasons in words, in the same order. */
  messages: z.array(z.string()).exactOptional(),
  /** UTC; when the last of them passes by itself, where that is known of every one. */
  until: z.string().exactOptional(),
});
export type Hold = z.infer<typeof hold>;
