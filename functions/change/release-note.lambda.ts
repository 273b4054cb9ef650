import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { retention } from '../platform/retention.ts';
import * as wired from '../platform/wiring.ts';
import { type ReleaseNotePorts, writeReleaseNote } from './write-release-note.ts';

const eventSchema = z.object({ promotionId: z.string() });

const ports: ReleaseNotePorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};

/** Writes the release note of a promotion. */
export async function handler(event: unknown): Promise<{ readonly promotionId: string; readonly key: string }> {
  const { promotionId } = parseEvent(eventSchema, event);
  const note = await writeReleaseNote(ports, promotionId, systemClock().toISOString());
  return { promotionId, key: note.key };
}
