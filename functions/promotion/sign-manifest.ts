import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dsseEnvelope, IN_TOTO_PAYLOAD, signEnvelope, verifyEnvelope } from '../platform/dsse.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import { evidencePaths } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { Retention } from '../platform/retention.ts';
import type { Sign } from '../platform/signing.ts';
import type { PromotionItem, StoredObject } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { manifestStatement } from './manifest.ts';

export interface SignManifestPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly evidence: Pick<EvidenceStore, 'writeOnce' | 'find' | 'read'>;
  readonly sign: Sign;
  readonly keyId: string;
  /** PEM of the key that readers will check with: what they could not verify is never recorded. */
  readonly publicKey: string;
  readonly retention: Retention;
}

export interface SignedManifest {
  readonly promotionId: string;
  readonly manifestSha256: string;
}

/**
 * Signs the manifest of a candidate that passed the offline gate, stores it, and records it. A repeated call answers
 * the manifest that was signed first.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, NOT_VOUCHED (the offline gate is not passed), SIGNATURE_INVALID
 */
export async function signManifest(ports: SignManifestPorts, promotionId: string, at: string): Promise<SignedManifest> {
  const run = await passedPromotion(ports, promotionId);
  if (run.manifest !== undefined) return { promotionId, manifestSha256: run.manifest.sha256 };
  const manifest = await storedManifest(ports, run, at);
  await assertVerifies(ports, manifest);
  try {
    await ports.ledger.append(
      {
        model: run.model,
        type: 'manifest-signed',
        at,
        actor: systemActor('promotion'),
        data: { promotionId, version: run.version, manifest },
      },
      [ports.writes.updateRun(run, { manifest }, { expression: 'attribute_not_exists(manifest)', values: {} })],
    );
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await passedPromotion(ports, promotionId);
    if (now.manifest?.sha256 !== manifest.sha256) throw error;
  }
  return { promotionId, manifestSha256: manifest.sha256 };
}

async function passedPromotion(ports: SignManifestPorts, promotionId: string): Promise<PromotionItem> {
  const run = await ports.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
  if (run?.kind !== 'promotion') throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} has ended: ${run.end}.`);
  if (run.gates.offline?.verdict !== 'PASS') {
    throw new ReleaseError('NOT_VOUCHED', `${promotionId} has not passed the offline gate; nothing is signed.`);
  }
  return run;
}

/** ECDSA signatures differ from call to call, so a retry must take up the manifest that an earlier call wrote. */
async function storedManifest(ports: SignManifestPorts, run: PromotionItem, at: string): Promise<StoredObject> {
  const key = evidencePaths.manifest(run.promotionId);
  const before = await ports.evidence.find(key);
  if (before !== null) return before;
  const envelope = await signEnvelope(ports.sign, {
    type: IN_TOTO_PAYLOAD,
    statement: manifestStatement(run),
    keyid: ports.keyId,
  });
  const options = { contentType: 'application/json', retention: ports.retention, at };
  return ports.evidence.writeOnce(key, JSON.stringify(envelope), options);
}

async function assertVerifies(ports: SignManifestPorts, manifest: StoredObject): Promise<void> {
  const parsed = dsseEnvelope.safeParse(JSON.parse((await ports.evidence.read(manifest)).toString('utf8')));
  if (parsed.success && verifyEnvelope(ports.publicKey, parsed.data) !== null) return;
  throw new ReleaseError('SIGNATURE_INVALID', `The manifest at ${manifest.key} does not verify under our public key.`);
}
