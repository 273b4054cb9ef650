import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { conditionContext, type PlainRequest } from '../iam/condition-context.ts';
import type { Iam } from '../iam/iam.ts';
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

export interface GatewayOptions {
  readonly iam: Iam;
  /** 0 takes a free port. */
  readonly port: number;
  /** A line for each defect of the platform itself. */
  readonly log: (line: string) => void;
}

export interface Gateway {
  readonly endpoint: string;
  /** Serves the API that requests are signed for as `name`. */
  mount(name: string, service: Service): void;
  /** Serves unsigned requests under `/name/`. */
  mountPublic(name: string, service: Service): void;
  intercept(intercept: Intercept | undefined): void;
  stop(): Promise<void>;
}

const SCOPE = /Credential=([^,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request/;
const DATA_PLANE = /^\/(configurationsessions|configuration)\/?$/;
/** A browser page that resolves its own name to this machine must not reach the services. */
const OWN_HOSTS = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const MAX_SIGNED_BYTES = 1024 * 1024 * 1024;
/** API Gateway's limit. */
const MAX_PUBLIC_BYTES = 10 * 1024 * 1024;

/**
 * One HTTP server on loopback for every API of the stack. It finds the service in the credential scope and the caller in
 * the access key; signatures are not checked.
 * @throws PlatformFault when the port is taken
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const services = new Map<string, Service>();
  const publicServices = new Map<string, Service>();
  let intercept: Intercept | undefined;
  const server = createServer((incoming, outgoing) => {
    const routes = { services, publicServices, intercept };
    answer(incoming, routes, options)
      .catch((error: unknown) => {
        options.log(`gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        return { status: 500, body: '{"message":"Internal Server Error"}' };
      })
      .then((response) => write(outgoing, response, incoming.method));
  });
  const endpoint = await listen(server, options.port);
  return {
    endpoint,
    mount: (name, service) => services.set(name, service),
    mountPublic: (name, service) => publicServices.set(name, service),
    intercept: (next) => {
      intercept = next;
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
      const next = 'Stop what uses it, or choose another: npm start -- --port 0 takes a free one.';
      reject(new PlatformFault(`Port ${port} of 127.0.0.1 ${taken}.`, next, error));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (isAddress(address)) resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

interface Routes {
  readonly services: ReadonlyMap<string, Service>;
  readonly publicServices: ReadonlyMap<string, Service>;
  readonly intercept: Intercept | undefined;
}

async function answer(incoming: IncomingMessage, routes: Routes, options: GatewayOptions): Promise<ServiceResponse> {
  const headers = plainHeaders(incoming);
  if (!OWN_HOSTS.test(headers['host'] ?? '')) return { status: 403, body: '{"message":"Forbidden"}' };
  const [path = '/', ...rest] = (incoming.url ?? '/').split('?');
  const query = new URLSearchParams(rest.join('?'));
  const base = { method: incoming.method ?? 'GET', path, query, headers };
  const scope = SCOPE.exec(headers['authorization'] ?? '');
  if (scope === null) return answerPublic(incoming, base, routes);
  const caller = scope[1] ?? '';
  const service = scope[4] === 'appconfig' && DATA_PLANE.test(path) ? 'appconfigdata' : (scope[4] ?? '');
  const requestId = randomUUID();
  try {
    const body = await readBody(incoming, MAX_SIGNED_BYTES);
    if (body === undefined) throw new AwsError('EntityTooLarge', 'The request body is too large.', 413);
    await routes.intercept?.({ caller, service, operation: operationOf(base, body) });
    const target = routes.services.get(service);
    if (target === undefined) throw unknownService(service, [...routes.services.keys()]);
    const response = await target.handle({
      ...base,
      body,
      authorize: authorizer(options.iam, { caller, service }, { ...base, body }),
    });
    return {
      ...response,
      headers: { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId, ...response.headers },
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const protocol = PROTOCOLS[service] ?? 'rest-json';
    return errorResponse(error, { protocol, requestId, contentType: headers['content-type'] ?? '' });
  }
}

async function answerPublic(
  incoming: IncomingMessage,
  base: Omit<PlainRequest, 'body'>,
  routes: Routes,
): Promise<ServiceResponse> {
  const json = { 'content-type': 'application/json' };
  const [, name = '', rest = ''] = /^\/([^/]+)(\/.*)?$/.exec(base.path) ?? [];
  const service = routes.publicServices.get(name);
  if (service === undefined) {
    return { status: 403, headers: json, body: '{"message":"Missing Authentication Token"}' };
  }
  const body = await readBody(incoming, MAX_PUBLIC_BYTES);
  if (body === undefined) return { status: 413, headers: json, body: '{"message":"Request Entity Too Large"}' };
  return service.handle({ ...base, path: rest, body, authorize: () => undefined });
}

function authorizer(
  iam: Iam,
  call: { readonly caller: string; readonly service: string },
  request: PlainRequest,
): ServiceRequest['authorize'] {
  const principal = iam.principalOf(call.caller);
  const context = conditionContext(call.service, request);
  return (action, resources) => {
    for (const resource of resources) {
      const refusal = iam.refusal({ principal, action, resource, context });
      if (refusal !== undefined) throw accessDenied(call.service, refusal);
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
    else chunks.length = 0;
  }
  return bytes <= maxBytes ? Buffer.concat(chunks) : undefined;
}

function operationOf(base: Pick<ServiceRequest, 'method' | 'path' | 'headers'>, body: Buffer): string {
  const target = base.headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.lastIndexOf('.') + 1);
  const isForm = base.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const action = isForm ? new URLSearchParams(body.toString('utf8')).get('Action') : null;
  return action ?? `${base.method} ${base.path}`;
}

function plainHeaders(incoming: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(incoming.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(',') : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function unknownService(service: string, known: readonly string[]): AwsError {
  const message = `The local platform has no ${service} (it serves ${known.toSorted().join(', ')}).`;
  return new AwsError('UnknownOperationException', message, 404);
}

function write(outgoing: ServerResponse, response: ServiceResponse, method: string | undefined): void {
  const body = response.body ?? '';
  const length = method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const none = response.status === 204 || response.status === 304;
  outgoing.writeHead(response.status, { ...response.headers, ...(none ? {} : length) });
  outgoing.end(method === 'HEAD' || none ? undefined : body);
}
