import * as z from 'zod';
import { modelName } from '../platform/ids.ts';
import { type Actor, personActor, requester, systemActor } from '../platform/people.ts';

const AUTOMATION = 'system:';

/** Input of the drill machine. */
export const drillInput = z.strictObject({
  model: modelName,
  /** A person, or automation that names itself `system:<trigger>`. */
  requestedBy: z.union(
    [z.string().regex(/^system:\S[^\n]{0,100}$/, 'Expected the text system:<trigger>.'), requester],
    'Expected a person with name and email, or the text system:<trigger>.',
  ),
});
export type DrillInput = z.infer<typeof drillInput>;

export function actorOfDrill({ requestedBy }: Pick<DrillInput, 'requestedBy'>): Actor {
  return typeof requestedBy === 'string' ? systemActor(requestedBy.slice(AUTOMATION.length)) : personActor(requestedBy);
}
