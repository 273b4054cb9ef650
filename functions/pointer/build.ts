import { clipText, type PointerDocument, type UnsignedDocument } from './document.ts';

/** Who let a document out, and why. */
export interface Sanction {
  readonly promotionId: string;
  /** `Name <address>` of each approver. */
  readonly approvedBy: readonly string[];
  readonly approvedAt: string;
  readonly reason: string;
}

const NO_CANDIDATE = {
  shadowVersion: '',
  canaryVersion: '',
  shadowUntil: '',
  canaryUntil: '',
  canaryPercentage: 0,
  canaryRegions: [],
  canaryStores: [],
  canarySkus: [],
  canaryCategories: [],
  excludedSegments: [],
} as const;

function sanctioned(sanction: Sanction) {
  const { promotionId, approvedBy, approvedAt, reason } = sanction;
  return { promotionId, salt: promotionId, approvedBy, approvedAt, reason: clipText(reason) };
}

/** The document that onboarding deploys: no version yet, the safe forecast serves. */
export function firstDocument(revision: number, sanction: Sanction, safeForecast: string): UnsignedDocument {
  return {
    schema: 1,
    revision,
    productionVersion: '',
    previousVersion: '',
    ...NO_CANDIDATE,
    unit: 'sku-store',
    fallback: safeForecast,
    fallbackSegments: [],
    ...sanctioned(sanction),
    manifestSha256: '',
  };
}

export interface NewProduction {
  readonly version: string;
  readonly manifestSha256: string;
  /** What goes back if this goes wrong; empty when the deployed version was withdrawn, or none serves. */
  readonly previousVersion: string;
}

/**
 * The deployed document with another production version and no candidate. The fallback ends where it stood in for a
 * version that did not exist; one that a kill switch set stays, since leaving it is a decision of its own.
 */
export function productionDocument(
  deployed: PointerDocument,
  revision: number,
  next: NewProduction,
  sanction: Sanction,
): UnsignedDocument {
  const stoodIn = deployed.productionVersion === '' && deployed.fallbackSegments.length === 0;
  return {
    ...unsigned(deployed),
    ...NO_CANDIDATE,
    revision,
    productionVersion: next.version,
    previousVersion: next.previousVersion,
    fallback: stoodIn ? '' : deployed.fallback,
    ...sanctioned(sanction),
    manifestSha256: next.manifestSha256,
  };
}

/** The document to go back to: what is deployed now, without a candidate; who approved it stays as it was. */
export function returnDocument(deployed: PointerDocument, revision: number): UnsignedDocument {
  return { ...unsigned(deployed), ...NO_CANDIDATE, revision, previousVersion: '', salt: '' };
}

function unsigned(document: PointerDocument): UnsignedDocument {
  const { signature: _, ...rest } = document;
  return rest;
}
