import type { PointerDocument } from '../../pointer/document.ts';
import { Router } from '../routing/router.ts';

/** What inference goes by, prepared once per document that was taken: whoever routes by it makes nothing anew. */
export interface Pointer {
  readonly document: PointerDocument;
  readonly router: Router;
}

export function pointerTo(document: PointerDocument): Pointer {
  return Object.freeze({ document, router: new Router(document) });
}
