import * as z from 'zod';
import { parseEvent } from '../../platform/boundary.ts';
import { s3 } from '../../platform/clients.ts';
import { systemClock } from '../../platform/clock.ts';
import { config } from '../../platform/config.ts';
import { retention } from '../../platform/retention.ts';
import * as wired from '../../platform/wiring.ts';
import { changeLogPutter } from './change-log-store.ts';
import { NotedFactWrites } from './noted-fact-store.ts';
import { writeChangeLog } from './write-change-log.ts';
import { writeFactNotes } from './write-fact-notes.ts';
import { writePromotionNote } from './write-promotion-note.ts';

/** A step of a promotion, an event of the bus, or, by hand, a model of which notes and change log are to be made. */
const eventSchema = z.union([
  z.object({ promotionId: z.string() }),
  z.object({ detail: z.object({ model: z.string() }) }).transform(({ detail }) => detail),
  z.object({ model: z.string() }),
]);

const shared = {
  ...{ registry: wired.registry(), ledger: wired.ledger(), evidence: wired.evidence() },
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};
const promotion = { ...shared, writes: wired.registryWrites() };
const facts = { ...shared, writes: new NotedFactWrites(config('REGISTRY_TABLE')) };
const put = changeLogPutter(s3(), config('EVIDENCE_BUCKET'));

/** Writes the release note of a promotion; or the missing notes of a model, and its change log. */
export async function handler(event: unknown): Promise<object> {
  const parsed = parseEvent(eventSchema, event);
  const at = systemClock().toISOString();
  if ('promotionId' in parsed) {
    const note = await writePromotionNote(promotion, parsed.promotionId, at);
    return { promotionId: parsed.promotionId, key: note.key };
  }
  const { model } = parsed;
  // The log does not wait for a note that cannot be written; what failed is thrown when it is made.
  const [notes] = await Promise.allSettled([writeFactNotes(facts, model, at)]);
  const position = await writeChangeLog({ ledger: shared.ledger, put }, model);
  if (notes.status === 'rejected') throw notes.reason;
  return { model, notes: notes.value, position };
}
