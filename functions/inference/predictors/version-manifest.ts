import * as z from 'zod';
import { parseStored } from '../../platform/boundary.ts';
import { dsseEnvelope, IN_TOTO_PAYLOAD, verifyEnvelope } from '../../platform/dsse.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { sha256 } from '../../platform/ids.ts';
import { type StoredObject, storedObject } from '../../registry/items.ts';

/** What a reader needs of a version's manifest; what else it vouches for is for people and auditors. */
const statement = z.looseObject({
  subject: z.array(z.looseObject({ name: z.string(), digest: z.looseObject({ sha256 }) })),
  predicate: z.looseObject({ artifact: storedObject }),
});

export interface ManifestOf {
  readonly model: string;
  readonly version: string;
  /** PEM (SPKI) of the key that manifests must be signed with. */
  readonly publicKeyPem: string;
}

/**
 * The artifact that a signed manifest vouches for as this version's.
 * @throws ReleaseError CORRUPT_ITEM (no envelope, or no manifest in it), SIGNATURE_INVALID, NOT_VOUCHED (it speaks of
 * another version, or of other bytes)
 */
export function artifactOf(manifest: Uint8Array, { model, version, publicKeyPem }: ManifestOf): StoredObject {
  const what = `The manifest of ${model}/${version}`;
  const envelope = parseStored(dsseEnvelope, jsonOf(manifest), what);
  const payload = envelope.payloadType === IN_TOTO_PAYLOAD ? verifyEnvelope(publicKeyPem, envelope) : null;
  if (payload === null) throw new ReleaseError('SIGNATURE_INVALID', `${what} is not signed with our key.`);
  const { subject, predicate } = parseStored(statement, jsonOf(payload), what);
  const { artifact } = predicate;
  const meant = subject.some(({ name, digest }) => name === `${model}/${version}` && digest.sha256 === artifact.sha256);
  if (meant) return artifact;
  throw new ReleaseError('NOT_VOUCHED', `${what} does not vouch for this version with the artifact that it names.`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // The schema then says that an object was expected.
    return undefined;
  }
}
