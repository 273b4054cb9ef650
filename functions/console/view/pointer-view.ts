import type { PointerDocument } from '../../pointer/document.ts';
import type { ServedRead } from '../read/read-served.ts';
import { readOr, type Source } from '../read/source.ts';
import type { NewestDocument } from './ledger-view.ts';

/** Whether what the data plane serves is what the ledger says went out last. */
export type Match =
  | { readonly kind: 'newest'; readonly seq: number }
  /** It was decided, and that it went out is not recorded yet. */
  | { readonly kind: 'in-move'; readonly seq: number }
  /** A document of before serves, although another went out later. */
  | { readonly kind: 'older'; readonly seq: number; readonly newest: number }
  /** A prepared way back serves; its rollback is not recorded yet. */
  | { readonly kind: 'way-back' }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'unknown'; readonly why: string };

export interface PointerView {
  readonly document: PointerDocument;
  readonly signed: boolean;
  readonly match: Match;
}

/** What the data plane serves, against the ledger's newest document; null: the ledger could not be read, or holds none. */
export function pointerView(served: ServedRead, newest: NewestDocument | null): PointerView {
  const { document, signed } = served;
  return { document, signed, match: matchOf(served, newest) };
}

function matchOf({ sha256, decided }: ServedRead, newest: NewestDocument | null): Match {
  if (newest !== null && sha256 === newest.sha256) return { kind: 'newest', seq: newest.seq };
  if (!decided.ok) return { kind: 'unknown', why: decided.why };
  if (decided.value === null) return { kind: 'undecided' };
  if (decided.value.kind === 'return') return { kind: 'way-back' };
  const seq = decided.value.ledgerSeq;
  if (newest === null) return { kind: 'in-move', seq };
  return seq > newest.seq ? { kind: 'in-move', seq } : { kind: 'older', seq, newest: newest.seq };
}

/** Whether a document was decided, for a page that reads no chain. */
export function isDecided({ signed, decided }: ServedRead): boolean | null {
  if (!decided.ok) return null;
  return signed && readOr(decided, null) !== null;
}

/** Who serves whatever no canary takes, and no kill switch for some segments. */
export function servedBy({ productionVersion, fallback, fallbackSegments }: PointerDocument): string {
  const isSafe = productionVersion === '' || (fallback !== '' && fallbackSegments.length === 0);
  return isSafe ? `${fallback} (safe forecast)` : productionVersion;
}

export type ServedSource = Source<PointerView>;
