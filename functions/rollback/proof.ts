import { within } from '../platform/deadline.ts';
import { isReturnDocument } from '../pointer/document.ts';
import { findDocument, type HostedDocument } from '../pointer/hosted-document.ts';
import type { RollBackPorts, Rollback } from './rollback-ports.ts';
import { type Known, provenCopy, type ReturnTo } from './targets.ts';

const PATIENCE_MS = 2_000;

type ProofPorts = Pick<RollBackPorts, 'appConfig' | 'publicKeyPem'>;
interface Of {
  readonly input: Pick<Rollback['input'], 'model'>;
  readonly place: Rollback['place'];
}

/** The first of these that does not prove to be what it was recorded as: signed, and made to go back to. */
export async function firstUnproven(
  ports: ProofPorts,
  { input, place }: Of,
  documents: readonly ReturnTo[],
): Promise<ReturnTo | null> {
  for (const to of documents) {
    if (provenCopy(ports.publicKeyPem, input.model, to) !== null) continue;
    const found = await findDocument(ports, input.model, { ...place, hostedVersion: to.hostedVersion });
    if (found?.documentSha256 !== to.documentSha256 || !isReturnDocument(found.document)) return to;
  }
  return null;
}

/** Whether AppConfig no longer holds what the registry says: somebody deleted the hosted version. */
export async function isGone(ports: ProofPorts, { input, place }: Of, to: ReturnTo): Promise<boolean> {
  const { hostedVersion } = to;
  const read = await within(PATIENCE_MS, () => findDocument(ports, input.model, { ...place, hostedVersion }));
  return read.done && read.value?.documentSha256 !== to.documentSha256;
}

/** Two records may point at one hosted version: only the one that does not prove itself is done without. */
export function without(known: Known, { version, hostedVersion }: ReturnTo): Known {
  const isIt = (item: ReturnTo) => item.version === version && item.hostedVersion === hostedVersion;
  return { ...known, returnDocuments: known.returnDocuments.filter((item) => !isIt(item)) };
}

export function toOf({ document, hostedVersion, documentSha256 }: HostedDocument): ReturnTo {
  return { version: document.productionVersion, hostedVersion, documentSha256 };
}
