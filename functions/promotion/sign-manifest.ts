import type { EvidenceStore } from '../evidence/evidence-store.ts';
import { artifactOf } from '../inference/predictors/version-manifest.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { IN_TOTO_PAYLOAD, signEnvelope } from '../platform/dsse.ts';
import { isReleaseError, ReleaseError } from '../platform/errors.ts';
import { parsePromotionId } from '../platform/ids.ts';
import type { JsonObject } from '../platform/json.ts';
import { evidencePaths } from '../platform/keys.ts';
import { systemActor } from '../platform/people.ts';
import type { Retention } from '../platform/retention.ts';
import type { Sign } from '../platform/signing.ts';
import type { Run, StoredObject } from '../registry/items.ts';
import type { RegistryStore } from '../registry/registry-store.ts';
import type { RegistryWrites } from '../registry/registry-writes.ts';
import { adoptionStatement, manifestStatement } from './manifest.ts';

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

/** A run that brings a version, and what is signed of it. */
interface Signable {
  readonly run: Run;
  readonly version: string;
  readonly artifact: StoredObject;
  readonly statement: JsonObject;
}

/**
 * Signs the manifest of a candidate that passed the offline gate, or of a version that an onboarding takes over, stores
 * it, also under the version's own name where inference looks, and records it. A repeated call answers the manifest that
 * was signed first.
 * @throws ReleaseError NOT_FOUND, PROMOTION_ENDED, NOT_VOUCHED (the offline gate is not passed, or the onboarding is not
 * approved), DIGEST_MISMATCH (the version was signed before with another artifact), SIGNATURE_INVALID or CORRUPT_ITEM
 * (what lies there is no manifest that readers could verify)
 */
export async function signManifest(ports: SignManifestPorts, promotionId: string, at: string): Promise<SignedManifest> {
  const signable = await readSignable(ports, promotionId);
  const { run, version } = signable;
  if (run.manifest !== undefined) return { promotionId, manifestSha256: run.manifest.sha256 };
  const manifest = await storedManifest(ports, signable, at);
  await keepByVersion(ports, signable, { manifest, at });
  try {
    await ports.ledger.append(
      {
        model: run.model,
        type: 'manifest-signed',
        at,
        actor: systemActor('promotion'),
        data: { promotionId, version, manifest },
      },
      [ports.writes.updateRun(run, { manifest }, { expression: 'attribute_not_exists(manifest)', values: {} })],
    );
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    const now = await readSignable(ports, promotionId);
    if (now.run.manifest?.sha256 !== manifest.sha256) throw error;
  }
  return { promotionId, manifestSha256: manifest.sha256 };
}

async function readSignable(ports: SignManifestPorts, promotionId: string): Promise<Signable> {
  const run = await ports.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
  if (run === null) throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  if (run.end !== undefined) throw new ReleaseError('PROMOTION_ENDED', `${promotionId} has ended: ${run.end}.`);
  if (run.kind === 'promotion') {
    if (run.gates.offline?.verdict === 'PASS') return { ...of(run), run, statement: manifestStatement(run) };
    throw new ReleaseError('NOT_VOUCHED', `${promotionId} has not passed the offline gate; nothing is signed.`);
  }
  if (run.adopt === undefined) throw new ReleaseError('NOT_FOUND', `${promotionId} brings no version.`);
  // The first document goes out under the same approval, and only once that is complete.
  if (run.pointer !== undefined) return { ...of(run.adopt), run, statement: adoptionStatement(run, run.adopt) };
  throw new ReleaseError('NOT_VOUCHED', `The first document of ${promotionId} is not out yet; nothing is signed.`);
}

function of({ version, artifact }: Pick<Signable, 'version' | 'artifact'>): Pick<Signable, 'version' | 'artifact'> {
  return { version, artifact };
}

/** ECDSA signatures differ from call to call, so a retry must take up the manifest that an earlier call wrote. */
async function storedManifest(
  ports: SignManifestPorts,
  { run, statement }: Signable,
  at: string,
): Promise<StoredObject> {
  const key = evidencePaths.manifest(run.promotionId);
  const before = await ports.evidence.find(key);
  if (before !== null) return before;
  const envelope = await signEnvelope(ports.sign, { type: IN_TOTO_PAYLOAD, statement, keyid: ports.keyId });
  return ports.evidence.writeOnce(key, JSON.stringify(envelope), stored(ports, at));
}

function stored({ retention }: SignManifestPorts, at: string) {
  return { contentType: 'application/json', retention, at };
}

/**
 * Keeps the manifest under the version's name as well, unless an earlier attempt of the same version did: its artifact is
 * the same for ever, and inference may have read it.
 */
async function keepByVersion(
  ports: SignManifestPorts,
  signable: Signable,
  { manifest, at }: { readonly manifest: StoredObject; readonly at: string },
): Promise<void> {
  const bytes = await assertNames(ports, signable, manifest);
  const key = evidencePaths.versionManifest(signable.run.model, signable.version);
  const kept = (await ports.evidence.find(key)) ?? (await written(ports, key, { bytes, at }));
  if (kept.sha256 !== manifest.sha256) await assertNames(ports, signable, kept);
}

/** What lies under the key after the write: these bytes, or those of a call that was faster. */
async function written(
  ports: SignManifestPorts,
  key: string,
  { bytes, at }: { readonly bytes: Uint8Array; readonly at: string },
): Promise<StoredObject> {
  try {
    return await ports.evidence.writeOnce(key, bytes, stored(ports, at));
  } catch (error) {
    const first = isReleaseError(error, 'CONDITION_FAILED') ? await ports.evidence.find(key) : null;
    if (first === null) throw error;
    return first;
  }
}

/** The manifest's bytes, once they are seen to verify, as inference does it, and to name this version's artifact. */
async function assertNames(
  ports: SignManifestPorts,
  { run, version, artifact }: Signable,
  manifest: StoredObject,
): Promise<Uint8Array> {
  const bytes = await ports.evidence.read(manifest);
  const named = artifactOf(bytes, { model: run.model, version, publicKeyPem: ports.publicKey });
  if (named.sha256 === artifact.sha256) return bytes;
  const message = `The manifest at ${manifest.key} names another artifact than ${version} has.`;
  throw new ReleaseError('DIGEST_MISMATCH', message, {
    reasons: [{ code: 'DIGEST_MISMATCH', path: manifest.key, message, got: named.sha256, allowed: artifact.sha256 }],
  });
}
