import { CreateHostedConfigurationVersionCommand, StartDeploymentCommand } from '@aws-sdk/client-appconfig';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { approvalKeys, registryKeys } from '../../functions/platform/keys.ts';
import { AwsError } from '../../infra/local/service.ts';
import { ANA, BEN, CHANGE_RECORD, PIPELINE } from '../fakes/inputs.ts';
import { Scene, until } from '../fakes/scene.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene.stop());

const types = async (model: string) => (await scene.ledger(model)).map((entry) => entry.type);

async function approvalsTable(): Promise<string> {
  const found = [...scene.stack.platform.resources.values()]
    .map((one) => one.ref)
    .find((ref) => /approvals/i.test(ref));
  if (found === undefined) throw new Error('The stack has no approvals table.');
  return found;
}

async function taskToken(promotionId: string): Promise<string> {
  const TableName = await approvalsTable();
  // Not even the administrator reads this table; only a function whose code was taken over could.
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(scene.clientSettings('request-approval')));
  return until(async () => {
    const Key = { ...approvalKeys.token(promotionId, 'production', 1) };
    const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    return Item?.['requestedAt'] === undefined ? undefined : String(Item['token']);
  });
}

describe('Starting promotions', () => {
  it('takes the same name and input for the same execution, and another input under that name for none', async () => {
    await scene.onboard('starts');
    const { promotionId, arn, input } = await scene.promote('starts', '1.0.0');
    const link = await scene.link(promotionId, BEN.email);
    const machine = scene.output('PromotionStateMachineArn');
    expect(await scene.pipeline.start(machine, promotionId, input)).toBe(arn);
    await expect(scene.pipeline.start(machine, promotionId, { ...input, version: '1.0.1' })).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
    const other = await scene.promote('starts', '2.0.0');
    expect(await scene.ended(other.arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'PROMOTION_IN_FLIGHT' }] });
    expect(await scene.answer(link, '1.0.0', 'reject')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'rejected', reasons: [{ code: expect.any(String) }] });
    expect(await scene.serves('starts')).toBe('seasonal-naive');
  });

  it('ends every unusable input as rejected with all its faults', async () => {
    const machine = scene.output('PromotionStateMachineArn');
    const empty = await scene.pipeline.start(machine, 'nobody_1-0-0_1', {});
    const { end, reasons } = await scene.ended(empty);
    expect(end).toBe('rejected');
    expect(reasons?.length).toBeGreaterThan(8);
    const unknown = await scene.promote('nobody', '1.0.0', {}, 2);
    expect(await scene.ended(unknown.arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'UNKNOWN_MODEL' }] });
  });

  it('frees the model when somebody stops the execution, moves nothing, and tells who asked', async () => {
    await scene.onboard('stopped');
    const { promotionId, arn } = await scene.promote('stopped', '1.0.0');
    await scene.link(promotionId, ANA.email);
    await scene.stack.clients.sfn.send(new StopExecutionCommand({ executionArn: arn }));
    const run = await until(async () => {
      const found = await scene.registry.run('stopped', promotionId);
      return found?.end === undefined ? undefined : found;
    });
    expect(run).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'EXECUTION_FAILED', got: 'ABORTED' }] });
    expect(await scene.registry.inFlight('stopped', 'promotion')).toBeNull();
    expect(await until(async () => (await scene.letters(promotionId, PIPELINE.email))[0])).toContain('withdrawn');
    expect(await scene.answer(await scene.link(promotionId, ANA.email), '1.0.0')).toBe(409);
  });

  it('has the candidate taken out when an execution is stopped where it may have moved the pointer', async () => {
    await scene.onboard('halted');
    const { promotionId, arn } = await scene.promote('halted', '1.0.0');
    await scene.link(promotionId, ANA.email);
    await scene.stack.clients.dynamo.send(
      new UpdateCommand({
        TableName: scene.output('RegistryTableName'),
        Key: { ...registryKeys.promotion('halted', promotionId) },
        UpdateExpression: 'SET awaitingApproval = :no',
        ExpressionAttributeValues: { ':no': false },
      }),
    );
    await scene.stack.clients.sfn.send(new StopExecutionCommand({ executionArn: arn }));
    const takeOut = arn.replace(/:execution:.*$/, `:execution:ModelRelease-rollback:${promotionId}`);
    const done = await until(async () =>
      (await scene.status(takeOut).catch(() => '')) === 'SUCCEEDED' ? takeOut : undefined,
    );
    expect(await scene.ended(done)).toMatchObject({ end: 'already-withdrawn' });
  });
});

