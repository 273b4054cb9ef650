import * as z from 'zod';

/** What an approved canary waited for from a moment (UTC) on, as codes; for nothing any more when there are none. */
export const hold = z.object({ since: z.string(), reasons: z.array(z.string()) });
export type Hold = z.infer<typeof hold>;
