/**
 * What every local service is given and must answer. The gateway parses HTTP, finds the service by the credential scope,
 * and knows the caller by the access key; a service implements one AWS API on plain values.
 */
export interface ServiceRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /**
   * Throws an AwsError AccessDenied unless the caller's role allows `action` on every one of `resources` (ARNs; `*` for
   * actions without one). The account's administrator, every caller whose access key is not a function's, may do all.
   * A service calls it for each request before it does anything.
   */
  readonly authorize: (action: string, resources: readonly string[]) => void;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** One Set-Cookie header each. */
  readonly cookies?: readonly string[];
}

export interface Service {
  handle(request: ServiceRequest): Promise<ServiceResponse>;
  /** Ends what the service started (timers, child processes); called once. */
  stop?(): Promise<void>;
}

/** An error of AWS by its own name; the gateway writes it in the protocol of the service. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error document, for services that have them (for example CancellationReasons). */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.members = members;
  }
}

export const ACCOUNT = '000000000000';
export const REGION = 'eu-west-1';

/** The local clock: services take it as a function, so that tests can move it. */
export type Now = () => Date;

/** Runs a function of the stack as Lambda would: the answer's JSON, or the error document of a failed run. */
export interface InvokeResult {
  readonly payload: unknown;
  /** Present when the handler failed: `Unhandled`, with `payload` `{errorType, errorMessage, trace?}`. */
  readonly functionError?: 'Unhandled';
}
export type Invoke = (functionArnOrName: string, payload: unknown) => Promise<InvokeResult>;
