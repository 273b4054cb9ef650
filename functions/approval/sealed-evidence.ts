import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { isReleaseError, type Reason } from '../platform/errors.ts';
import type { Run, StoredObject } from '../registry/items.ts';
import { sealedObjects } from './seal.ts';

export type SealedEvidence = Pick<EvidenceStore, 'read' | 'newestVersion'>;

/**
 * Why the stored evidence is not what was sealed; null when it is. The bytes of what gates and signer wrote are read and
 * hashed; of what was handed in, which may be large and was hashed when it was copied, only the version is looked up.
 * A newer version under a sealed key changes nothing that was sealed, but somebody put it there: nobody decides then.
 */
export async function evidenceFault(evidence: SealedEvidence, run: Run): Promise<Reason | null> {
  const { handedIn, written } = sealedObjects(run);
  const faults = await Promise.all([
    ...[...handedIn, ...written].map((object) => versionFault(evidence, object)),
    ...written.map((object) => bytesFault(evidence, object)),
  ]);
  return faults.find((fault) => fault !== null) ?? null;
}

async function versionFault(evidence: SealedEvidence, object: StoredObject): Promise<Reason | null> {
  const newest = await evidence.newestVersion(object.key);
  return newest === object.versionId ? null : changed(object, newest ?? 'nothing', object.versionId);
}

async function bytesFault(evidence: SealedEvidence, object: StoredObject): Promise<Reason | null> {
  try {
    await evidence.read(object);
    return null;
  } catch (error) {
    if (isReleaseError(error, 'DIGEST_MISMATCH')) return changed(object, 'other bytes', object.sha256);
    if (isReleaseError(error, 'NOT_FOUND')) return changed(object, 'nothing', object.sha256);
    throw error;
  }
}

function changed(object: StoredObject, got: string, allowed: string): Reason {
  return {
    code: 'EVIDENCE_CHANGED',
    path: object.key,
    message: 'What lies in the evidence bucket is not what was sealed.',
    got,
    allowed,
    next: 'Find out who changed it; the sealed versions are kept under retention.',
  };
}
