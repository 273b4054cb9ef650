/**
 * One reason, in the same form everywhere: in a promotion's end, in an error, on the approval page, in the ledger.
 * `got` is what was received, `allowed` what would have been accepted, `next` what to do now.
 */
export interface Reason {
  readonly code: string;
  readonly path?: string;
  readonly message: string;
  readonly got?: string;
  readonly allowed?: string;
  readonly next?: string;
}

/**
 * Every error that our code throws on purpose. The state machines match these names, so they are part of the contract.
 * `retry`: the same call may succeed later and is safe to repeat. `status`: what an HTTP caller is told.
 */
export const ERRORS = {
  NOT_JSON: { status: 500, retry: false },
  CONFIG_MISSING: { status: 500, retry: false },
  INVALID_INPUT: { status: 400, retry: false },
  NOT_FOUND: { status: 404, retry: false },
  /** A condition on a registry or approval item did not hold: somebody else was first, or the step already ran. */
  CONDITION_FAILED: { status: 409, retry: false },
  /** Too many writers on one model's chain; nothing was written. */
  LEDGER_CONTENTION: { status: 503, retry: true },
  /** A stored item does not have the shape that it was written with. */
  CORRUPT_ITEM: { status: 500, retry: false },
  /** Bytes do not have the digest that was recorded for them. */
  DIGEST_MISMATCH: { status: 409, retry: false },
  /** A signature does not verify under the public key that this function was deployed with. */
  SIGNATURE_INVALID: { status: 409, retry: false },
  /** A pointer document would go out without the decision that it needs. */
  NOT_VOUCHED: { status: 409, retry: false },
  /** AppConfig refused because another deployment or version came first: read again, check again, try again. */
  POINTER_BUSY: { status: 409, retry: true },
  /** Inference has neither heard of a pointer document nor kept one: only a safe forecast can serve. */
  POINTER_UNAVAILABLE: { status: 503, retry: true },
  ENVIRONMENT_QUOTA: { status: 409, retry: false },
  /** No document to go back to exists for the version that is to be withdrawn. */
  NO_ROLLBACK_TARGET: { status: 409, retry: false },
  /** The promotion was ended by somebody else (rollback, operator) while a step of it was running. */
  PROMOTION_ENDED: { status: 409, retry: false },
  UNUSABLE_EVIDENCE: { status: 400, retry: false },
  DEPENDENCY_UNAVAILABLE: { status: 503, retry: true },
} as const satisfies Record<string, { readonly status: number; readonly retry: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure. `name` equals `code`, because Step Functions matches an error by its name. */
export class ReleaseError extends Error {
  readonly code: ErrorCode;
  readonly reasons: readonly Reason[];
  /** What the failing call knew, for the log and for callers that handle the code (for example the item that won a race). */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly reasons?: readonly Reason[];
      readonly details?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code;
    this.code = code;
    this.reasons = options.reasons ?? [];
    this.details = options.details ?? {};
  }
}

export function isReleaseError(error: unknown, code?: ErrorCode): error is ReleaseError {
  return error instanceof ReleaseError && (code === undefined || error.code === code);
}
