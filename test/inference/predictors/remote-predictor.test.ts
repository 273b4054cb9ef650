import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ForecastRequest } from '../../../functions/inference/predictors/forecaster.ts';
import { lambdaPredictor } from '../../../functions/inference/predictors/lambda-predictor-store.ts';
import { predictorFactory } from '../../../functions/inference/predictors/predictor-factory.ts';
import { remotePredictor } from '../../../functions/inference/predictors/remote-predictor.ts';
import { sageMakerPredictor } from '../../../functions/inference/predictors/sagemaker-predictor-store.ts';

const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:forecast-v7:7';
const ENDPOINT = { forecaster: 'sagemaker', endpointName: 'demand', variant: 'v7' } as const;

const lambda = mockClient(LambdaClient);
const endpoint = mockClient(SageMakerRuntimeClient);
beforeEach(() => {
  lambda.reset();
  endpoint.reset();
});

const never = new AbortController().signal;
const request = (sku: string, members: Partial<ForecastRequest> = {}): ForecastRequest => ({
  ...{ sku, store: 'harbour', history: [1, 2.5], asOf: '2026-03-01', horizonDays: 2 },
  ...members,
});

/** Bodies are given as the services give them. */
const body = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) as never;
const sent = (payload: unknown): unknown => JSON.parse(Buffer.from(payload as Uint8Array).toString());

const ASKED = {
  ...{ asOf: '2026-03-01', horizonDays: 2 },
  requests: [
    { sku: 'milk', store: 'harbour', history: [1, 2.5] },
    { sku: 'salt', store: 'harbour', history: [1, 2.5], features: { promotion: true } },
  ],
};
const requests = [request('milk'), request('salt', { features: { promotion: true } })];

