/**
 * What can be wrong at a position.
 * - `altered`: the row is not what was written under its digest, or no entry at all
 * - `dropped`: the position is missing, a later one is there
 * - `reordered`: a genuine entry of this chain stands at another position than it was written for
 * - `foreign-model`: a genuine entry of another model's chain
 * - `forged-signature`: the signature is not by the ledger key over these bytes
 * - `broken-link`: a genuine entry that continues from another history
 * - `anchor-mismatch`: the entry, or the anchor, is not the one that was anchored
 * - `truncated`: the chain ends although an anchor has seen a later position
 */
export type FaultKind =
  | 'altered'
  | 'dropped'
  | 'reordered'
  | 'foreign-model'
  | 'forged-signature'
  | 'broken-link'
  | 'anchor-mismatch'
  | 'truncated';

export interface Fault {
  /** The first position that does not hold, from 1. */
  readonly position: number;
  readonly kind: FaultKind;
  readonly message: string;
  readonly got?: string;
  readonly expected?: string;
}
