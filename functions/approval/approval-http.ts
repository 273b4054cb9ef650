import * as z from 'zod';
import type { Link } from './find-request.ts';
import { PAGE_HEADERS } from './page-frame.ts';

/** The part of an HTTP API event (payload 2.0) that the pages read. */
const eventSchema = z.object({
  requestContext: z.object({ http: z.object({ method: z.string() }), domainName: z.string().default('') }),
  cookies: z.array(z.string()).default([]),
  pathParameters: z.record(z.string(), z.string().optional()).nullish(),
  queryStringParameters: z.record(z.string(), z.string().optional()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().optional(),
});

export interface ApprovalRequest {
  readonly method: string;
  readonly link: Link;
  /** Name of the report that is asked for; null: the approval page itself. */
  readonly report: string | null;
  /** Body as text; empty when there is none. */
  readonly body: string;
  readonly host: string;
  /** `name=value` each. */
  readonly cookies: readonly string[];
}

/** Reads an HTTP API event; whatever is missing is empty, which no request has. */
export function readHttp(event: unknown): ApprovalRequest {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) {
    return { method: '', link: { requestId: '', secret: '' }, report: null, body: '', host: '', cookies: [] };
  }
  const { requestContext, pathParameters, queryStringParameters, body, isBase64Encoded, cookies } = parsed.data;
  return {
    method: requestContext.http.method,
    link: { requestId: pathParameters?.['id'] ?? '', secret: queryStringParameters?.['k'] ?? '' },
    report: pathParameters?.['name'] ?? null,
    body: isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString('utf8') : (body ?? ''),
    host: requestContext.domainName,
    cookies,
  };
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the browser is to keep or forget. */
  readonly cookies?: readonly string[];
}

export function answerPage(statusCode: number, body: string, headers = PAGE_HEADERS): HttpAnswer {
  return { statusCode, headers, body };
}

/** Leads elsewhere by GET. */
export function answerRedirect(location: string, cookies: readonly string[]): HttpAnswer {
  return { statusCode: 302, headers: { ...PAGE_HEADERS, location }, body: '', cookies };
}
