import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { registryKeys } from '../../functions/platform/keys.ts';
import { AwsError } from '../../infra/local/service.ts';
import { ANA, BEN, PIPELINE } from '../fakes/inputs.ts';
import { GATES, type Gate } from '../fakes/places.ts';
import { Scene } from '../fakes/scene.ts';
import { taskToken } from '../fakes/task-tokens.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

const MODEL = 'gates';
const VERSION = '1.0.0';

let scene: Scene;
let promotionId: string;
let arn: string;

beforeAll(async () => {
  scene = await Scene.start();
  await scene.onboard(MODEL);
  ({ promotionId, arn } = await scene.promote(MODEL, VERSION));
});
afterAll(() => scene.stop());

/** The newest round of a gate, as its ledger entries tell. */
async function roundOf(gate: Gate): Promise<number> {
  const opened = (await scene.ledger(MODEL)).filter(
    ({ type, data }) => type === 'gate-opened' && data['stage'] === gate,
  );
  return opened.length;
}

/** Replaces one member of the promotion behind everybody's back; answers what it was. */
async function overwrite(path: readonly string[], value: unknown): Promise<unknown> {
  const names = Object.fromEntries(path.map((name, index) => [`#m${index}`, name]));
  const member = Object.keys(names).join('.');
  const { Attributes } = await scene.stack.clients.dynamo.send(
    new UpdateCommand({
      TableName: scene.output('RegistryTableName'),
      Key: { ...registryKeys.promotion(MODEL, promotionId) },
      UpdateExpression: `SET ${member} = :value`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':value': value },
      ReturnValues: 'UPDATED_OLD',
    }),
  );
  return path.reduce<unknown>(
    (found, name) => Object.entries(Object(found)).find(([key]) => key === name)?.[1],
    Attributes,
  );
}

/** What the approvers of a gate were shown last: the digest that its newest evidence is known by. */
const EVIDENCE: Readonly<Record<Gate, readonly string[]>> = {
  shadow: ['gates', 'offline', 'artifacts', 'risk-summary', 'sha256'],
  canary: ['gates', 'shadow', 'artifacts', 'evaluation-report', 'sha256'],
  production: ['gates', 'canary', 'artifacts', 'evaluation-report', 'sha256'],
};

