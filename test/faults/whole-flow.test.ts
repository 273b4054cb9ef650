import { CreateHostedConfigurationVersionCommand, StartDeploymentCommand } from '@aws-sdk/client-appconfig';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppConfigStore } from '../../functions/pointer/appconfig-store.ts';
import { AwsError } from '../../infra/local/service.ts';
import { ANA, BEN } from '../fakes/inputs.ts';
import { Scene } from '../fakes/scene.ts';

// Whole promotions on a busy machine: slow is not wrong.
vi.setConfig({ testTimeout: 240_000 });

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.start();
});
afterAll(() => scene.stop());

describe('Starting promotions', () => {
  it('takes the same name and input for the same execution, and another input under that name for none', async () => {
    await scene.onboard('starts');
    const { promotionId, arn, input } = await scene.promote('starts', '1.0.0');
    const link = await scene.mail.link(promotionId, BEN.email);
    const machine = scene.output('PromotionStateMachineArn');
    expect(await scene.pipeline.start(machine, promotionId, input)).toBe(arn);
    await expect(scene.pipeline.start(machine, promotionId, { ...input, version: '1.0.1' })).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
    const other = await scene.promote('starts', '2.0.0');
    expect(await scene.ended(other.arn)).toMatchObject({ end: 'rejected', reasons: [{ code: 'PROMOTION_IN_FLIGHT' }] });
    expect(await scene.mail.answer(link, '1.0.0', 'reject')).toBe(200);
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
});

describe('The reports of the gates', () => {
  it('are open to approvers behind their own link, each as a page that needs nothing else, and to nobody without it', async () => {
    await scene.onboard('reported');
    const { promotionId } = await scene.at('production gate', 'reported', '1.0.0');
    const link = await scene.mail.link(promotionId, ANA.email, { stage: 'production' });
    const page = await (await fetch(link)).text();
    const found = [...page.matchAll(/href="([^"#]+\/reports\/[^"]+)"/g)].map(([, href = '']) => new URL(href, link));
    expect(found.map(({ pathname }) => pathname.split('/').at(-1))).toEqual([
      'canary-evaluation-report',
      'shadow-evaluation-report',
      'offline-evaluation-report',
      'offline-risk-summary',
      'offline-segment-analysis',
    ]);
    for (const url of found) {
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      const report = await response.text();
      expect(report).toContain(`<code>${promotionId}</code>`);
      expect(report).not.toMatch(/<script|\ssrc=/);
      expect(report.includes('<svg')).toBe(!url.pathname.endsWith('risk-summary'));
      url.searchParams.set('k', 'another');
      expect((await fetch(url)).status).toBe(404);
    }
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

  it('takes a candidate out again whose move went out but could not be recorded', async () => {
    await scene.onboard('halfway');
    const { promotionId, arn } = await scene.at('production gate', 'halfway', '1.0.0');
    let deployed = false;
    scene.stack.platform.intercept(async ({ caller, service, operation }) => {
      if (caller !== 'move-pointer') return;
      if (/POST .*\/deployments$/.test(operation)) deployed = true;
      else if (deployed && service === 'dynamodb') throw new AwsError('ServiceUnavailable', 'The table is gone.', 503);
    });
    await scene.approve(promotionId, ANA.email, '1.0.0', 'production');
    expect(await scene.over(arn)).toBe('FAILED');
    scene.stack.platform.intercept(undefined);
    expect(await scene.registry.run('halfway', promotionId)).toMatchObject({
      end: 'withdrawn',
      reasons: [{ code: 'EXECUTION_FAILED', got: 'The table is gone.' }],
    });
    expect(await scene.registry.version('halfway', '1.0.0')).toMatchObject({ status: 'withdrawn' });
    expect(await scene.serves('halfway')).toBe('seasonal-naive');
    expect(await scene.promoted('halfway', '1.0.1')).toBe('promoted');
  });
});

describe('A role of the template', () => {
  it('is refused what it was not granted', async () => {
    const table = scene.output('LedgerTableName');
    const dynamo = new DynamoDBClient(scene.clientSettings('show-approval'));
    const Item = { model: { S: 'starts' }, seq: { N: '999' } };
    await expect(dynamo.send(new PutItemCommand({ TableName: table, Item }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(deploy('starts', 1, 'decide-approval')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('The ledgers of all that', () => {
  it('have nothing that the verifier finds wrong', async () => {
    expect(await scene.ledgerFaults()).toEqual([]);
  });
});

/** The stored content of the newest hosted version of a model that serves `version`. */
async function hostedContent(model: string, version: string): Promise<string> {
  const item = await scene.registry.model(model);
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
