import * as z from 'zod';
import { parseEvent } from '../platform/boundary.ts';
import { kms } from '../platform/clients.ts';
import { systemClock } from '../platform/clock.ts';
import { config } from '../platform/config.ts';
import { retention } from '../platform/retention.ts';
import { kmsSigner } from '../platform/signing-store.ts';
import * as wired from '../platform/wiring.ts';
import { type SignedManifest, type SignManifestPorts, signManifest } from './sign-manifest.ts';

const eventSchema = z.object({ promotionId: z.string() });

const ports: SignManifestPorts = {
  registry: wired.registry(),
  writes: wired.registryWrites(),
  ledger: wired.ledger(),
  evidence: wired.evidence(),
  sign: kmsSigner(kms(), config('SIGNING_KEY_ID')),
  keyId: config('SIGNING_KEY_ID'),
  publicKey: config('POINTER_PUBLIC_KEY'),
  retention: retention(config('RETENTION_DAYS'), config('RETENTION_MODE')),
};

/** Signs the manifest of a candidate that passed the offline gate, or of a version that an onboarding takes over. */
export async function handler(event: unknown): Promise<SignedManifest> {
  return signManifest(ports, parseEvent(eventSchema, event).promotionId, systemClock().toISOString());
}
