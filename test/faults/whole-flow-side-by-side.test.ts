import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { policySchema } from '../../functions/registry/policy.ts';
import { AwsError } from '../../infra/local/service.ts';
import { QUICK_POLICY, UNITS } from '../fakes/feed.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'left';
/** Before all days that are fed: no promotion is judged by it. */
const AS_OF = '2025-06-01';
const answerSchema = z.object({
  revision: z.number(),
  forecasts: z.array(z.object({ sku: z.string(), units: z.number(), version: z.string(), arm: z.string() })),
});

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await Promise.all([scene.onboard(MODEL), scene.onboard('right')]);
});
afterEach(() => scene.stack.platform.intercept(undefined));
afterAll(() => scene.stop());

/** Asks inference for two days of every unit. */
async function forecast(model: string, requestId: string) {
  const history = Array.from({ length: 60 }, (_, day) => 10 + (day % 7));
  const requests = UNITS.map((unit) => ({ ...unit, history }));
  const event = { model, asOf: AS_OF, horizonDays: 2, requestId, requests };
  return answerSchema.parse(await scene.invoke('InferenceFunctionName', event));
}

/** Objects that the log has of a request. */
async function logged(model: string, requestId: string): Promise<readonly string[]> {
  const { Contents = [] } = await scene.stack.clients.s3.send(
    new ListObjectsV2Command({
      Bucket: scene.output('PredictionBucketName'),
      Prefix: predictionPaths.asOfPrefix(model, AS_OF),
    }),
  );
  return Contents.flatMap(({ Key = '' }) => (Key.includes(`/${requestId}-`) ? [Key] : []));
}

describe('Two models', () => {
  it('are promoted at the same time, each by its own evidence', async () => {
    const models = [MODEL, 'right'];
    expect(await Promise.all(models.map((model) => scene.promoted(model, '1.0.0')))).toEqual(['promoted', 'promoted']);
    for (const model of models) {
      expect(await scene.pointer(model)).toMatchObject({ productionVersion: '1.0.0', salt: `${model}_1-0-0_1` });
    }
  });
});

describe('Inference', () => {
  it('answers by the safe forecast for a model that has no pointer', async () => {
    const { revision, forecasts } = await forecast('nobody', 'no-pointer');
    expect(revision).toBe(0);
    expect(forecasts).toHaveLength(2 * UNITS.length);
    expect(new Set(forecasts.map(({ arm, version }) => `${arm} ${version}`))).toEqual(
      new Set(['fallback seasonal-naive']),
    );
  });

  it('answers the same beside a shadow, without AppConfig, also after a restart, and without its log, which is completed later, once', async () => {
    const before = await forecast(MODEL, 'alone');
    expect(before.forecasts.every(({ arm, version }) => arm === 'production' && version === '1.0.0')).toBe(true);
    // Its artifact is read, and gives what nobody may get.
    const artifact = await scene.pipeline.upload(
      'negative.json',
      Buffer.from('{"forecaster":"exponential-smoothing","scale":-1}'),
    );
    const { promotionId } = await scene.promote(MODEL, '2.0.0', { artifact });
    await scene.through(promotionId, 'shadow');
    const beside = await forecast(MODEL, 'beside');
    expect(beside.revision).toBeGreaterThan(before.revision);
    expect(beside.forecasts).toEqual(before.forecasts);
    expect((await logged(MODEL, 'beside')).map((key) => /arm=\w+\/version=[\w.]+/.exec(key)?.[0])).toEqual([
      'arm=production/version=1.0.0',
      'arm=shadow/version=2.0.0',
    ]);

    const missing = (services: readonly string[]) =>
      scene.stack.platform.intercept(({ caller, service }) => {
        if (caller === 'forecast' && services.includes(service)) throw new AwsError('ServiceUnavailable', 'Gone.', 503);
      });
    missing(['appconfigdata']);
    expect(await forecast(MODEL, 'no-appconfig')).toEqual(beside);
    missing(['s3']);
    expect(await forecast(MODEL, 'no-log')).toEqual(beside);
    await expect.poll(() => logged(MODEL, 'no-log'), { timeout: 60_000 }).toHaveLength(2);
    missing([]);
    expect(await forecast(MODEL, 'no-log')).toEqual(beside);
    expect(await forecast(MODEL, 'no-log')).toEqual(beside);
    expect(await logged(MODEL, 'no-log')).toHaveLength(2);

    // A process that starts without AppConfig goes by the copy of the one before.
    scene.kill('forecast');
    missing(['appconfigdata']);
    expect(await forecast(MODEL, 'restarted')).toEqual(beside);
    missing([]);
    await scene.stopExecution((await scene.promotion(promotionId)).executionArn);
    await scene.closed(promotionId);
    expect((await forecast(MODEL, 'after')).forecasts).toEqual(before.forecasts);
  });
});

