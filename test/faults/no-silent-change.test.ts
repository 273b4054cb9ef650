import {
  CreateHostedConfigurationVersionCommand,
  DeleteExtensionAssociationCommand,
  DeleteHostedConfigurationVersionCommand,
  ListDeploymentsCommand,
  ListExtensionAssociationsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  UpdateDeploymentStrategyCommand,
} from '@aws-sdk/client-appconfig';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registryKeys } from '../../functions/platform/keys.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';

const MODEL = 'quiet';
/** The administrator, as the event history calls the holder of this access key. */
const ADMIN = 'mallory';
const MALLORY = `arn:aws:iam::000000000000:user/${ADMIN}`;
/** Whoever starts executions in these tests. */
const STARTER = 'arn:aws:iam::000000000000:user/local';

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start();
  // Ben's is the principal under which the pipeline of this model runs.
  await scene.onboard(MODEL, { approvers: [ANA, { ...BEN, principals: [STARTER] }] });
});
afterAll(() => scene.stop());

async function look(): Promise<void> {
  await scene.stack.platform.tick('WatchTrail');
  await scene.stack.platform.tick('Reconcile');
}
function strategyId(): string {
  const [, made] = [...scene.stack.platform.resources].find(([id]) => id.startsWith('PointerInstant')) ?? [];
  return made?.ref ?? '';
}
async function noticed(chain: string) {
  const entries = await scene.ledger(chain);
  return entries.filter(({ type }) => type === 'change-noticed').map(({ data }) => data);
}

it('says nothing while all is as it was decided, but who started what', async () => {
  await look();
  await look();
  expect(await noticed(MODEL)).toEqual([]);
  // The first drill was started, too: by a function.
  const recorded = (await scene.ledger(MODEL)).filter(({ type }) => type === 'principal-recorded');
  expect(recorded.map(({ data }) => data)).toContainEqual(
    expect.objectContaining({
      promotionId: `${MODEL}_onboard_1`,
      principalArn: STARTER,
      person: expect.objectContaining({ id: 'ben' }),
    }),
  );
});

it('keeps an approver who started the promotion from approving it', async () => {
  const { promotionId, arn } = await scene.promote(MODEL, '1.0.0');
  await scene.mail.link(promotionId, BEN.email, { stage: 'shadow' });
  await look();
  expect((await scene.promotion(promotionId)).startedBy).toMatchObject({
    principalArn: STARTER,
    person: { id: 'ben' },
  });
  const answered = await scene.mail.answer(await scene.mail.link(promotionId, BEN.email, { stage: 'shadow' }), '1.0.0');
  expect(answered).toBe(403);
  await scene.stopExecution(arn);
  expect((await scene.closed(promotionId)).end).toBe('withdrawn');
});

it('notices what an administrator deploys with the vouching removed, by whom, and undoes it at the second look', async () => {
  const appConfig = scene.appConfig(ADMIN);
  const ApplicationId = scene.output('AppConfigApplicationId');
  const item = await scene.registry.model(MODEL);
  const [EnvironmentId = '', ConfigurationProfileId = ''] = [item?.environmentId, item?.profileId];
  const { Items: associations = [] } = await appConfig.send(new ListExtensionAssociationsCommand({}));
  for (const { Id } of associations) {
    await appConfig.send(new DeleteExtensionAssociationCommand({ ExtensionAssociationId: Id }));
  }
  const content = { ContentType: 'application/json', Content: Buffer.from('{"version":"1"}') };
  const of = { ApplicationId, ConfigurationProfileId };
  const { VersionNumber } = await appConfig.send(new CreateHostedConfigurationVersionCommand({ ...of, ...content }));
  const { Items: made = [] } = await appConfig.send(new ListDeploymentsCommand({ ApplicationId, EnvironmentId }));
  const DeploymentStrategyId = strategyId();
  await appConfig.send(
    new StartDeploymentCommand({
      ...of,
      EnvironmentId,
      DeploymentStrategyId,
      ConfigurationVersion: String(VersionNumber),
    }),
  );
  expect(await scene.serves(MODEL)).toBe('nothing');
  await look();
  await look();
  expect(await scene.serves(MODEL)).toBe('seasonal-naive');
  const found = await noticed(MODEL);
  expect(found.find(({ code }) => code === 'UNSIGNED_POINTER')).toMatchObject({
    principalArn: MALLORY,
    deploymentNumber: made.length + 1,
    direction: 'forward',
  });
  expect(found.find(({ code }) => code === 'DEPLOYMENT_STARTED')).toMatchObject({ principalArn: MALLORY });
  expect(await scene.types(MODEL)).toContain('change-undone');
  expect((await noticed('stack')).find(({ code }) => code === 'EXTENSION_GONE')).toMatchObject({
    principalArn: MALLORY,
  });
});

it('notices a changed strategy, a deleted way back, a changed policy item and a changed guard', async () => {
  const appConfig = scene.appConfig(ADMIN);
  const of = {
    ApplicationId: scene.output('AppConfigApplicationId'),
    ConfigurationProfileId: (await scene.registry.model(MODEL))?.profileId ?? '',
  };
  const { Items = [] } = await appConfig.send(new ListHostedConfigurationVersionsCommand(of));
  const returning = Items.find(({ VersionLabel }) => VersionLabel?.startsWith('return-'));
  const { VersionNumber } = returning ?? {};
  await appConfig.send(new DeleteHostedConfigurationVersionCommand({ ...of, VersionNumber }));
  const DeploymentStrategyId = strategyId();
  await appConfig.send(new UpdateDeploymentStrategyCommand({ DeploymentStrategyId, FinalBakeTimeInMinutes: 10 }));
  const lambda = new LambdaClient(scene.clientSettings(ADMIN));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'ModelRelease-vouch', Timeout: 3 }));
  await scene.stack.clients.dynamo.send(
    new UpdateCommand({
      TableName: scene.output('RegistryTableName'),
      Key: { ...registryKeys.model(MODEL) },
      UpdateExpression: 'SET #policy.approvals.#quorum.production = :nine',
      ExpressionAttributeNames: { '#policy': 'policy', '#quorum': 'quorum' },
      ExpressionAttributeValues: { ':nine': 9 },
    }),
  );
  await look();
  await look();
  expect((await noticed(MODEL)).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['VERSION_DELETED', 'PLACE_CHANGED', 'POLICY_CHANGED']),
  );
  const stack = await noticed('stack');
  expect(stack.find(({ code, got }) => code === 'STRATEGY_CHANGED' && got !== undefined)).toMatchObject({
    principalArn: MALLORY,
  });
  expect(stack.find(({ code }) => code === 'GUARD_CHANGED')).toMatchObject({
    principalArn: MALLORY,
    eventName: 'UpdateFunctionConfiguration',
    resource: 'ModelRelease-vouch',
  });
  expect(await scene.ledgerFaults()).toEqual([]);
});
