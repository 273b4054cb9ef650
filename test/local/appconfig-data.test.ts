import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppConfig, createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import type { ServiceRequest } from '../../infra/local/service.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

let at: Date;
let appConfig: AppConfig;
let served: Served;
let client: AppConfigDataClient;
let ids: { app: string; env: string; profile: string };

/** A control plane request by its caller's rights. */
async function control(method: string, path: string, body: string | object = {}, headers: Record<string, string> = {}) {
  const request: ServiceRequest = {
    ...{ method, path, headers, query: new URLSearchParams(), authorize: () => undefined },
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  };
  const response = await appConfig.control.handle(request);
  return response.headers?.['version-number'] ?? JSON.parse(String(response.body));
}

function flags(version: string, enabled = true): string {
  const attributes = { productionVersion: { constraints: { type: 'string', required: true } } };
  return JSON.stringify({
    version: '1',
    flags: { pointer: { name: 'pointer', attributes } },
    values: { pointer: { enabled, productionVersion: version } },
  });
}

async function deploy(content: string, strategy = 'AppConfig.AllAtOnce', label?: string): Promise<void> {
  const { app, env, profile } = ids;
  const headers = { 'content-type': 'application/json', ...(label !== undefined && { versionlabel: label }) };
  const path = `/applications/${app}/configurationprofiles/${profile}/hostedconfigurationversions`;
  const ConfigurationVersion = await control('POST', path, content, headers);
  const deployment = { ConfigurationVersion, ConfigurationProfileId: profile, DeploymentStrategyId: strategy };
  await control('POST', `/applications/${app}/environments/${env}/deployments`, deployment);
  at = new Date(at.getTime() + 11 * 60_000);
}

async function revert(number: number): Promise<void> {
  const path = `/applications/${ids.app}/environments/${ids.env}/deployments/${number}`;
  await control('DELETE', path, '', { 'allow-revert': 'true' });
}

beforeEach(async () => {
  at = new Date('2026-11-23T08:00:00.000Z');
  appConfig = createAppConfig({ now: () => at, invoke: async () => ({ payload: null }) });
  served = await serveOne('appconfigdata', appConfig.data);
  client = new AppConfigDataClient(served.client);
  const { Id: app } = appConfig.createApplication({ Name: 'model-release' });
  const { Id: env } = await control('POST', `/applications/${app}/environments`, { Name: 'demand-es' });
  const flagProfile = { Name: 'demand-es', LocationUri: 'hosted', Type: 'AWS.AppConfig.FeatureFlags' };
  const { Id: profile } = await control('POST', `/applications/${app}/configurationprofiles`, flagProfile);
  ids = { app, env, profile };
});

afterEach(async () => {
  client.destroy();
  await served.stop();
});

async function session(minimumSeconds?: number): Promise<string | undefined> {
  const started = await client.send(
    new StartConfigurationSessionCommand({
      ...{ ApplicationIdentifier: ids.app, EnvironmentIdentifier: 'demand-es' },
      ...{ ConfigurationProfileIdentifier: ids.profile, RequiredMinimumPollIntervalInSeconds: minimumSeconds },
    }),
  );
  return started.InitialConfigurationToken;
}

async function latest(ConfigurationToken: string | undefined) {
  const answer = await client.send(new GetLatestConfigurationCommand({ ConfigurationToken }));
  const text = Buffer.from(answer.Configuration ?? []).toString();
  return { ...answer, next: answer.NextPollConfigurationToken, content: text === '' ? '' : JSON.parse(text) };
}

describe('the latest configuration', () => {
  it('is the retrieval form first, nothing while it stays the same, and the new one after a change', async () => {
    await deploy(flags('1'), undefined, 'return-1');
    const first = await latest(await session());
    expect(first.content).toEqual({ pointer: { enabled: true, productionVersion: '1' } });
    expect(first).toMatchObject({
      VersionLabel: 'return-1',
      ContentType: 'application/json',
      NextPollIntervalInSeconds: 60,
    });
    const second = await latest(first.next);
    expect(second.content).toBe('');
    await deploy(flags('2'));
    const third = await latest(second.next);
    expect(third.content).toEqual({ pointer: { enabled: true, productionVersion: '2' } });
    expect(third.VersionLabel).toBeUndefined();
  });

  it('leaves the attributes of a disabled flag out', async () => {
    await deploy(flags('1', false));
    expect((await latest(await session())).content).toEqual({ pointer: { enabled: false } });
  });

  it('goes back to what was live before a deployment that is reverted', async () => {
    for (const version of ['1', '2', '3']) await deploy(flags(version));
    const served = async () => (await latest(await session())).content.pointer.productionVersion;
    expect(await served()).toBe('3');
    await revert(3);
    expect(await served()).toBe('2');
    await deploy(flags('4'));
    await revert(4);
    expect(await served()).toBe('2');
    await revert(2);
    expect(await served()).toBe('1');
  });

  it('is not found before the first deployment, nor for names that do not exist', async () => {
    await expect(latest(await session())).rejects.toMatchObject({
      ...{ name: 'ResourceNotFoundException', ResourceType: 'Deployment' },
    });
    ids = { ...ids, profile: 'nobody' };
    await expect(session()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('a configuration token', () => {
  it('is good for one answer', async () => {
    await deploy(flags('1'));
    const token = await session();
    const { next } = await latest(token);
    await expect(latest(token)).rejects.toMatchObject({
      ...{ name: 'BadRequestException', Reason: 'InvalidParameters' },
      Details: { InvalidParameters: { ConfigurationToken: { Problem: 'Corrupted' } } },
    });
    await expect(latest('made up')).rejects.toMatchObject({ name: 'BadRequestException' });
    await latest(next);
  });

  it('lives for 24 hours', async () => {
    await deploy(flags('1'));
    const token = await session();
    at = new Date(at.getTime() + 24 * 3_600_000 + 1);
    await expect(latest(token)).rejects.toMatchObject({
      Details: { InvalidParameters: { ConfigurationToken: { Problem: 'Expired' } } },
    });
  });

  it('keeps to the minimum poll interval that its session asked for, and stays good until then', async () => {
    await deploy(flags('1'));
    const { next, NextPollIntervalInSeconds } = await latest(await session(15));
    expect(NextPollIntervalInSeconds).toBe(15);
    at = new Date(at.getTime() + 14_000);
    await expect(latest(next)).rejects.toMatchObject({
      Details: { InvalidParameters: { ConfigurationToken: { Problem: 'PollIntervalNotSatisfied' } } },
    });
    at = new Date(at.getTime() + 1000);
    expect((await latest(next)).content).toBe('');
    await expect(session(14)).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('asks for rights on the configuration of the environment', async () => {
    await deploy(flags('1'));
    await latest(await session());
    const resource = `arn:aws:appconfig:eu-west-1:000000000000:application/${ids.app}/environment/${ids.env}/configuration/${ids.profile}`;
    expect(served.asked()).toEqual([
      `appconfig:StartConfigurationSession ${resource}`,
      `appconfig:GetLatestConfiguration ${resource}`,
    ]);
  });
});
