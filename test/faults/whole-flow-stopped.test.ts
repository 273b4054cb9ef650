import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendTaskFailureCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { approvalKeys, registryKeys } from '../../functions/platform/keys.ts';
import { ANA, OWNER, PIPELINE } from '../fakes/inputs.ts';
import type { Place } from '../fakes/places.ts';
import { Scene } from '../fakes/scene.ts';
import { taskToken } from '../fakes/task-tokens.ts';
import { until } from '../fakes/until.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'stopped';
const VERSION = '2.0.0';
const ALONE = { productionVersion: '1.0.0', shadowVersion: '', canaryVersion: '', canaryPercentage: 0 };

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL);
  expect(await scene.promoted(MODEL, '1.0.0')).toBe('promoted');
});
afterAll(() => scene.stop());

/** The promotion has ended, everybody concerned knows, and nothing of it is left. */
async function expectGone(promotionId: string, end: string): Promise<void> {
  expect(await scene.closed(promotionId)).toMatchObject({ end });
  expect(await scene.registry.inFlight(MODEL, 'promotion')).toBeNull();
  for (const { email } of [PIPELINE, OWNER]) await scene.mail.notice(promotionId, email, end);
  expect(await scene.pointer(MODEL)).toMatchObject(ALONE);
  for (const link of await scene.mail.links(promotionId, ANA.email)) {
    expect([409, 410]).toContain(await scene.mail.answer(link, VERSION));
  }
}

/** Places where an execution can be stopped, each with the next attempt of the same version. */
const STOPS: readonly { readonly place: Place; readonly attempt: number; readonly takenOut: boolean }[] = [
  { place: 'shadow gate', attempt: 1, takenOut: false },
  { place: 'shadow', attempt: 2, takenOut: true },
  { place: 'canary gate', attempt: 3, takenOut: true },
  { place: 'canary', attempt: 4, takenOut: true },
  { place: 'production gate', attempt: 5, takenOut: false },
];

describe('An execution that somebody stops', () => {
  it.each(STOPS)('at $place ends as withdrawn, with its candidate out and the model free', async (stop) => {
    const { promotionId, arn } = await scene.at(stop.place, MODEL, VERSION, stop.attempt);
    await scene.stopExecution(arn);
    await expectGone(promotionId, 'withdrawn');
    expect(await scene.promotion(promotionId)).toMatchObject({
      reasons: [{ code: 'EXECUTION_FAILED', got: 'ABORTED' }],
    });
    const own = (await scene.ledger(MODEL)).filter(({ data }) => data['promotionId'] === promotionId);
    expect(own.at(-1)?.type).toBe('promotion-ended');
    const byCloser = own.findLast(({ type }) => type === 'exposure-ended');
    if (stop.takenOut) expect(byCloser).toMatchObject({ data: { version: VERSION } });
    expect(await scene.registry.version(MODEL, VERSION)).toMatchObject({ status: 'candidate' });
  });

  it('while its pointer may have moved has the candidate rolled back', async () => {
    const { promotionId, arn } = await scene.at('production gate', MODEL, VERSION, 6);
    // As it stands between the approval and the move, for as long as nobody looks away.
    await scene.stack.clients.dynamo.send(
      new UpdateCommand({
        TableName: scene.output('RegistryTableName'),
        Key: { ...registryKeys.promotion(MODEL, promotionId) },
        UpdateExpression: 'SET awaitingApproval = :no',
        ExpressionAttributeValues: { ':no': false },
      }),
    );
    await scene.stopExecution(arn);
    const takeOut = arn.replace(/:execution:.*$/, `:execution:ModelRelease-rollback:${promotionId}`);
    const done = await until(async () => {
      return (await scene.status(takeOut).catch(() => '')) === 'SUCCEEDED' ? takeOut : undefined;
    });
    expect(await scene.ended(done)).toMatchObject({ end: 'already-withdrawn' });
    await expectGone(promotionId, 'withdrawn');
  });
});

describe('People who', () => {
  it('reject the entry into canary end the promotion, and the shadow with it', async () => {
    const { promotionId, arn } = await scene.at('canary gate', MODEL, VERSION, 7);
    expect(await scene.pointer(MODEL)).toMatchObject({ ...ALONE, shadowVersion: VERSION });
    const link = await scene.mail.link(promotionId, ANA.email, { stage: 'canary' });
    expect(await scene.mail.answer(link, VERSION, 'reject')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'REJECTED_BY_APPROVER' }] });
    await expectGone(promotionId, 'rejected');
  });

  it('reject the entry into production end the promotion, of which nothing serves any more', async () => {
    const { promotionId, arn } = await scene.at('production gate', MODEL, VERSION, 8);
    expect(await scene.pointer(MODEL)).toMatchObject(ALONE);
    const link = await scene.mail.link(promotionId, ANA.email, { stage: 'production' });
    expect(await scene.mail.answer(link, VERSION, 'reject')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'REJECTED_BY_APPROVER' }] });
    await expectGone(promotionId, 'rejected');
  });

  it('come too late to decide find the promotion expired, and the shadow out of the pointer', async () => {
    const { promotionId, arn } = await scene.at('canary gate', MODEL, VERSION, 9);
    const link = await scene.mail.link(promotionId, ANA.email, { stage: 'canary' });
    await expire(promotionId);
    expect(await scene.mail.answer(link, VERSION)).toBe(410);
    // The wait ends by itself minutes later, in the same way.
    const held = await taskToken(scene, { promotionId, gate: 'canary', round: 1 });
    await scene.stack.clients.sfn.send(new SendTaskFailureCommand({ taskToken: held, error: 'Timeout' }));
    expect(await scene.ended(arn)).toMatchObject({ end: 'expired', reasons: [{ code: 'APPROVAL_EXPIRED' }] });
    await expectGone(promotionId, 'expired');
  });

  it('approve the same version at last let it into production, whatever became of its attempts before', async () => {
    expect(await scene.promoted(MODEL, VERSION, 10)).toBe('promoted');
    expect(await scene.pointer(MODEL)).toMatchObject({
      ...{ productionVersion: VERSION, previousVersion: '1.0.0', shadowVersion: '1.0.0', canaryVersion: '' },
    });
  });
});

describe('All these ends', () => {
  it('leave a ledger in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});

/** Lets the time of an open gate into canary run out. */
async function expire(promotionId: string): Promise<void> {
  const refs = [...scene.stack.platform.resources.values()].map(({ ref }) => ref);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(scene.clientSettings('unguarded')));
  await client.send(
    new UpdateCommand({
      TableName: refs.find((ref) => /approvals/i.test(ref)),
      Key: { ...approvalKeys.gate(promotionId, 'canary', 1) },
      UpdateExpression: 'SET expiresAt = :past',
      ExpressionAttributeValues: { ':past': new Date(Date.now() - 1000).toISOString() },
    }),
  );
  client.destroy();
}
