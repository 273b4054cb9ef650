import * as z from 'zod';
import { EvidenceStore } from '../evidence/evidence-store.ts';
import { DynamoLedger } from '../ledger/ledger-store.ts';
import { parseEvent } from '../platform/boundary.ts';
import { dynamo, kms, s3 } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { retention } from '../platform/retention.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { RegistryWrites } from '../registry/registry-writes.ts';
import { type ReleaseNotePorts, writeReleaseNote } from './write-release-note.ts';

const eventSchema = z.object({ promotionId: z.string() });

const ports: ReleaseNotePorts = {
  registry: new RegistryStore(dynamo(), config('REGISTRY_TABLE')),
  writes: new RegistryWrites(config('REGISTRY_TABLE')),
  ledger: new DynamoLedger({
    client: dynamo(),
    table: config('LEDGER_TABLE'),
    sign: kmsSigner(kms(), config('LEDGER_KEY_ID')),
  }),
  evidence: new EvidenceStore(s3(), config('EVIDENCE_BUCKET')),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};

/** Writes the release note of a promotion. */
export async function handler(event: unknown): Promise<{ readonly promotionId: string; readonly key: string }> {
  const { promotionId } = parseEvent(eventSchema, event);
  const note = await writeReleaseNote(ports, promotionId, systemClock().toISOString());
  return { promotionId, key: note.key };
}
