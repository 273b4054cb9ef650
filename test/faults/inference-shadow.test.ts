import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { INFERENCE_FUNCTIONS } from '../../infra/inference-functions.ts';
import { Scene } from '../fakes/scene.ts';

// A promotion on the whole stack, and processes that have to be ended: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'shadowed';
const HORIZON_DAYS = 7;
const SKUS = Array.from({ length: 40 }, (_, index) => `sku-${index}`);
/** What candidates add to an answer at most (budgets of the client), and what a busy machine may add to that. */
const CANDIDATE_MS = 500;
const SLACK_MS = 2_500;

const answerSchema = z.object({ revision: z.number(), forecasts: z.array(z.record(z.string(), z.unknown())) });

let scene: Scene;
const figures: string[] = [];

beforeAll(async () => {
  const [forecast, completeLog] = INFERENCE_FUNCTIONS;
  const programs = [...forecast.programs, 'test/faults/misbehaving/misbehaving-predictors.ts'];
  const entry = 'test/faults/misbehaving/forecast.lambda.ts';
  scene = await Scene.start({ candidateWaitMs: CANDIDATE_MS }, [{ ...forecast, entry, programs }, completeLog]);
  const artifact = (name: string, forecaster: string) =>
    scene.pipeline.upload(`${MODEL}/${name}.json`, Buffer.from(JSON.stringify({ forecaster })));
  await scene.onboard(MODEL, { adopt: { version: '1.0.0', artifact: await artifact('adopted', 'seasonal-naive') } });
  const { promotionId } = await scene.promote(MODEL, '2.0.0', { artifact: await artifact('hostile', 'misbehaving') });
  await scene.through(promotionId, 'shadow');
  // The first of a process loads everything.
  await forecastWith('is sound', 'warm');
});
afterAll(async () => {
  console.info(['Milliseconds that an answer of 40 requests takes beside a shadow that', ...figures].join('\n  '));
  await scene.stop();
});

async function forecastWith(misdeed: string, requestId: string) {
  const history = Array.from({ length: 28 }, (_, day) => day % 7);
  const requests = SKUS.map((sku) => ({ sku, store: 'harbour', history, features: { misdeed } }));
  const event = { model: MODEL, asOf: '2026-03-01', horizonDays: HORIZON_DAYS, requestId, requests };
  const from = performance.now();
  const answer = answerSchema.parse(await scene.invoke('InferenceFunctionName', event));
  return { answer, took: performance.now() - from };
}

async function logged(requestId: string): Promise<readonly PredictionRecord[]> {
  const { s3 } = scene.stack.clients;
  const Bucket = scene.output('PredictionBucketName');
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `predictions/model=${MODEL}/` }));
  const keys = Contents.map(({ Key = '' }) => Key).filter((key) => key.includes(`/${requestId}-`));
  const texts = await Promise.all(
    keys.map(async (Key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString('utf8');
    }),
  );
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => predictionRecord.parse(JSON.parse(line))),
  );
}

describe('Beside a shadow, on the whole stack', () => {
  it.each([
    ['sleeps', 'null'],
    ['throws', 'null'],
    ['never yields', 'null'],
    ['says what is no number', 'NaN'],
    ['says a billion', 'null'],
    ['fills the heap with objects', 'null'],
    ['fills buffers outside the heap', 'null'],
    ['ends its process', 'null'],
    ['floods the console', 'null'],
  ])('that %s, callers get what they would get without it, and the log says what it said', async (misdeed, said) => {
    const requestId = misdeed.replaceAll(' ', '-');
    const sound = await forecastWith('is sound', `${requestId}.sound`);
    const beside = await forecastWith(misdeed, requestId);
    figures.push(`${misdeed}: ${Math.round(beside.took)} (${Math.round(sound.took)} beside a sound one)`);
    expect(beside.answer).toEqual(sound.answer);
    expect(beside.answer.forecasts).toHaveLength(SKUS.length * HORIZON_DAYS);
    expect(new Set(beside.answer.forecasts.map(({ version }) => version))).toEqual(new Set(['1.0.0']));
    expect(beside.took - sound.took).toBeLessThan(CANDIDATE_MS + SLACK_MS);
    await expect
      .poll(async () => (await logged(requestId)).length, { timeout: 60_000 })
      .toBe(2 * SKUS.length * HORIZON_DAYS);
    const records = await logged(requestId);
    const served = records.filter(({ arm }) => arm === 'production');
    expect(served.map(({ sku, targetDate, units }) => ({ sku, targetDate, units }))).toEqual(
      beside.answer.forecasts.map(({ sku, targetDate, units }) => ({ sku, targetDate, units })),
    );
    const shadows = records.filter(({ arm, horizonDays }) => arm === 'shadow' && horizonDays === 1);
    expect(new Set(shadows.map(({ units }) => String(units)))).toEqual(new Set([said]));
    // And the next one is none the worse for it.
    const after = await forecastWith('is sound', `${requestId}.after`);
    expect(after.answer).toEqual(sound.answer);
  });
});
