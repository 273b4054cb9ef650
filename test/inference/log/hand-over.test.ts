import { randomBytes } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type HandOverEvent,
  type HandOverPorts,
  handOverEvent,
  handOverShadow,
  MAX_EVENT_BYTES,
  packObjects,
  type ShadowWork,
} from '../../../functions/inference/log/hand-over.ts';
import { HandOverStore } from '../../../functions/inference/log/hand-over-store.ts';
import { HandedOverStore } from '../../../functions/inference/log/handed-over-store.ts';
import type { LogObject } from '../../../functions/inference/log/log-object.ts';
import { PREDICTION_KEY, predictionPaths } from '../../../functions/platform/keys.ts';
import { createS3 } from '../../../infra/local/s3/s3.ts';
import { type Served, serveOne } from '../../local/fixtures/serve-one.ts';

const WORK: ShadowWork = {
  ...{ model: 'demand', asOf: '2026-03-01', horizonDays: 2, requestId: 'day-60' },
  ...{ at: '2026-03-02T06:00:00.000Z', revision: 3, promotionId: 'demand_2-0-0_1', version: '2.0.0' },
};

function objectOf(number: number, bytes: number): LogObject {
  const name = { model: 'demand', asOf: '2026-03-01', arm: 'shadow', version: '2.0.0', requestId: `r-${number}` };
  const body = Buffer.concat([Buffer.from([0x1f, 0x8b, 0x08]), randomBytes(bytes)]);
  return { key: predictionPaths.prediction({ ...name, revision: 3 }), body, records: 1 + number };
}

