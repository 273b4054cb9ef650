import { parseRow } from '../../ledger/chain.ts';
import type { EntryBody, EntryType } from '../../ledger/entry.ts';
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
      if (back?.documentSha256 === sha256) return { kind: 'return' } as const;
      const ledgerSeq = recordedAt(sha256, await ports.newestRows(model, TAIL));
      return ledgerSeq === null ? null : ({ kind: 'intent', ledgerSeq } as const);
    }),
  };
}

/** Entries by which a document was decided, or went out by a decision; what was merely noticed is none of them. */
const DECIDING: ReadonlySet<string> = new Set<EntryType>([
  'pointer-move-intended',
  'pointer-moved',
  'exposure-ended',
  'rolled-back',
  'kill-switch-intended',
  'kill-switch-thrown',
  'change-undone',
]);
/** So many of the newest entries are looked through for what the registry has no item of, such as what a kill switch let out. */
const TAIL = 60;

function recordedAt(sha256: string, rows: readonly unknown[]): number | null {
  const entries = rows.flatMap((row) => entryIn(row));
  return entries.findLast(({ type, data }) => DECIDING.has(type) && data['documentSha256'] === sha256)?.seq ?? null;
}

function entryIn(row: unknown): readonly EntryBody[] {
  try {
    return [parseRow(row).body];
  } catch {
    // A row that was spoilt decides nothing; the ledger's own section names it.
    return [];
  }
}

class NoDocument extends Error {
  override readonly name = 'NO_DOCUMENT';
}