describe('A version that is a Lambda function', () => {
  const predictor = () => lambdaPredictor({ forecaster: 'lambda', functionArn: FUNCTION_ARN }, new LambdaClient({}));

  it('is asked by its published version, and answers in the order of the requests', async () => {
    lambda.on(InvokeCommand).resolves({ Payload: body({ forecasts: [[1, 2], null] }) });
    expect(await predictor().predict(requests, never)).toEqual([[1, 2], null]);
    const [call] = lambda.commandCalls(InvokeCommand);
    expect(call?.args[0].input).toMatchObject({ FunctionName: FUNCTION_ARN, InvocationType: 'RequestResponse' });
    expect(sent(call?.args[0].input.Payload)).toEqual(ASKED);
  });

  it('fails by a code of ours when the function fails, whatever it says', async () => {
    lambda.on(InvokeCommand).resolves({ FunctionError: 'Unhandled', Payload: body({ forecasts: [[1, 2], null] }) });
    await expect(predictor().predict(requests, never)).rejects.toMatchObject({ name: 'PREDICTOR_FAILED' });
  });

  it('is sent nothing more once nobody waits', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(predictor().predict(requests, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(lambda.calls()).toHaveLength(0);
  });

  it('hears of it when nobody waits any longer', async () => {
    const client = new LambdaClient({});
    const heard: unknown[] = [];
    const send: LambdaClient['send'] = async (_command: unknown, options: unknown) => {
      heard.push(options);
      return { Payload: body({ forecasts: [[1, 2], null] }) } as never;
    };
    Object.assign(client, { send });
    await lambdaPredictor({ forecaster: 'lambda', functionArn: FUNCTION_ARN }, client).predict(requests, never);
    expect(heard).toEqual([{ abortSignal: never }]);
  });
});

describe('A version that is an endpoint', () => {
  const predictor = (members: { modelId?: string } = {}) =>
    sageMakerPredictor({ ...ENDPOINT, ...members }, new SageMakerRuntimeClient({}));
  const answers = (value: unknown, InvokedProductionVariant: string | undefined = 'v7') =>
    endpoint
      .on(InvokeEndpointCommand)
      .resolves({ Body: body(value), ...(InvokedProductionVariant && { InvokedProductionVariant }) });

  it('is asked for its variant by name, and answers in the order of the requests', async () => {
    answers({ forecasts: [[1, 2], null] });
    expect(await predictor().predict(requests, never)).toEqual([[1, 2], null]);
    const [call] = endpoint.commandCalls(InvokeEndpointCommand);
    expect(call?.args[0].input).toMatchObject({
      ...{ EndpointName: 'demand', TargetVariant: 'v7' },
      ...{ ContentType: 'application/json', Accept: 'application/json' },
    });
    expect(sent(call?.args[0].input.Body)).toEqual(ASKED);
  });

  it.each(['v8', ''])('is refused when an answer comes from the variant "%s"', async (variant) => {
    answers({ forecasts: [[1, 2], null] }, variant);
    await expect(predictor().predict(requests, never)).rejects.toMatchObject({ name: 'PREDICTOR_NOT_PINNED' });
  });

  it('is refused when it does not say the model that it was approved with', async () => {
    answers({ forecasts: [[1, 2], null], modelId: 'other' });
    await expect(predictor({ modelId: 'm' }).predict(requests, never)).rejects.toMatchObject({
      name: 'PREDICTOR_NOT_PINNED',
    });
    answers({ forecasts: [[1, 2], null], modelId: 'm' });
    expect(await predictor({ modelId: 'm' }).predict(requests, never)).toEqual([[1, 2], null]);
  });
});

describe('What a version answers from elsewhere', () => {
  const asking = (answer: Uint8Array | undefined) => remotePredictor({ call: async () => answer });

  it.each([
    ['nothing', undefined],
    ['no JSON', body('<html>')],
    ['no forecasts', body({})],
    ['too few forecasts', body({ forecasts: [[1, 2]] })],
    ['too many forecasts', body({ forecasts: [[1], [2], [3]] })],
    ['more bytes than anybody asked for', Buffer.alloc(7_000_000)],
  ])('is refused as garbage when it is %s', async (_what, answer) => {
    await expect(asking(answer).predict(requests, never)).rejects.toMatchObject({ name: 'PREDICTOR_GARBAGE' });
  });

  it('is nothing for a request whose forecast is no list of numbers', async () => {
    expect(await asking(body({ forecasts: ['a', [1, 'b']] })).predict(requests, never)).toEqual([null, null]);
  });

  it('is asked for in as few calls as their size allows, each request once and answered in its place', async () => {
    const batches = fc.array(
      fc.record({ days: fc.integer({ min: 0, max: 400_000 }), horizonDays: fc.constantFrom(1, 2) }),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(batches, async (wanted) => {
        const sizes: number[] = [];
        const predictor = remotePredictor({
          call: async (payload) => {
            sizes.push(Buffer.byteLength(payload));
            const asked = JSON.parse(payload) as { horizonDays: number; requests: { sku: string }[] };
            return body({ forecasts: asked.requests.map(({ sku }) => Array(asked.horizonDays).fill(Number(sku))) });
          },
        });
        const all = wanted.map(({ days, horizonDays }, at) =>
          request(String(at), { history: Array(days).fill(123_456.5), horizonDays }),
        );
        expect(await predictor.predict(all, never)).toEqual(
          all.map(({ horizonDays }, at) => Array(horizonDays).fill(at)),
        );
        for (const bytes of sizes) expect(bytes).toBeLessThan(6_000_000);
        const changes = all.filter(({ horizonDays }, at) => at > 0 && horizonDays !== all[at - 1]?.horizonDays).length;
        const bytes = sizes.reduce((sum, one) => sum + one, 0);
        expect(sizes.length).toBeLessThanOrEqual(1 + changes + 2 * Math.ceil(bytes / 5_500_000));
      }),
      { numRuns: 12 },
    );
  });
});

describe('An artifact of a version that runs elsewhere', () => {
  const made: unknown[] = [];
  const factory = predictorFactory({
    lambda: (described) => {
      made.push(described);
      return { batchSize: 1, predict: () => [] };
    },
    sagemaker: (described) => {
      made.push(described);
      return { batchSize: 1, predict: () => [] };
    },
  });
  const making = async (described: object) => factory(Buffer.from(JSON.stringify(described)));

  it('names what cannot become another model', async () => {
    made.length = 0;
    const artifacts = [{ forecaster: 'lambda', functionArn: FUNCTION_ARN }, ENDPOINT, { ...ENDPOINT, modelId: 'm' }];
    for (const described of artifacts) await making(described);
    expect(made).toEqual(artifacts);
  });

  it.each([
    ['an alias', { forecaster: 'lambda', functionArn: FUNCTION_ARN.replace(/7$/, 'live') }],
    ['the newest code', { forecaster: 'lambda', functionArn: FUNCTION_ARN.replace(/7$/, '$LATEST') }],
    ['no version', { forecaster: 'lambda', functionArn: FUNCTION_ARN.replace(/:7$/, '') }],
    ['a bare name', { forecaster: 'lambda', functionArn: 'forecast:7' }],
    ['an endpoint without its variant', { forecaster: 'sagemaker', endpointName: 'demand' }],
    ['more than is checked', { ...ENDPOINT, endpointConfigName: 'c' }],
  ])('is refused when it names %s', async (_what, described) => {
    await expect(making(described)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
