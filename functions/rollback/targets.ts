import {
  documentSha256,
  isReturnDocument,
  type PointerDocument,
  pointerDocument,
  verifyDocument,
} from '../pointer/document.ts';
import type { ReturnDocumentItem, VersionItem } from '../registry/items.ts';

/** A document to go back to: it serves `version`; empty is the safe forecast alone. */
export type ReturnTo = Pick<ReturnDocumentItem, 'version' | 'hostedVersion' | 'documentSha256' | 'document'>;

/** What the registry knows of a model's versions, or what AppConfig alone tells when the registry does not answer. */
export interface Known {
  /** Whether the registry gave all versions; without it only those are known that AppConfig holds documents of. */
  readonly complete?: boolean;
  readonly versions: readonly Pick<VersionItem, 'version' | 'status' | 'predecessor'>[];
  readonly returnDocuments: readonly ReturnTo[];
}

export function isPromoted(status: VersionItem['status'] | undefined): boolean {
  return status === 'retained' || status === 'production';
}

/** Versions that can be gone back to from `from`: promoted, not withdrawn, and with a document that serves them. */
export function targetsThereAre({ versions, returnDocuments }: Known, from: string): readonly string[] {
  return versions
    .filter(({ version, status }) => isPromoted(status) && version !== from)
    .map(({ version }) => version)
    .filter((version) => returnDocuments.some((item) => item.version === version));
}

/** The same for people, with what is left when no version is. */
export function targetWords(known: Known, from: string): string {
  const versions = targetsThereAre(known, from).join(', ');
  const safe = known.returnDocuments.some(({ version }) => version === '');
  if (versions === '') return safe ? 'no version; only the safe forecast is left' : 'nothing: no document goes back';
  return safe ? `${versions}; when none of them is left, the safe forecast` : versions;
}

/**
 * The document that the registry keeps beside its record, when it proves itself: signed for this model, made to go back
 * to, the one that was recorded, in the hosted version whose number it names. Null: it has to be read from AppConfig.
 */
export function provenCopy(publicKeyPem: string, model: string, to: ReturnTo): PointerDocument | null {
  const parsed = pointerDocument.safeParse(to.document);
  if (!parsed.success) return null;
  const document = parsed.data;
  const isIt =
    document.revision === to.hostedVersion &&
    document.productionVersion === to.version &&
    documentSha256(model, document) === to.documentSha256;
  return isIt && isReturnDocument(document) && verifyDocument(publicKeyPem, model, document) ? document : null;
}
