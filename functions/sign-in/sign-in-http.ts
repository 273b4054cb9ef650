import * as z from 'zod';

/** The part of an HTTP API event (payload 2.0) that a sign-in reads. */
const eventSchema = z.object({
  routeKey: z.string(),
  rawQueryString: z.string().default(''),
  cookies: z.array(z.string()).default([]),
  requestContext: z.object({ domainName: z.string() }),
});

export interface SignInRequest {
  /** Whether the issuer led back here; else a sign-in is to begin. */
  readonly isCallback: boolean;
  readonly query: URLSearchParams;
  readonly cookies: readonly string[];
  readonly host: string;
}

/** Reads an HTTP API event; one that is none begins a sign-in that leads nowhere. */
export function readSignIn(event: unknown): SignInRequest {
  const parsed = eventSchema.safeParse(event).data;
  return {
    isCallback: parsed?.routeKey === 'GET /sign-in/callback',
    query: new URLSearchParams(parsed?.rawQueryString ?? ''),
    cookies: parsed?.cookies ?? [],
    host: parsed?.requestContext.domainName ?? '',
  };
}