describe.each(GATES)('The open gate into %s', (gate) => {
  /** Who approves before this gate's people are replaced, and who from then on: they take turns. */
  const [before, after] = gate === 'canary' ? [BEN, ANA] : [ANA, BEN];
  let link: string;
  let shown: string;

  beforeAll(async () => {
    await scene.through(promotionId, `${gate} gate`, before.email);
    link = await scene.mail.link(promotionId, before.email, { stage: gate });
    shown = JSON.stringify(await scene.pointer(MODEL));
  });

  it('is not passed by whoever looks, or knows half of the link, or types another version', async () => {
    // The drill that the onboarding started ends when it ends.
    const types = async () => (await scene.types(MODEL)).filter((type) => type !== 'drill-completed');
    const known = await types();
    for (let look = 0; look < 3; look++) {
      expect((await fetch(link)).status).toBe(200);
      expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
    }
    expect(await scene.mail.answer(`${link.slice(0, -4)}AAAA`, VERSION)).toBe(404);
    expect(await scene.mail.answer(link.replace(/\/approvals\/[^?]+/, '/approvals/nobody'), VERSION)).toBe(404);
    expect(await scene.mail.answer(link, '9.9.9')).toBe(400);
    expect(await types()).toEqual(known);
    expect(await scene.mail.links(promotionId, PIPELINE.email)).toEqual([]);
  });

  it('is not passed by forged callbacks, even under the real token', async () => {
    const at = { promotionId, gate, round: 1 };
    const forged = JSON.stringify({ status: 'approved', decision: 'approve', stage: gate });
    const first = await taskToken(scene, at);
    const mover = new SFNClient(scene.clientSettings('move-pointer'));
    await expect(mover.send(new SendTaskSuccessCommand({ taskToken: first, output: forged }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await scene.stack.clients.sfn.send(new SendTaskSuccessCommand({ taskToken: first, output: forged }));
    const second = await taskToken(scene, at, first);
    await scene.stack.clients.sfn.send(new SendTaskFailureCommand({ taskToken: second, error: 'approved' }));
    await taskToken(scene, at, second);
    const counted = (await scene.ledger(MODEL)).filter(({ type, data }) => {
      return type === 'callback-forged' && data['stage'] === gate;
    });
    expect(counted).toHaveLength(2);
    expect(await scene.status(arn)).toBe('RUNNING');
    expect(JSON.stringify(await scene.pointer(MODEL))).toBe(shown);
  });

  it('is void once its newest evidence was exchanged, and people are asked again', async () => {
    const original = await overwrite(EVIDENCE[gate], 'f'.repeat(64));
    expect(await scene.mail.answer(link, VERSION)).toBe(409);
    await overwrite(EVIDENCE[gate], original);
    const again = await scene.mail.link(promotionId, before.email, { stage: gate, count: 2 });
    expect(again).not.toBe(link);
    expect(await scene.mail.answer(link, VERSION)).toBe(409);
    expect((await scene.ledger(MODEL)).findLast(({ type }) => type === 'gate-closed')).toMatchObject({
      data: { stage: gate, status: 'void', round: 1 },
    });
    expect(JSON.stringify(await scene.pointer(MODEL))).toBe(shown);
  });

  it('asks the approvers of now when they changed while it was open, without anybody opening an old link', async () => {
    // Opened under the exchanged evidence, the last round may have been void at once, and asked again.
    const old = await scene.mail.link(promotionId, before.email, { stage: gate });
    const number = GATES.indexOf(gate) + 1;
    const change = await scene.change(MODEL, number, { approvers: [after] });
    await scene.approve(change.promotionId, before.email, MODEL);
    expect(await scene.ended(change.arn)).toMatchObject({ end: 'applied' });
    const asked = (await scene.mail.links(promotionId, after.email, gate)).length;
    await scene.stack.platform.tick('RepeatCallbacks');
    link = await scene.mail.link(promotionId, after.email, { stage: gate, count: asked + 1 });
    expect(await scene.mail.answer(old, VERSION)).not.toBe(200);
    expect(JSON.stringify(await scene.pointer(MODEL))).toBe(shown);
  });

  it('is passed by who is asked now, once, and wakes its execution even when the decider died after its transaction', async () => {
    scene.stack.platform.intercept(async ({ caller, operation }) => {
      if (caller === 'decide-approval' && operation === 'SendTaskSuccess') {
        throw new AwsError('ServiceUnavailable', 'The network is gone.', 503);
      }
    });
    await scene.mail.answer(link, VERSION);
    scene.stack.platform.intercept(undefined);
    const decided = (await scene.ledger(MODEL)).findLast(({ type }) => type === 'approval-decided');
    expect(decided).toMatchObject({ data: { stage: gate, decision: 'approve', round: await roundOf(gate) } });
    expect(await scene.status(arn)).toBe('RUNNING');
    await scene.stack.platform.tick('RepeatCallbacks');
    await scene.reaches(promotionId, gate);
    expect(await scene.mail.answer(link, VERSION)).toBe(409);
  });
});

describe('The promotion that went through all of it', () => {
  it('ends as promoted, with each entry approved by who was asked for it', async () => {
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
    expect(await scene.serves(MODEL)).toBe(VERSION);
    expect(await scene.invoke('DescribeReleaseFunctionName', { model: MODEL })).toMatchObject({
      version: VERSION,
      arm: 'production',
      promotionId,
      approvals: [
        { stage: 'shadow', approver: { email: BEN.email } },
        { stage: 'canary', approver: { email: ANA.email } },
        { stage: 'production', approver: { email: BEN.email } },
      ],
    });
  });

  it('is never opened where nobody but the requester could answer', async () => {
    await scene.onboard('alone', { approvers: [ANA] });
    const alone = await scene.promote('alone', VERSION, { requestedBy: { name: ANA.name, email: ANA.email } });
    expect(await scene.ended(alone.arn)).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'QUORUM_UNREACHABLE' }] });
  });

  it('leaves ledgers in which the verifier finds nothing wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});