describe('Events for the function that completes the log', () => {
  it('hold every object that fits one, once and in order, and stay below what Lambda takes', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 600, max: 2_000 }), (all, maxBytes) => {
        const objects = all.map((bytes, number) => objectOf(number, bytes));
        const packed = packObjects(objects, maxBytes);
        const held = packed.flatMap((one) => one.objects);
        expect(held).toEqual(objects.filter((object) => held.includes(object)));
        for (const { event, objects: inside } of packed) {
          expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(maxBytes);
          expect(handOverEvent.parse(event)).toEqual(event);
          expect(event.objects.map(({ body }) => Buffer.from(body, 'base64'))).toEqual(inside.map(({ body }) => body));
        }
        const left = objects.filter((object) => !held.includes(object));
        expect(left.flatMap((object) => packObjects([object], maxBytes))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('are as few as they can be in this order', () => {
    const packed = packObjects([objectOf(1, 300), objectOf(2, 300), objectOf(3, 300)], 1_400);
    expect(packed.map(({ objects }) => objects.length)).toEqual([2, 1]);
  });

  it('are smaller than a megabyte, whichever is meant', () => {
    expect(MAX_EVENT_BYTES).toBeLessThan(1_000_000);
  });

  it('know every key that the log builds, also that of a safe forecast and of an invocation without a name', () => {
    for (const version of ['1.1.0', 'seasonal-naive']) {
      const requestId = '0f8fad5b-d9cb-469f-a165-70867728950e';
      const of = { model: 'demand', asOf: '2026-03-01', arm: 'fallback', version, requestId, revision: 0 };
      expect(predictionPaths.prediction(of)).toMatch(PREDICTION_KEY);
    }
    expect(predictionPaths.handedOver(WORK)).not.toMatch(PREDICTION_KEY);
  });
});

describe('A shadow that did not finish', () => {
  const request = { sku: 'milk', store: 'harbour', region: '', category: '', segments: [], history: [1, 2] };
  function stand(members: Partial<HandOverPorts> = {}) {
    const sent: HandOverEvent[] = [];
    const kept: (readonly [string, string])[] = [];
    const ports: HandOverPorts = {
      send: async (event) => {
        sent.push(event);
        return true;
      },
      keep: async (key, json) => {
        kept.push([key, json]);
        return 'v1';
      },
      ...members,
    };
    return { ports, sent, kept };
  }

  it('is handed over in an event of its own', async () => {
    const { ports, sent, kept } = stand();
    const rest = { known: [], requests: [request] };
    const more = { ...WORK, somethingElse: 1 };
    expect(await handOverShadow(ports, more, rest)).toBe(true);
    expect(sent).toEqual([{ kind: 'shadow', ...WORK, rest }]);
    expect(handOverEvent.parse(sent[0])).toEqual(sent[0]);
    expect(kept).toEqual([]);
  });

  const large = { known: [], requests: Array(3_000).fill({ ...request, history: Array(365).fill(1) }) };

  it('is kept in the bucket where an event cannot hold it', async () => {
    const { ports, sent, kept } = stand();
    expect(await handOverShadow(ports, WORK, large)).toBe(true);
    const key = 'handed-over/model=demand/version=2.0.0/day-60-3.json.gz';
    expect(sent).toEqual([{ kind: 'shadow', ...WORK, rest: { key, versionId: 'v1' } }]);
    expect(handOverEvent.parse(sent[0])).toEqual(sent[0]);
    expect(kept.map(([at, json]) => [at, JSON.parse(json)])).toEqual([[key, large]]);
  });

  it('is dropped, and told to be, when it can be neither kept nor sent', async () => {
    const unkept = stand({ keep: async () => null });
    expect(await handOverShadow(unkept.ports, WORK, large)).toBe(false);
    expect(unkept.sent).toEqual([]);
    const unsent = stand({ send: async () => false });
    expect(await handOverShadow(unsent.ports, WORK, { known: [], requests: [request] })).toBe(false);
  });
});

describe('The asynchronous function', () => {
  const client = new LambdaClient({ region: 'eu-west-1' });
  const lambda = mockClient(client);
  afterEach(() => lambda.reset());
  afterAll(() => lambda.restore());
  const event: HandOverEvent = { kind: 'objects', objects: [{ key: 'k', body: 'H4sI', records: 1 }] };
  const storeOf = (refusals: string[], timeoutMs?: number) =>
    new HandOverStore({
      ...{ client, functionName: 'ModelRelease-complete-log', onRefused: (cause) => refusals.push(cause) },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });

  it('gets an event without being waited for', async () => {
    lambda.on(InvokeCommand).resolves({ StatusCode: 202 });
    const refusals: string[] = [];
    expect(await storeOf(refusals).send(event)).toBe(true);
    const [call] = lambda.commandCalls(InvokeCommand);
    expect(call?.args[0].input).toEqual({
      ...{ FunctionName: 'ModelRelease-complete-log', InvocationType: 'Event' },
      Payload: Buffer.from(JSON.stringify(event)),
    });
    expect(refusals).toEqual([]);
  });

  it('refuses without an error, and says why', async () => {
    const refusals: string[] = [];
    lambda.on(InvokeCommand).rejects(Object.assign(new Error('No.'), { name: 'TooManyRequestsException' }));
    expect(await storeOf(refusals).send(event)).toBe(false);
    lambda.on(InvokeCommand).callsFake(() => new Promise(() => undefined));
    expect(await storeOf(refusals, 20).send(event)).toBe(false);
    expect(refusals).toEqual(['TooManyRequestsException', 'TIMED_OUT']);
  });
});

describe('What is handed over and large', () => {
  let served: Served;
  let client: S3Client;
  beforeAll(async () => {
    const s3 = createS3();
    s3.createBucket('predictions', { VersioningConfiguration: { Status: 'Enabled' } });
    served = await serveOne('s3', s3);
    client = new S3Client(served.client);
  });
  afterAll(async () => {
    client.destroy();
    await served.stop();
  });

  it('is read as it was kept, also after the same work was handed over again', async () => {
    const store = new HandedOverStore(client, 'predictions');
    const key = predictionPaths.handedOver(WORK);
    const first = await store.keep(key, '{"known":[],"requests":["brød"]}');
    const second = await store.keep(key, '{"known":[],"requests":[]}');
    expect(second).not.toBe(first);
    expect(await store.read({ key, versionId: first ?? '' })).toEqual({ known: [], requests: ['brød'] });
  });

  it('cannot be kept, without an error, where the bucket refuses or is gone', async () => {
    served.deny('s3:PutObject');
    expect(await new HandedOverStore(client, 'predictions').keep('handed-over/a', '{}')).toBeNull();
    served.deny();
    expect(await new HandedOverStore(client, 'no-such-bucket').keep('handed-over/a', '{}')).toBeNull();
  });

  it('is told to be gone once it has expired', async () => {
    const read = new HandedOverStore(client, 'predictions').read({ key: 'handed-over/none', versionId: 'v' });
    await expect(read).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
