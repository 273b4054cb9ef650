import { isReleaseError, type Reason, ReleaseError } from '../platform/errors.ts';
import type { Sign } from '../platform/signing.ts';
import type { AppConfigStore, HostedVersion } from './appconfig-store.ts';
import {
  documentSha256,
  type PointerDocument,
  signDocument,
  type UnsignedDocument,
  verifyDocument,
} from './document.ts';
import { hostedContent, parseHosted } from './flag.ts';

/** A document that lies in AppConfig, read back and verified. */
export interface HostedDocument {
  readonly hostedVersion: number;
  readonly document: PointerDocument;
  readonly documentSha256: string;
}

/** Where a model's documents are read from, and the key that they must be signed with. */
export interface DocumentSource {
  readonly appConfig: Pick<AppConfigStore, 'hostedContent'>;
  readonly publicKeyPem: string;
}

/**
 * Reads a hosted version as a document that was signed for this model.
 * @throws ReleaseError NOT_FOUND; SIGNATURE_INVALID with every fault of a content that is no such document
 */
export async function readDocument(
  source: DocumentSource,
  model: string,
  hosted: { readonly profileId: string; readonly hostedVersion: number },
): Promise<HostedDocument> {
  const content = await source.appConfig.hostedContent(hosted.profileId, hosted.hostedVersion);
  const parsed = parseHosted(content);
  const what = `Hosted version ${hosted.hostedVersion} of ${model}`;
  if (!parsed.ok) throw unsigned(`${what} is not a pointer document.`, parsed.reasons);
  if (!verifyDocument(source.publicKeyPem, model, parsed.value)) throw unsigned(`${what} is not signed for it.`);
  return {
    hostedVersion: hosted.hostedVersion,
    document: parsed.value,
    documentSha256: documentSha256(model, parsed.value),
  };
}

/** The document, or null where there is none that was signed for this model. */
export async function findDocument(
  source: DocumentSource,
  model: string,
  hosted: { readonly profileId: string; readonly hostedVersion: number },
): Promise<HostedDocument | null> {
  try {
    return await readDocument(source, model, hosted);
  } catch (error) {
    if (isReleaseError(error, 'SIGNATURE_INVALID') || isReleaseError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

export interface HostingPorts extends DocumentSource {
  readonly appConfig: Pick<AppConfigStore, 'hostedContent' | 'createVersion'>;
  readonly sign: Sign;
}

export interface Hosting {
  readonly model: string;
  readonly profileId: string;
  /** All versions that the profile has. */
  readonly versions: readonly HostedVersion[];
  /** The document as it must read in the hosted version of this number. */
  readonly build: (revision: number) => UnsignedDocument;
  /** Marks the versions of one purpose, so that a repeated step finds the one that it made before. */
  readonly description: string;
  readonly label?: (revision: number) => string;
}

/**
 * A hosted version with the wanted document: the one that an earlier run of the same step left, else a new one, signed
 * and read back. A version does nothing by itself, so one that is left over is harmless.
 * @throws ReleaseError POINTER_BUSY when another version came first
 */
export async function hostDocument(ports: HostingPorts, hosting: Hosting): Promise<HostedDocument> {
  const { model, profileId, versions, build, description, label } = hosting;
  for (const { number } of versions.filter((version) => version.description === description)) {
    const found = await findDocument(ports, model, { profileId, hostedVersion: number });
    if (found?.documentSha256 === documentSha256(model, build(number))) return found;
  }
  const latest = Math.max(0, ...versions.map(({ number }) => number));
  const revision = latest + 1;
  const document = await signDocument(ports.sign, model, build(revision));
  const hostedVersion = await ports.appConfig.createVersion({
    profileId,
    content: hostedContent(document),
    latest,
    description,
    ...(label === undefined ? {} : { label: label(revision) }),
  });
  if (hostedVersion === revision) return readDocument(ports, model, { profileId, hostedVersion });
  // A version was deleted, so the number skipped one. The document names its own number, and must be built anew.
  throw new ReleaseError('POINTER_BUSY', `The hosted version became ${hostedVersion}, not ${revision}.`);
}

function unsigned(message: string, reasons: readonly Reason[] = []): ReleaseError {
  return new ReleaseError('SIGNATURE_INVALID', message, { reasons });
}
