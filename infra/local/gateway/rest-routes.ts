import * as z from 'zod';
import { AwsError, type ServiceRequest, type ServiceResponse } from '../service.ts';

/** A request to one operation: what the path's placeholders stand for is in `params`. */
export interface Call extends ServiceRequest {
  readonly params: Readonly<Record<string, string>>;
}
export type Operation = (call: Call) => ServiceResponse | Promise<ServiceResponse>;
/** Operations by `METHOD /path/{placeholder}`. */
export type Routes = Readonly<Record<string, Operation>>;

/** A handler of REST JSON requests. @throws AwsError UnknownOperationException for a path without operation */
export function routed(routes: Routes): (request: ServiceRequest) => Promise<ServiceResponse> {
  const compiled = Object.entries(routes).map(([route, operation]) => {
    const pattern = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>[^/]+)`);
    return { pattern: new RegExp(`^${pattern}/?$`), operation };
  });
  return async (request) => {
    for (const { pattern, operation } of compiled) {
      const match = pattern.exec(`${request.method} ${request.path}`);
      if (match === null) continue;
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return operation({ ...request, params: Object.fromEntries(params) });
    }
    throw new AwsError('UnknownOperationException', `Unknown operation: ${request.method} ${request.path}`, 404);
  };
}

/** The placeholder's value; the route that is matched has it. */
export function param({ params }: Call, name: string): string {
  return params[name] ?? '';
}

/** @throws AwsError BadRequestException, naming every fault */
export function readBody<T>({ body }: Pick<ServiceRequest, 'body'>, schema: z.ZodType<T>): T {
  return readMembers(parseJson(body), schema);
}

/** @throws AwsError BadRequestException, naming every fault */
export function readMembers<T>(members: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(members);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new AwsError('BadRequestException', faults.join('; '));
}

function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('BadRequestException', 'The request body is not JSON.');
  }
}

export function json(status: number, document: unknown): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}

const PageSchema = z.object({ max: z.coerce.number().int().min(1).max(50), start: z.coerce.number().int().min(0) });

/** One page of a list, as `{Items, NextToken}`. @throws AwsError BadRequestException */
export function page(items: readonly unknown[], { query }: Pick<ServiceRequest, 'query'>): ServiceResponse {
  const given = { max: query.get('max_results') ?? 50, start: query.get('next_token') ?? 0 };
  const { max, start } = readMembers(given, PageSchema);
  const next = start + max < items.length ? { NextToken: String(start + max) } : {};
  return json(200, { Items: items.slice(start, start + max), ...next });
}
