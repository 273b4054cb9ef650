import * as z from 'zod';
import { json, type Operation, param, readBody, routed } from '../gateway/rest-routes.ts';
import { AwsError, type Service } from '../service.ts';
import type { LambdaHost } from './lambda-host.ts';
import type { LambdaFunction } from './lambda-worker.ts';

const PATH = '/2015-03-31/functions/{name}';

const updateSchema = z.strictObject({
  Timeout: z.int().min(1).max(900).optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).optional(),
});

/** The Lambda API in front of the host: Invoke (RequestResponse and Event), and reading and changing a configuration. */
export function createLambdaApi(host: LambdaHost): Service {
  const find = (call: Parameters<Operation>[0]): LambdaFunction => {
    const qualifier = call.query.get('Qualifier');
    return host.find(`${param(call, 'name')}${qualifier === null ? '' : `:${qualifier}`}`);
  };
  return {
    handle: routed({
      [`POST ${PATH}/invocations`]: async (call) => {
        const { arn } = find(call);
        call.authorize('lambda:InvokeFunction', [arn]);
        const payload = parseEvent(call.body);
        const type = call.headers['x-amz-invocation-type'] ?? 'RequestResponse';
        if (type === 'Event') {
          void host.enqueue(arn, payload);
          return { status: 202 };
        }
        if (type !== 'RequestResponse') {
          throw new AwsError('InvalidParameterValueException', `The local platform has no invocation type ${type}.`);
        }
        const { functionError, payload: answer } = await host.invoke(arn, payload);
        const failed = functionError === undefined ? {} : { 'x-amz-function-error': functionError };
        const response = json(200, answer);
        return { ...response, headers: { ...response.headers, 'x-amz-executed-version': '$LATEST', ...failed } };
      },
      [`GET ${PATH}/configuration`]: (call) => {
        const definition = find(call);
        call.authorize('lambda:GetFunctionConfiguration', [definition.arn]);
        return json(200, configurationOf(definition));
      },
      [`PUT ${PATH}/configuration`]: (call) => {
        const definition = find(call);
        call.authorize('lambda:UpdateFunctionConfiguration', [definition.arn]);
        const { Timeout: timeoutSeconds = definition.timeoutSeconds, Environment } = readBody(call, updateSchema);
        const environment = Environment?.Variables ?? definition.environment;
        const changed = { ...definition, timeoutSeconds, environment };
        host.define(changed);
        return json(200, configurationOf(changed));
      },
    }),
  };
}

function parseEvent(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('InvalidRequestContentException', `Could not parse request body into json: ${String(error)}`);
  }
}

function configurationOf(definition: LambdaFunction): object {
  return {
    ...{ FunctionName: definition.name, FunctionArn: definition.arn, Handler: definition.handler },
    ...{ Timeout: definition.timeoutSeconds, MemorySize: definition.memoryMb, Runtime: 'nodejs24.x' },
    Environment: { Variables: definition.environment },
    ...{ State: 'Active', Version: '$LATEST' },
  };
}
