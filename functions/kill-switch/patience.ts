import type { Reason } from '../platform/errors.ts';

/** The intent is worth this much delay and no more: stopping does not wait for the ledger. */
export const INTENT_PATIENCE_MS = 500;
/** What only helps to stop well is asked for this long. */
export const REGISTRY_PATIENCE_MS = 2_000;
/** How long registry and ledger are waited for once the pointer has moved. */
export const RECORD_PATIENCE_MS = 40_000;

/** It stops, and the record of it is missing or not whole. */
export function notRecorded(cause: unknown): Reason {
  return {
    code: 'NOT_RECORDED',
    message: 'What was to be stopped is stopped, but registry or ledger did not take the whole record of it.',
    got: (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)).slice(0, 300).toWellFormed(),
    next: 'Call again with the same input: it completes the record and changes nothing else.',
  };
}