describe('A promotion whose model changes while it runs', () => {
  it('is judged by the thresholds that it started under, and let in by the people and the quorum of now', async () => {
    const { promotionId, arn } = await scene.at('shadow', MODEL, '2.1.0');
    const longer = { ...QUICK_POLICY, shadow: { ...QUICK_POLICY.shadow, min_cycles: 4, max_cycles: 8 } };
    const policy = policySchema.parse({ ...longer, approvals: { quorum: { canary: 2 } } });
    const change = await scene.change(MODEL, 1, { policy });
    await scene.approve(change.promotionId, ANA.email, MODEL);
    expect(await scene.ended(change.arn)).toMatchObject({ end: 'applied' });
    // Two weeks are enough under the old thresholds, and half of what the new ones ask for.
    expect(await scene.feedStage(promotionId, 'shadow')).toBe('PASS');
    expect(await scene.promotion(promotionId)).toMatchObject({ policyVersion: 1 });
    await scene.approve(promotionId, ANA.email, '2.1.0', 'canary');
    expect(await scene.promotion(promotionId)).toMatchObject({ stage: 'canary', awaitingApproval: true });
    await scene.approve(promotionId, BEN.email, '2.1.0', 'canary');
    await scene.reaches(promotionId, 'canary');

    // At the open gate into production, one approver less: what was asked is void, and asked again.
    await scene.through(promotionId, 'production gate');
    const old = await scene.mail.link(promotionId, BEN.email, { stage: 'production' });
    const fewer = await scene.change(MODEL, 2, { approvers: [ANA], policy: policySchema.parse(longer) });
    await scene.approve(fewer.promotionId, BEN.email, MODEL);
    expect(await scene.ended(fewer.arn)).toMatchObject({ end: 'applied' });
    expect(await scene.mail.answer(old, '2.1.0')).toBe(403);
    const link = await scene.mail.link(promotionId, ANA.email, { stage: 'production', count: 2 });
    expect(await scene.mail.answer(link, '2.1.0')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
  });
});

describe('A version after the next', () => {
  it('takes the place of the confirmation that ran beside production, and is confirmed by what it followed', async () => {
    expect(await scene.pointer(MODEL)).toMatchObject({ productionVersion: '2.1.0', shadowVersion: '1.0.0' });
    const shorter = await scene.change(MODEL, 3, { policy: policySchema.parse(QUICK_POLICY) });
    await scene.approve(shorter.promotionId, ANA.email, MODEL);
    expect(await scene.ended(shorter.arn)).toMatchObject({ end: 'applied' });
    const { promotionId, arn } = await scene.at('shadow', MODEL, '3.0.0');
    expect(await scene.pointer(MODEL)).toMatchObject({
      ...{ productionVersion: '2.1.0', previousVersion: '1.0.0', shadowVersion: '3.0.0', salt: promotionId },
    });
    await scene.through(promotionId, 'production');
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
    expect(await scene.pointer(MODEL)).toMatchObject({
      ...{ productionVersion: '3.0.0', previousVersion: '2.1.0', shadowVersion: '2.1.0', canaryVersion: '' },
    });
    expect((await forecast(MODEL, 'third')).forecasts.every(({ version }) => version === '3.0.0')).toBe(true);
  });

  it('leaves ledgers in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
