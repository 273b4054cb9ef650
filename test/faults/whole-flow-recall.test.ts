import { gunzipSync } from 'node:zlib';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { type PredictionRecord, predictionRecord } from '../../functions/inference/log/prediction.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { RecallStore } from '../../functions/rollback/recall/recall-store.ts';
import { OWNER, REPLENISHMENT } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'recalled';
let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL);
});
afterAll(() => scene.stop());

const { at, model, version, arm, sku, store, region, targetDate, units, revision, requestId } = predictionRecord.shape;
/** What a record and a line of the list have in common. */
const named = z.object({ at, model, version, arm, sku, store, region, targetDate, units, revision, requestId });
const bucket = () => scene.output('PredictionBucketName');
async function bytesOf(Key: string): Promise<Buffer> {
  const { Body } = await scene.stack.clients.s3.send(new GetObjectCommand({ Bucket: bucket(), Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}
async function log(): Promise<ReadonlyMap<string, Buffer>> {
  const Prefix = predictionPaths.modelPrefix(MODEL);
  const { Contents = [] } = await scene.stack.clients.s3.send(new ListObjectsV2Command({ Bucket: bucket(), Prefix }));
  return new Map(await Promise.all(Contents.map(async ({ Key = '' }) => [Key, await bytesOf(Key)] as const)));
}
const lines = (bytes: Buffer) =>
  gunzipSync(bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line): unknown[] => (line === '' ? [] : [JSON.parse(line)]));

it('A rollback of a version that served lists its forecasts, tells the team by email, and is acknowledged', async () => {
  expect(await scene.promoted(MODEL, '1.0.0')).toBe('promoted');
  await scene.feed(`${MODEL}_1-0-0_1`, 2, { only: 'predictions' });
  const before = await log();
  const records: readonly PredictionRecord[] = [...before.values()].flatMap((bytes) =>
    lines(bytes).map((line) => predictionRecord.parse(line)),
  );
  const own = records.filter(({ version, arm }) => version === '1.0.0' && arm !== 'shadow');
  expect(new Set(own.map(({ arm }) => arm))).toEqual(new Set(['canary', 'production']));

  const asked = { model: MODEL, cause: 'safety', requestedBy: { name: 'Otto', email: 'otto@shop.example' } };
  const ended = await scene.ended(await scene.rollBack('recall-back', asked));
  expect(ended).toMatchObject({
    end: 'rolled-back',
    recall: { recalls: [{ version: '1.0.0', forecasts: own.length }] },
  });
  expect(await log()).toEqual(before);

  const Key = predictionPaths.recallList({ model: MODEL, executionName: 'recall-back', part: 1 });
  const listed = lines(await bytesOf(Key)).map((line) => named.parse(line));
  const naming = (all: readonly object[]) => all.map((one) => JSON.stringify(one)).toSorted();
  expect(naming(listed)).toEqual(naming(own.map((one) => named.parse(one))));
  for (const command of [
    () => scene.stack.clients.s3.send(new DeleteObjectCommand({ Bucket: bucket(), Key })),
    () => scene.stack.clients.s3.send(new PutObjectCommand({ Bucket: bucket(), Key, Body: 'other' })),
  ]) {
    await expect(command()).rejects.toMatchObject({ name: 'AccessDenied' });
  }

  const letter = await until(async () => (await scene.mail.letters('/recalls/', REPLENISHMENT.email))[0]);
  expect(letter).toContain(`s3://${bucket()}/${Key}`);
  await until(async () => (await scene.mail.letters('/recalls/', OWNER.email))[0]);
  const [link = ''] = /https?:\/\/\S+\/recalls\/\S+/.exec(letter) ?? [];
  const page = await fetch(link);
  expect([page.status, (await page.text()).includes('<form')]).toEqual([200, true]);
  const post = async (model: string) => {
    const answer = await fetch(link, { method: 'POST', body: new URLSearchParams({ name: 'Rita', model, note: '' }) });
    await answer.text();
    return answer.status;
  };
  expect([await post('other'), await post(MODEL), await post(MODEL)]).toEqual([400, 200, 409]);
  expect((await fetch(link.replace(/k=.*/, 'k=x'))).status).toBe(404);
  const recalls = new RecallStore(scene.stack.clients.dynamo, scene.output('RegistryTableName'));
  expect(await recalls.open(MODEL)).toEqual([]);
  expect(await recalls.recalls(MODEL)).toMatchObject([{ status: 'closed', answers: [{ name: 'Rita' }] }]);
  expect(await scene.ledgerFaults()).toEqual([]);
});
