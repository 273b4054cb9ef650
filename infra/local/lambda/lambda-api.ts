import * as z from 'zod';
import { AwsError, type Service, type ServiceRequest, type ServiceResponse } from '../service.ts';
import type { LambdaHost } from './lambda-host.ts';
import type { LambdaFunction } from './lambda-worker.ts';

const PATH = /^\/2015-03-31\/functions(?:\/([^/]+)(\/invocations|\/configuration)?)?\/?$/;
const JSON_TYPE = { 'content-type': 'application/json' };

/** The Lambda API in front of the host: Invoke (RequestResponse, Event, DryRun), GetFunction and ListFunctions. */
export function createLambdaApi(host: LambdaHost): Service {
  return {
    handle: async (request) => {
      const match = PATH.exec(request.path);
      if (match === null) throw new AwsError('UnknownOperationException', `Unknown operation: ${request.path}`, 404);
      const [, encodedName, action] = match;
      if (encodedName === undefined) {
        request.authorize('lambda:ListFunctions', ['*']);
        return json(200, { Functions: host.list().map(configurationOf) });
      }
      const qualifier = request.query.get('Qualifier');
      const name = `${decodeURIComponent(encodedName)}${qualifier === null ? '' : `:${qualifier}`}`;
      if (action === '/invocations' && request.method === 'POST') return invoke(host, name, request);
      const definition = host.find(name);
      request.authorize(`lambda:GetFunction${action === undefined ? '' : 'Configuration'}`, [definition.arn]);
      const configuration = configurationOf(definition);
      return json(200, action === undefined ? { Configuration: configuration } : configuration);
    },
  };
}

async function invoke(host: LambdaHost, name: string, request: ServiceRequest): Promise<ServiceResponse> {
  const { arn } = host.find(name);
  const qualifier = /:function:[^:]+:(.+)$|^[^:]+:([^:]+)$/.exec(name);
  const suffix = qualifier?.[1] ?? qualifier?.[2];
  request.authorize('lambda:InvokeFunction', [suffix === undefined ? arn : `${arn}:${suffix}`]);
  const payload = parseEvent(request.body);
  const type = z.enum(['RequestResponse', 'Event', 'DryRun']).catch('RequestResponse');
  switch (type.parse(request.headers['x-amz-invocation-type'])) {
    case 'DryRun':
      return { status: 204 };
    case 'Event':
      void host.enqueue(name, payload);
      return { status: 202 };
    case 'RequestResponse': {
      const result = await host.invoke(name, payload);
      const failed = result.functionError === undefined ? {} : { 'x-amz-function-error': result.functionError };
      const headers = { ...JSON_TYPE, 'x-amz-executed-version': '$LATEST', ...failed };
      return { status: 200, headers, body: JSON.stringify(result.payload) };
    }
  }
}

function parseEvent(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    const message = `Could not parse request body into json: ${error instanceof Error ? error.message : error}`;
    throw new AwsError('InvalidRequestContentException', message);
  }
}

function configurationOf(definition: LambdaFunction): object {
  return {
    FunctionName: definition.name,
    FunctionArn: definition.arn,
    Runtime: 'nodejs24.x',
    Handler: definition.handler,
    Timeout: definition.timeoutSeconds,
    MemorySize: definition.memoryMb,
    Environment: { Variables: definition.environment },
    State: 'Active',
    Version: '$LATEST',
  };
}

function json(status: number, body: object): ServiceResponse {
  return { status, headers: JSON_TYPE, body: JSON.stringify(body) };
}