describe('An open gate', () => {
  it('is not passed by whoever looks, forges, or knows half of the link; it is by the approver who decides', async () => {
    await scene.onboard('gates');
    const { promotionId, arn } = await scene.promote('gates', '1.0.0');
    const link = await scene.link(promotionId, ANA.email);
    const before = await types('gates');
    for (let look = 0; look < 3; look++) {
      expect((await fetch(link)).status).toBe(200);
      expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
    }
    expect(await scene.answer(`${link.slice(0, -4)}AAAA`, '1.0.0')).toBe(404);
    expect(await scene.answer(link, '9.9.9')).toBe(400);
    expect(await types('gates')).toEqual(before);

    const forged = JSON.stringify({ status: 'approved', decision: 'approve', stage: 'production' });
    const first = await taskToken(promotionId);
    const mover = new SFNClient(scene.clientSettings('move-pointer'));
    await expect(mover.send(new SendTaskSuccessCommand({ taskToken: first, output: forged }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await scene.stack.clients.sfn.send(new SendTaskSuccessCommand({ taskToken: first, output: forged }));
    const second = await until(async () => {
      const token = await taskToken(promotionId);
      return token === first ? undefined : token;
    });
    await scene.stack.clients.sfn.send(new SendTaskFailureCommand({ taskToken: second, error: 'approved' }));
    await until(async () => ((await taskToken(promotionId)) === second ? undefined : true));
    expect(await scene.status(arn)).toBe('RUNNING');
    expect((await types('gates')).filter((type) => type === 'callback-forged')).toHaveLength(2);
    expect(await scene.serves('gates')).toBe('seasonal-naive');

    expect(await scene.answer(link, '1.0.0')).toBe(200);
    expect(await scene.answer(link, '1.0.0')).toBe(409);
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
    expect(await scene.serves('gates')).toBe('1.0.0');
  });

  it('is void once the evidence changed, and people are asked again', async () => {
    await scene.onboard('seals');
    const { promotionId, arn } = await scene.promote('seals', '1.0.0');
    const link = await scene.link(promotionId, ANA.email);
    const digest = async (value: string) => {
      const { Attributes } = await scene.stack.clients.dynamo.send(
        new UpdateCommand({
          TableName: scene.output('RegistryTableName'),
          Key: { ...registryKeys.promotion('seals', promotionId) },
          UpdateExpression: 'SET policyDigest = :digest',
          ExpressionAttributeValues: { ':digest': value },
          ReturnValues: 'UPDATED_OLD',
        }),
      );
      return String(Attributes?.['policyDigest']);
    };
    const original = await digest('f'.repeat(64));
    expect(await scene.answer(link, '1.0.0')).toBe(409);
    await digest(original);
    const again = await scene.link(promotionId, ANA.email, 2);
    const closed = (await scene.ledger('seals')).filter((entry) => entry.type === 'gate-closed');
    expect(closed).toMatchObject([{ data: { status: 'void', round: 1 } }]);
    expect(await scene.answer(link, '1.0.0')).toBe(409);
    const status = await scene.answer(again, '1.0.0');
    // The second round was opened under whichever digest it saw; only the original one can be approved.
    if (status !== 200) expect(await scene.answer(await scene.link(promotionId, ANA.email, 3), '1.0.0')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
  });

  it('wakes its execution by the schedule when the decider died after its transaction', async () => {
    await scene.onboard('callbacks');
    const { promotionId, arn } = await scene.promote('callbacks', '1.0.0');
    const link = await scene.link(promotionId, ANA.email);
    scene.stack.platform.intercept(async ({ caller, operation }) => {
      if (caller === 'decide-approval' && operation === 'SendTaskSuccess') {
        throw new AwsError('ServiceUnavailable', 'The network is gone.', 503);
      }
    });
    await scene.answer(link, '1.0.0');
    scene.stack.platform.intercept(undefined);
    expect((await types('callbacks')).at(-1)).toBe('approval-decided');
    expect(await scene.status(arn)).toBe('RUNNING');
    await scene.stack.platform.tick('RepeatCallbacks');
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
  });

  it('asks the approvers of now when they changed while it was open, without anybody opening an old link', async () => {
    await scene.onboard('people', { approvers: [ANA] });
    const { promotionId, arn } = await scene.promote('people', '1.0.0');
    const old = await scene.link(promotionId, ANA.email);
    const change = { ...CHANGE_RECORD, type: 'ownership' };
    const changed = await scene.pipeline.start(scene.output('OnboardingStateMachineArn'), 'people_change_1', {
      kind: 'change',
      model: 'people',
      approvers: [BEN],
      change,
      requestedBy: PIPELINE,
    });
    await scene.approve('people_change_1', ANA.email, 'people');
    expect(await scene.ended(changed)).toMatchObject({ end: 'applied' });
    await scene.stack.platform.tick('RepeatCallbacks');
    const link = await scene.link(promotionId, BEN.email);
    expect((await types('people')).filter((type) => type === 'callback-forged')).toEqual([]);
    expect(await scene.answer(old, '1.0.0')).not.toBe(200);
    expect(await scene.answer(link, '1.0.0')).toBe(200);
    expect(await scene.ended(arn)).toMatchObject({ end: 'promoted' });
  });

  it('is never opened where nobody but the requester could answer', async () => {
    await scene.onboard('alone', { approvers: [ANA] });
    const { arn } = await scene.promote('alone', '1.0.0', { requestedBy: { name: ANA.name, email: ANA.email } });
    expect(await scene.ended(arn)).toMatchObject({ end: 'withdrawn', reasons: [{ code: 'QUORUM_UNREACHABLE' }] });
  });
});

describe('The pointer', () => {
  it('goes back in one step, once for each that asks, and never forward by hand', async () => {
    await scene.onboard('pointers');
    expect(await scene.promoted('pointers', '1.0.0')).toBe('promoted');
    expect(await scene.promoted('pointers', '2.0.0')).toBe('promoted');
    expect(await scene.serves('pointers')).toBe('2.0.0');
    const asked = { model: 'pointers', cause: 'safety', requestedBy: { name: 'Otto', email: 'otto@shop.example' } };
    const back = await scene.rollBack('pointers-back-1', { ...asked, withdrawVersion: '2.0.0' });
    expect(await scene.ended(back)).toMatchObject({ end: 'rolled-back', from: '2.0.0', to: '1.0.0' });
    const twice = await scene.rollBack('pointers-back-2', { ...asked, withdrawVersion: '2.0.0' });
    expect(await scene.ended(twice)).toMatchObject({ end: 'already-withdrawn' });
    expect(await scene.serves('pointers')).toBe('1.0.0');
    await expectRefused('pointers', await hostedContent('pointers', '2.0.0'), /RUN_ENDED|WITHDRAWN/);
    const again = await scene.promote('pointers', '2.0.0', {}, 2);
    expect(await scene.ended(again.arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'VERSION_WITHDRAWN' }] });
    const unnamed = await scene.rollBack('pointers-back-3', asked);
    expect(await scene.ended(unnamed)).toMatchObject({ end: 'already-withdrawn' });
    const down = await scene.rollBack('pointers-back-4', { ...asked, withdrawVersion: '1.0.0' });
    expect(await scene.ended(down)).toMatchObject({ end: 'rolled-back', from: '1.0.0', to: '' });
    expect(await scene.serves('pointers')).toBe('seasonal-naive');
    const stale = await scene.registry.returnDocument('pointers', '1.0.0');
    await expect(deploy('pointers', stale?.hostedVersion ?? 0)).rejects.toThrow(/withdrawn/i);
  });

  it('refuses a document that is unsigned, altered, or signed for another model', async () => {
    await scene.onboard('victims');
    const content = await hostedContent('pointers', '1.0.0');
    await expectRefused('victims', content, /signature/i);
    const unsigned = JSON.parse(await hostedContent('victims', ''));
    delete unsigned.values.pointer.signature;
    delete unsigned.flags.pointer.attributes.signature;
    await expectRefused('victims', JSON.stringify(unsigned), /signature|shape/i);
    expect(await scene.serves('victims')).toBe('seasonal-naive');
  });

  it('goes back in the middle of a promotion, which ends with it', async () => {
    await scene.onboard('midway');
    expect(await scene.promoted('midway', '1.0.0')).toBe('promoted');
    const { promotionId, arn } = await scene.promote('midway', '2.0.0');
    const link = await scene.link(promotionId, ANA.email);
    const asked = { model: 'midway', cause: 'infrastructure', requestedBy: 'system:alarm', withdrawVersion: '1.0.0' };
    expect(await scene.ended(await scene.rollBack('midway-back-1', asked))).toMatchObject({ end: 'rolled-back' });
    await until(async () => ((await scene.status(arn)) === 'RUNNING' ? undefined : true));
    expect(await scene.registry.run('midway', promotionId)).toMatchObject({ end: 'rolled-back' });
    expect(await scene.answer(link, '2.0.0')).toBe(409);
    expect(await scene.serves('midway')).toBe('seasonal-naive');
  });

  it('takes a candidate out again whose move went out but could not be recorded', async () => {
    await scene.onboard('halfway');
    let deployed = false;
    scene.stack.platform.intercept(async ({ caller, service, operation }) => {
      if (caller !== 'move-pointer') return;
      if (/POST .*\/deployments$/.test(operation)) deployed = true;
      else if (deployed && service === 'dynamodb') throw new AwsError('ServiceUnavailable', 'The table is gone.', 503);
    });
    const { promotionId, arn } = await scene.promote('halfway', '1.0.0');
    await scene.approve(promotionId, ANA.email, '1.0.0');
    await until(async () => ((await scene.status(arn)) === 'RUNNING' ? undefined : true));
    scene.stack.platform.intercept(undefined);
    expect(await scene.registry.run('halfway', promotionId)).toMatchObject({
      end: 'withdrawn',
      reasons: [{ code: 'EXECUTION_FAILED', got: 'The table is gone.' }],
    });
    expect(await scene.registry.version('halfway', '1.0.0')).toMatchObject({ status: 'withdrawn' });
    expect(await scene.serves('halfway')).toBe('seasonal-naive');
    expect(await scene.promoted('halfway', '1.0.1')).toBe('promoted');
  });

  it('is described for any moment, with who approved it', async () => {
    const { Payload } = await scene.lambda().send(
      new InvokeCommand({
        FunctionName: scene.output('DescribeReleaseFunctionName'),
        Payload: JSON.stringify({ model: 'gates' }),
      }),
    );
    expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toMatchObject({
      version: '1.0.0',
      arm: 'production',
      promotionId: 'gates_1-0-0_1',
      approvals: [{ approver: { email: ANA.email } }],
    });
  });
});

describe('A role of the template', () => {
  it('is refused what it was not granted', async () => {
    const table = scene.output('LedgerTableName');
    const dynamo = new DynamoDBClient(scene.clientSettings('show-approval'));
    const Item = { model: { S: 'gates' }, seq: { N: '999' } };
    await expect(dynamo.send(new PutItemCommand({ TableName: table, Item }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(deploy('gates', 1, 'decide-approval')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

/** The stored content of the newest hosted version of a model that serves `version`. */
async function hostedContent(model: string, version: string): Promise<string> {
  const item = await scene.registry.model(model);
  const { AppConfigStore } = await import('../../functions/pointer/appconfig-store.ts');
  const store = new AppConfigStore(scene.appConfig(), scene.output('AppConfigApplicationId'));
  for (const hosted of await store.hostedVersions(item?.profileId ?? '')) {
    const content = Buffer.from(await store.hostedContent(item?.profileId ?? '', hosted.number)).toString('utf8');
    if (JSON.parse(content).values.pointer.productionVersion === version) return content;
  }
  throw new Error(`${model} has no document that serves ${version}.`);
}

async function deploy(model: string, version: number, accessKeyId?: string): Promise<void> {
  const item = await scene.registry.model(model);
  const strategy = [...scene.stack.platform.resources.entries()].find(([id]) => /Instant/.test(id))?.[1].ref ?? '';
  await scene.appConfig(accessKeyId).send(
    new StartDeploymentCommand({
      ApplicationId: scene.output('AppConfigApplicationId'),
      EnvironmentId: item?.environmentId ?? '',
      ConfigurationProfileId: item?.profileId ?? '',
      ConfigurationVersion: String(version),
      DeploymentStrategyId: strategy,
    }),
  );
}

/** An administrator puts a document in and deploys it by hand: the extension must refuse it. */
async function expectRefused(model: string, content: string, why: RegExp): Promise<void> {
  const item = await scene.registry.model(model);
  const served = await scene.serves(model);
  const { VersionNumber = 0 } = await scene.appConfig().send(
    new CreateHostedConfigurationVersionCommand({
      ApplicationId: scene.output('AppConfigApplicationId'),
      ConfigurationProfileId: item?.profileId ?? '',
      ContentType: 'application/json',
      Content: Buffer.from(content),
    }),
  );
  await expect(deploy(model, VersionNumber)).rejects.toMatchObject({
    name: 'BadRequestException',
    message: expect.stringMatching(why),
  });
  expect(await scene.serves(model)).toBe(served);
}
