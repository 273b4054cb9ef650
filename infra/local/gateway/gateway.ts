import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { conditionContext, type PlainRequest } from '../iam/condition-context.ts';
import type { Iam, Principal } from '../iam/iam.ts';
import { PlatformFault } from '../platform-fault.ts';
import { AwsError, type Service, type ServiceRequest, type ServiceResponse } from '../service.ts';
import { accessDenied, errorResponse, PROTOCOLS } from './protocol.ts';

/** One call of an AWS API as a test sees it before the service does. */
export interface InterceptedCall {
  /** Access key: a function's name for functions. */
  readonly caller: string;
  readonly service: string;
  /** The operation for services that name it in a header or form field, else method and path. */
  readonly operation: string;
}
/** May wait, throw an AwsError in the service's stead, or do nothing. */
export type Intercept = (call: InterceptedCall) => Promise<void> | void;

/** A signed request and what became of it. */
export interface AnsweredCall extends InterceptedCall {
  readonly principal: Principal;
  readonly path: string;
  /** ARNs that it was authorized on. */
  readonly resources: readonly string[];
  readonly requestBody: Buffer;
  readonly responseBody: string | Uint8Array | undefined;
  /** Code of the AWS error that it was answered with. */
  readonly errorCode?: string;
}

export interface GatewayOptions {
  readonly iam: Iam;
  /** Told of each signed request once it was answered. */
  readonly onAnswered?: (call: AnsweredCall) => void;
  /** 0 takes a free port. */
  readonly port: number;
  /** A line for each defect of the platform itself. */
  readonly log: (line: string) => void;
}

/** How many requests each service got, by service and by action as policies name it. */
export type Calls = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Gateway {
  readonly endpoint: string;
  /** Counts on while the gateway runs. */
  readonly calls: Calls;
  /** Counts what one service of the account asks of another: no request to the endpoint tells of it. */
  count(service: string, action: string): void;
  /** Serves the API that requests are signed for as `name`. */
  mount(name: string, service: Service): void;
  /** Serves unsigned requests under `/name/`. */
  mountPublic(name: string, service: Service): void;
  intercept(intercept: Intercept | undefined): void;
  stop(): Promise<void>;
}

const SCOPE = /Credential=([^,\s/]+)\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;
const DATA_PLANE = /^\/(configurationsessions|configuration)\/?$/;
/** A browser page that resolves its own name to this machine must not reach the services. */
const OWN_HOSTS = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const MAX_SIGNED_BYTES = 1024 * 1024 * 1024;
/** API Gateway's limit. */
const MAX_PUBLIC_BYTES = 10 * 1024 * 1024;

interface Routes extends Pick<GatewayOptions, 'iam' | 'onAnswered'> {
  readonly services: Map<string, Service>;
  readonly publicServices: Map<string, Service>;
  readonly count: Gateway['count'];
  intercept?: Intercept | undefined;
}

/**
 * One HTTP server on loopback for every API of the stack. It finds the service in the credential scope and the caller in
 * the access key; signatures are not checked.
 * @throws PlatformFault when the port is taken
 */
