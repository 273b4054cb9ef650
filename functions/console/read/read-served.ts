import { documentSha256, type PointerDocument, verifyDocument } from '../../pointer/document.ts';
import { parseServed } from '../../pointer/flag.ts';
import type { ConsolePorts } from './console-ports.ts';
import type { ReadSource, Source } from './source.ts';

/** A document as the data plane serves it, and as far as the registry knows why. */
export interface ServedRead {
  readonly document: PointerDocument;
  readonly sha256: string;
  readonly signed: boolean;
  /** Whether it was decided: by an intent at a position of the ledger, as a prepared way back, or by nothing that is known. */
  readonly decided: Source<
    { readonly kind: 'intent'; readonly ledgerSeq: number } | { readonly kind: 'return' } | null
  >;
}

/** @throws Error when the data plane serves nothing that is a document */
export async function readServed(ports: ConsolePorts, read: ReadSource, model: string): Promise<ServedRead> {
  const parsed = parseServed(await ports.served(model));
  if (!parsed.ok) throw new NoDocument();
  const document = parsed.value;
  const sha256 = documentSha256(model, document);
  return {
    ...{ document, sha256, signed: verifyDocument(ports.pointerPublicKeyPem, model, document) },
    decided: await read('decision', async () => {
      const intent = await ports.registry.intent(model, sha256);
      if (intent !== null) return { kind: 'intent', ledgerSeq: intent.ledgerSeq } as const;
      const back = await ports.registry.returnDocument(model, document.productionVersion);
      return back?.documentSha256 === sha256 ? ({ kind: 'return' } as const) : null;
    }),
  };
}

class NoDocument extends Error {
  override readonly name = 'NO_DOCUMENT';
}
