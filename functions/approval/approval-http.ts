import * as z from 'zod';
import type { Link } from './find-request.ts';
import { PAGE_HEADERS } from './page-frame.ts';

/** The part of an HTTP API event (payload 2.0) that the pages read. */
const eventSchema = z.object({
  requestContext: z.object({ http: z.object({ method: z.string() }), domainName: z.string().default('') }),
  cookies: z.array(z.string()).default([]),
  headers: z.record(z.string(), z.string().optional()).nullish(),
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
  /**
   * The body where a form of our own pages sent it; empty where another site did. What somebody else filled in is not what a
   * person typed by hand, and must not stand in a form that they have only to send.
   */
  readonly ownForm: string;
  readonly host: string;
  /** `name=value` each. */
  readonly cookies: readonly string[];
}

/** Reads an HTTP API event; whatever is missing is empty, which no request has. */
export function readHttp(event: unknown): ApprovalRequest {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) {
    const link = { requestId: '', secret: '' };
    return { method: '', link, report: null, body: '', ownForm: '', host: '', cookies: [] };
  }
  const { requestContext, pathParameters, queryStringParameters, isBase64Encoded, cookies, headers } = parsed.data;
  const sent = parsed.data.body ?? '';
  const body = isBase64Encoded ? Buffer.from(sent, 'base64').toString('utf8') : sent;
  return {
    method: requestContext.http.method,
    link: { requestId: pathParameters?.['id'] ?? '', secret: queryStringParameters?.['k'] ?? '' },
    report: pathParameters?.['name'] ?? null,
    body,
    ownForm: isFromElsewhere(headers?.['sec-fetch-site']) ? '' : body,
    host: requestContext.domainName,
    cookies,
  };
}

/** As browsers say it, and as no page can make them say otherwise; programs and old browsers say nothing. */
function isFromElsewhere(site: string | undefined): boolean {
  return site !== undefined && site !== 'same-origin' && site !== 'none';
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