export async function startGateway({ iam, port, log, ...watched }: GatewayOptions): Promise<Gateway> {
  const calls: Record<string, Record<string, number>> = {};
  const count: Gateway['count'] = (service, action) => {
    calls[service] = { ...calls[service], [action]: (calls[service]?.[action] ?? 0) + 1 };
  };
  const routes: Routes = { iam, ...watched, services: new Map(), publicServices: new Map(), count };
  const server = createServer((incoming, outgoing) => {
    answer(incoming, routes)
      .catch((error: unknown) => {
        log(`gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        return plain(500, 'Internal Server Error');
      })
      .then((response) => write(outgoing, response, incoming.method));
  });
  return {
    endpoint: await listen(server, port),
    calls,
    count,
    mount: (name, service) => routes.services.set(name, service),
    mountPublic: (name, service) => routes.publicServices.set(name, service),
    intercept: (intercept) => {
      routes.intercept = intercept;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be opened (${error.message})`;
      const next = 'Stop what uses it, or run beside it: npm start -- --port 0 --out .local/second takes a free one.';
      reject(new PlatformFault(`Port ${port} of 127.0.0.1 ${taken}.`, next, error));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
    });
  });
}

async function answer(incoming: IncomingMessage, routes: Routes): Promise<ServiceResponse> {
  const entries = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  const headers: Readonly<Record<string, string>> = Object.fromEntries(entries);
  if (!OWN_HOSTS.test(headers['host'] ?? '')) return plain(403, 'Forbidden');
  const [path = '/', ...rest] = (incoming.url ?? '/').split('?');
  const scope = SCOPE.exec(headers['authorization'] ?? '');
  const body = await readBody(incoming, scope === null ? MAX_PUBLIC_BYTES : MAX_SIGNED_BYTES);
  if (body === undefined) return plain(413, 'Request Entity Too Large');
  const query = new URLSearchParams(rest.join('?'));
  const request = { method: incoming.method ?? 'GET', path, query, headers, body };
  if (scope === null) return answerPublic(request, routes);
  const [, caller = '', signedFor = ''] = scope;
  const service = signedFor === 'appconfig' && DATA_PLANE.test(path) ? 'appconfigdata' : signedFor;
  return answerSigned(request, { caller, service }, routes);
}

async function answerPublic(request: PlainRequest, { publicServices }: Routes): Promise<ServiceResponse> {
  const [, name = '', path = ''] = /^\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
  const service = publicServices.get(name);
  if (service === undefined) return plain(403, 'Missing Authentication Token');
  return service.handle({ ...request, path, authorize: () => undefined });
}

async function answerSigned(
  request: PlainRequest,
  call: Pick<InterceptedCall, 'caller' | 'service'>,
  { services, intercept, iam, count, onAnswered }: Routes,
): Promise<ServiceResponse> {
  const requestId = randomUUID();
  const named = namedOperation(request);
  let action = named;
  const allow = authorizer(iam, call, request);
  const on: string[] = [];
  const authorize: typeof allow = (wanted, resources) => {
    action ??= wanted.slice(wanted.indexOf(':') + 1);
    on.push(...resources);
    allow(wanted, resources);
  };
  const answered = (outcome: Pick<AnsweredCall, 'responseBody' | 'errorCode'>): void => {
    const { path, body: requestBody } = request;
    const asked = { ...call, operation: action ?? request.method, principal: iam.principalOf(call.caller) };
    onAnswered?.({ ...asked, path, resources: on, requestBody, ...outcome });
  };
  try {
    await intercept?.({ ...call, operation: named ?? `${request.method} ${request.path}` });
    const target = services.get(call.service);
    if (target === undefined) throw unknownService(call.service, [...services.keys()]);
    const response = await target.handle({ ...request, authorize });
    answered({ responseBody: response.body });
    const ids = { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId };
    return { ...response, headers: { ...ids, ...response.headers } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    answered({ responseBody: undefined, errorCode: error.code });
    const contentType = request.headers['content-type'] ?? '';
    return errorResponse(error, { protocol: PROTOCOLS[call.service] ?? 'rest-json', requestId, contentType });
  } finally {
    // The host counts every run of a function, also those that no request asked for.
    if (action !== 'InvokeFunction') count(call.service, action ?? request.method);
  }
}

function authorizer(
  iam: Iam,
  { caller, service }: Pick<InterceptedCall, 'caller' | 'service'>,
  request: PlainRequest,
): ServiceRequest['authorize'] {
  const principal = iam.principalOf(caller);
  const context = conditionContext(service, request);
  return (action, resources) => {
    for (const resource of resources) {
      const refusal = iam.refusal({ principal, action, resource, context });
      if (refusal !== undefined) throw accessDenied(service, refusal);
    }
  };
}

/** Undefined when the body is longer than allowed; the rest of it is then not kept. */
async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes <= maxBytes ? Buffer.concat(chunks) : undefined;
}

/** The operation, where a header or a form field names it. */
function namedOperation({ headers, body }: PlainRequest): string | undefined {
  const target = headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm ? (new URLSearchParams(body.toString('utf8')).get('Action') ?? undefined) : undefined;
}

function unknownService(service: string, known: readonly string[]): AwsError {
  const message = `The local platform has no ${service} (it serves ${known.toSorted().join(', ')}).`;
  return new AwsError('UnknownOperationException', message, 404);
}

function plain(status: number, message: string): ServiceResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

function write(outgoing: ServerResponse, response: ServiceResponse, method: string | undefined): void {
  const body = response.body ?? '';
  const hasNone = method === 'HEAD' || response.status === 204 || response.status === 304;
  const length = hasNone ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const cookies = response.cookies === undefined ? {} : { 'set-cookie': [...response.cookies] };
  outgoing.writeHead(response.status, { ...response.headers, ...cookies, ...length });
  outgoing.end(hasNone ? undefined : body);
}
