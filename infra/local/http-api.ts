import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Iam } from './iam/iam.ts';
import type { LambdaHost } from './lambda/lambda-host.ts';
import { PlatformFault } from './platform-fault.ts';
import { ACCOUNT, type Now, REGION, type Service, type ServiceRequest, type ServiceResponse } from './service.ts';

const answerSchema = z.strictObject({
  statusCode: z.number(),
  headers: z.record(z.string(), z.coerce.string()).default({}),
  body: z.string().default(''),
  cookies: z.array(z.string()).optional(),
  isBase64Encoded: z.literal(false).optional(),
});
const JSON_TYPE = { 'content-type': 'application/json' };
const NOT_FOUND: ServiceResponse = { status: 404, headers: JSON_TYPE, body: '{"message":"Not Found"}' };
const FAILED: ServiceResponse = { status: 500, headers: JSON_TYPE, body: '{"message":"Internal Server Error"}' };
/** Bodies of other types reach the function as base64, as API Gateway sends them; so do HTML forms. */
const TEXT_TYPES = /^(text\/|application\/(json|xml|javascript))/;

export interface HttpApiOptions {
  readonly iam: Iam;
  readonly host: LambdaHost;
  readonly now: Now;
  /** Access log: method, path and status, never a query string. */
  readonly log: (line: string) => void;
}

/** API Gateway's HTTP APIs with Lambda proxy integrations of payload format 2.0. */
export interface HttpApis extends Service {
  /** @throws PlatformFault for an integration that is not a Lambda proxy of format 2.0 */
  addIntegration(integrationId: string, properties: Readonly<Record<string, unknown>>): void;
  /** @throws PlatformFault for a route with an authorizer, or that is more than a method and a path */
  addRoute(properties: Readonly<Record<string, unknown>>): void;
}

interface Route {
  readonly apiId: string;
  readonly key: string;
  /** Matches `METHOD /path`; its groups are the path's parameters. */
  readonly pattern: RegExp;
  readonly functionArn: string;
}

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
});
const routeSchema = z.object({
  ApiId: z.string(),
  RouteKey: z.string().regex(/^[A-Z]+ (\/([\w-]+|\{\w+\}))+$/),
  Target: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
});

export function createHttpApis(options: HttpApiOptions): HttpApis {
  const routes: Route[] = [];
  const integrations = new Map<string, string>();
  return {
    addIntegration: (integrationId, properties) => {
      integrations.set(integrationId, parse(integrationSchema, properties, 'integration').IntegrationUri);
    },
    addRoute: (properties) => {
      const { ApiId: apiId, RouteKey: key, Target } = parse(routeSchema, properties, 'route');
      const pattern = new RegExp(`^${key.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
      const functionArn = integrations.get(Target.replace('integrations/', '')) ?? '';
      routes.push({ apiId, key, pattern, functionArn });
    },
    handle: async (request) => {
      const [, apiId = '', path = '/'] = /^\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
      const route = routes.find((one) => one.apiId === apiId && one.pattern.test(`${request.method} ${path}`));
      const response = route === undefined ? NOT_FOUND : await callRoute({ route, path, request }, options);
      options.log(`${request.method} ${path} ${response.status}`);
      return response;
    },
  };
}

interface Call {
  readonly route: Route;
  readonly path: string;
  readonly request: ServiceRequest;
}

async function callRoute(call: Call, { iam, host, now, log }: HttpApiOptions): Promise<ServiceResponse> {
  const { apiId, key, functionArn } = call.route;
  const stageArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/$default`;
  try {
    iam.demandInvokePermission({
      functionName: host.find(functionArn).name,
      servicePrincipal: 'apigateway.amazonaws.com',
      sourceArn: `${stageArn}/${key.replace(' ', '')}`,
    });
    const { functionError, payload } = await host.invoke(functionArn, proxyEvent(call, now()));
    if (functionError !== undefined) return FAILED;
    // Payload format 2.0: a value without a status code is itself the body.
    if (typeof payload !== 'object' || payload === null || !('statusCode' in payload)) {
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify(payload) };
    }
    const { statusCode: status, headers, body, cookies } = answerSchema.parse(payload);
    const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    const typed = { 'content-type': 'text/plain;charset=utf-8', ...Object.fromEntries(lowerCase) };
    return { status, headers: typed, body, ...(cookies === undefined ? {} : { cookies }) };
  } catch (error) {
    log(`${key}: ${error instanceof Error ? error.message : String(error)}`);
    return FAILED;
  }
}

function proxyEvent({ route, path, request }: Call, at: Date): object {
  const { method, query, body } = request;
  // Payload format 2.0 has the cookies beside the headers.
  const { cookie, ...headers } = request.headers;
  const cookies = (cookie ?? '').split(/;\s*/).filter((one) => one !== '');
  const host = headers['host'] ?? '';
  const parameters = [...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]);
  const found = route.pattern.exec(`${method} ${path}`)?.groups ?? {};
  const pathParameters = Object.entries(found).map(([name, value]) => [name, decoded(value)]);
  const isBase64Encoded = body.length > 0 && !TEXT_TYPES.test(headers['content-type'] ?? 'text/plain');
  const userAgent = headers['user-agent'] ?? '';
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath: path,
    rawQueryString: query.toString(),
    headers,
    ...(cookies.length === 0 ? {} : { cookies }),
    ...(parameters.length === 0 ? {} : { queryStringParameters: Object.fromEntries(parameters) }),
    ...(pathParameters.length === 0 ? {} : { pathParameters: Object.fromEntries(pathParameters) }),
    requestContext: {
      ...{ accountId: ACCOUNT, apiId: route.apiId, domainName: host, domainPrefix: route.apiId },
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent },
      ...{ requestId: randomUUID(), routeKey: route.key, stage: '$default' },
      ...{ time: at.toUTCString(), timeEpoch: at.getTime() },
    },
    ...(body.length === 0 ? {} : { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
}

/** A malformed escape stays as it was sent. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse<T>(schema: z.ZodType<T>, properties: unknown, what: string): T {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const faults = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw new PlatformFault(
    `The template has an HTTP API ${what} that the local platform does not serve: ${faults}.`,
    'Use Lambda proxy integrations of payload format 2.0 without authorizers, or teach infra/local/http-api.ts.',
  );
}
