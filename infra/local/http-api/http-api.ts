import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Iam } from '../iam/iam.ts';
import type { LambdaHost } from '../lambda/lambda-host.ts';
import { PlatformFault } from '../platform-fault.ts';
import { ACCOUNT, type Now, REGION, type Service, type ServiceRequest, type ServiceResponse } from '../service.ts';

const answerSchema = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.coerce.string()).default({}),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
  cookies: z.array(z.string()).default([]),
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
  addApi(apiId: string): void;
  /** @throws PlatformFault for an integration that is not a Lambda proxy of format 2.0 */
  addIntegration(integrationId: string, properties: Readonly<Record<string, unknown>>): void;
  /** @throws PlatformFault for a route with an authorizer */
  addRoute(properties: Readonly<Record<string, unknown>>): void;
}

interface Route {
  readonly key: string;
  readonly method: string;
  readonly segments: readonly string[];
  readonly functionArn: string;
}

interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

const integrationSchema = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
});
const routeSchema = z.object({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
});

export function createHttpApis(options: HttpApiOptions): HttpApis {
  const apis = new Map<string, Route[]>();
  const integrations = new Map<string, string>();
  return {
    addApi: (apiId) => apis.set(apiId, []),
    addIntegration: (integrationId, properties) => {
      integrations.set(integrationId, parse(integrationSchema, properties, 'integration').IntegrationUri);
    },
    addRoute: (properties) => {
      const { ApiId, RouteKey, Target } = parse(routeSchema, properties, 'route');
      const [method = '', path = ''] = RouteKey === '$default' ? ['ANY', '/{proxy+}'] : RouteKey.split(' ');
      const functionArn = integrations.get(Target.replace('integrations/', '')) ?? '';
      apis.get(ApiId)?.push({ key: RouteKey, method, segments: path.split('/').slice(1), functionArn });
    },
    handle: async (request) => {
      const [, apiId = '', path = '/'] = /^\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
      const match = findRoute(apis.get(apiId) ?? [], request.method, path);
      const response = match === undefined ? NOT_FOUND : await callRoute({ match, apiId, path, request }, options);
      options.log(`${request.method} ${path} ${response.status}`);
      return response;
    },
  };
}

/** The most specific route: a method over ANY, then literal segments over variables over a greedy variable. */
function findRoute(routes: readonly Route[], method: string, path: string): Match | undefined {
  const matches = routes
    .filter((route) => route.method === method || route.method === 'ANY')
    .flatMap((route) => {
      const parameters = parametersOf(route.segments, path.split('/').slice(1));
      return parameters === undefined ? [] : [{ route, parameters }];
    });
  return matches.toSorted((a, b) => specificity(b.route) - specificity(a.route))[0];
}

function specificity({ method, segments }: Route): number {
  const literal = segments.filter((segment) => !segment.startsWith('{')).length;
  const greedy = segments.some((segment) => segment.endsWith('+}')) ? 1 : 0;
  return literal * 4 - greedy * 2 + (method === 'ANY' ? 0 : 1);
}

function parametersOf(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index];
    if (part.endsWith('+}') && part.startsWith('{')) {
      return { ...parameters, [part.slice(1, -2)]: decode(segments.slice(index).join('/')) };
    }
    if (part.startsWith('{')) {
      if (segment === undefined || segment === '') return undefined;
      parameters[part.slice(1, -1)] = decode(segment);
    } else if (part !== segment) return undefined;
  }
  return pattern.length === segments.length ? parameters : undefined;
}

/** A malformed escape stays as it was sent. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Call {
  readonly match: Match;
  readonly apiId: string;
  readonly path: string;
  readonly request: ServiceRequest;
}

async function callRoute(call: Call, options: HttpApiOptions): Promise<ServiceResponse> {
  const { functionArn, segments } = call.match.route;
  const stageArn = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${call.apiId}/$default`;
  try {
    options.iam.demandInvokePermission({
      functionName: options.host.find(functionArn).name,
      servicePrincipal: 'apigateway.amazonaws.com',
      sourceArn: `${stageArn}/${call.request.method}/${segments.join('/')}`,
    });
    const result = await options.host.invoke(functionArn, proxyEvent(call, options.now()));
    return result.functionError === undefined ? responseOf(result.payload) : FAILED;
  } catch (error) {
    options.log(`${call.match.route.key}: ${error instanceof Error ? error.message : String(error)}`);
    return FAILED;
  }
}

function proxyEvent({ match, apiId, path, request }: Call, at: Date): object {
  const { cookie, ...headers } = request.headers;
  const host = headers['host'] ?? '';
  const parameters = [...new Set(request.query.keys())].map((name) => [name, request.query.getAll(name).join(',')]);
  const isText = TEXT_TYPES.test(headers['content-type'] ?? 'text/plain');
  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: path,
    rawQueryString: request.query.toString(),
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    headers,
    ...(parameters.length === 0 ? {} : { queryStringParameters: Object.fromEntries(parameters) }),
    ...(Object.keys(match.parameters).length === 0 ? {} : { pathParameters: match.parameters }),
    requestContext: {
      accountId: ACCOUNT,
      apiId,
      domainName: host,
      domainPrefix: apiId,
      http: {
        method: request.method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: match.route.key,
      stage: '$default',
      time: at.toUTCString(),
      timeEpoch: at.getTime(),
    },
    ...(request.body.length === 0 ? {} : { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

/** Payload format 2.0: a value without a status code is itself the body of a 200. */
function responseOf(payload: unknown): ServiceResponse {
  const parsed = answerSchema.safeParse(payload);
  if (!parsed.success) {
    const isAnswer = typeof payload === 'object' && payload !== null && 'statusCode' in payload;
    return isAnswer ? FAILED : { status: 200, headers: JSON_TYPE, body: JSON.stringify(payload) };
  }
  const { statusCode, headers, body, isBase64Encoded, cookies } = parsed.data;
  const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain;charset=utf-8',
      ...lowerCase,
      ...(cookies.length === 0 ? {} : { 'set-cookie': cookies.join(', ') }),
    },
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}

function parse<T>(schema: z.ZodType<T>, properties: unknown, what: string): T {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const faults = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw new PlatformFault(
    `The template has an HTTP API ${what} that the local platform does not serve: ${faults}.`,
    'Use Lambda proxy integrations of payload format 2.0 without authorizers, or teach infra/local/http-api/http-api.ts.',
  );
}
