import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AppConfigClient,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  GetHostedConfigurationVersionCommand,
  ListApplicationsCommand,
  ListConfigurationProfilesCommand,
  ListDeploymentStrategiesCommand,
  ListDeploymentsCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  type StartDeploymentCommandInput,
  StopDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppConfig, createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import type { InvokeResult } from '../../infra/local/service.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const ROOT = 'arn:aws:appconfig:eu-west-1:000000000000:';
const VOUCH_ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:vouch';
/** Everything at once, with ten minutes of bake time. */
const BAKING = { DeploymentStrategyId: 'AppConfig.AllAtOnce' };

let at: Date;
let answer: (event: unknown, functionArn: string) => unknown;
let events: unknown[];
let appConfig: AppConfig;
let served: Served;
let client: AppConfigClient;
let app: string;
let instant: string;

function flags(version: string): string {
  return JSON.stringify({
    version: '1',
    flags: { pointer: { name: 'pointer', attributes: { productionVersion: { constraints: { type: 'string' } } } } },
    values: { pointer: { enabled: true, productionVersion: version } },
  });
}

function create(dataDir?: string): AppConfig {
  return createAppConfig({
    now: () => at,
    ...(dataDir !== undefined && { dataDir }),
    invoke: async (functionArn, event): Promise<InvokeResult> => {
      events.push(event);
      const payload = await answer(event, functionArn);
      const failed = typeof payload === 'object' && payload !== null && 'errorType' in payload;
      return failed ? { payload, functionError: 'Unhandled' } : { payload };
    },
  });
}

beforeEach(async () => {
  at = new Date('2026-11-23T08:00:00.000Z');
  answer = () => null;
  events = [];
  appConfig = create();
  served = await serveOne('appconfig', appConfig.control);
  client = new AppConfigClient(served.client);
  app = appConfig.createApplication({ Name: 'model-release' }).Id;
  instant = appConfig.createDeploymentStrategy({
    ...{ Name: 'instant', DeploymentDurationInMinutes: 0, FinalBakeTimeInMinutes: '0' },
    ...{ GrowthFactor: 100, GrowthType: 'LINEAR', ReplicateTo: 'NONE' },
  }).Id;
});

afterEach(async () => {
  client.destroy();
  await served.stop();
});

/** A model's environment and profile, with a way to make versions and to deploy them. */
async function model(name = 'demand-es') {
  const environment = await client.send(new CreateEnvironmentCommand({ ApplicationId: app, Name: name }));
  const profile = await client.send(
    new CreateConfigurationProfileCommand({
      ...{ ApplicationId: app, Name: name, LocationUri: 'hosted', Type: 'AWS.AppConfig.FeatureFlags' },
    }),
  );
  const [EnvironmentId = '', ConfigurationProfileId = ''] = [environment.Id, profile.Id];
  const version = (content: string, more: { LatestVersionNumber?: number; VersionLabel?: string } = {}) =>
    client.send(
      new CreateHostedConfigurationVersionCommand({
        ...{ ApplicationId: app, ConfigurationProfileId, ContentType: 'application/json', ...more },
        Content: Buffer.from(content),
        Description: 'made by hand',
      }),
    );
  const deploy = (ConfigurationVersion: string, more: Partial<StartDeploymentCommandInput> = {}) =>
    client.send(
      new StartDeploymentCommand({
        ...{ ApplicationId: app, EnvironmentId, ConfigurationProfileId, ConfigurationVersion },
        ...{ DeploymentStrategyId: instant, ...more },
      }),
    );
  const stop = (DeploymentNumber: number, AllowRevert?: boolean) =>
    client.send(new StopDeploymentCommand({ ApplicationId: app, EnvironmentId, DeploymentNumber, AllowRevert }));
  const get = (DeploymentNumber: number) =>
    client.send(new GetDeploymentCommand({ ApplicationId: app, EnvironmentId, DeploymentNumber }));
  return { EnvironmentId, ConfigurationProfileId, version, deploy, stop, get };
}

function minutesLater(minutes: number): void {
  at = new Date(at.getTime() + minutes * 60_000);
}

describe('applications, environments and profiles', () => {
  it('are created, got and listed', async () => {
    const { EnvironmentId, ConfigurationProfileId } = await model();
    expect(app).toMatch(/^[a-z0-9]{7}$/);
    const environments = await client.send(new ListEnvironmentsCommand({ ApplicationId: app }));
    expect(environments.Items).toMatchObject([{ ApplicationId: app, Id: EnvironmentId, Name: 'demand-es' }]);
    const profiles = await client.send(new ListConfigurationProfilesCommand({ ApplicationId: app }));
    expect(profiles.Items).toMatchObject([
      { Id: ConfigurationProfileId, LocationUri: 'hosted', Type: 'AWS.AppConfig.FeatureFlags' },
    ]);
  });

  it('are listed in pages', async () => {
    for (const name of ['a', 'b', 'c']) {
      await client.send(new CreateEnvironmentCommand({ ApplicationId: app, Name: name }));
    }
    const list = (NextToken?: string) =>
      client.send(new ListEnvironmentsCommand({ ApplicationId: app, MaxResults: 2, NextToken }));
    const first = await list();
    const second = await list(first.NextToken);
    expect([...(first.Items ?? []), ...(second.Items ?? [])].map(({ Name }) => Name)).toEqual(['a', 'b', 'c']);
    expect(second.NextToken).toBeUndefined();
    await expect(list('nonsense')).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  it('refuses the 21st environment of an application', async () => {
    for (let n = 1; n <= 20; n++)
      await client.send(new CreateEnvironmentCommand({ ApplicationId: app, Name: `m${n}` }));
    const next = client.send(new CreateEnvironmentCommand({ ApplicationId: app, Name: 'm21' }));
    await expect(next).rejects.toMatchObject({
      ...{ name: 'ServiceQuotaExceededException', $metadata: { httpStatusCode: 402 } },
    });
  });

  it('are not found by ids that do not exist', async () => {
    const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
    const create = client.send(new CreateEnvironmentCommand({ ApplicationId: 'zzzzzzz', Name: 'm' }));
    await expect(create).rejects.toMatchObject(missing);
    const list = client.send(new ListDeploymentsCommand({ ApplicationId: app, EnvironmentId: 'zzzzzzz' }));
    await expect(list).rejects.toMatchObject(missing);
  });

  it('refuses what does not run here, by name', async () => {
    const s3 = new CreateConfigurationProfileCommand({ ApplicationId: app, Name: 'p', LocationUri: 's3://b/k' });
    await expect(client.send(s3)).rejects.toThrow('only hosted configurations');
    const validated = new CreateConfigurationProfileCommand({
      ...{ ApplicationId: app, Name: 'p', LocationUri: 'hosted', Validators: [{ Type: 'LAMBDA', Content: 'arn' }] },
    });
    await expect(client.send(validated)).rejects.toThrow('Validators: does not run on this machine');
    const gradual = { Name: 'slow', DeploymentDurationInMinutes: 10, GrowthFactor: 20 };
    expect(() => appConfig.createDeploymentStrategy(gradual)).toThrow('gradual deployments do not run on this machine');
    await expect(client.send(new ListDeploymentStrategiesCommand({}))).rejects.toMatchObject({
      ...{ name: 'UnknownOperationException', message: expect.stringContaining('GET /deploymentstrategies') },
    });
  });
});

describe('hosted versions', () => {
  it('are numbered, labelled, listed newest first and read back byte by byte', async () => {
    const { ConfigurationProfileId, version } = await model();
    const first = await version(flags('1'));
    expect(first).toMatchObject({ VersionNumber: 1, ApplicationId: app, ConfigurationProfileId });
    expect(first.$metadata.httpStatusCode).toBe(201);
    const second = await version(flags('2'), { LatestVersionNumber: 1, VersionLabel: 'return-2' });
    expect(Buffer.from(second.Content ?? []).toString()).toBe(flags('2'));
    const got = await client.send(
      new GetHostedConfigurationVersionCommand({ ApplicationId: app, ConfigurationProfileId, VersionNumber: 2 }),
    );
    expect(got).toMatchObject({
      VersionLabel: 'return-2',
      Description: 'made by hand',
      ContentType: 'application/json',
    });
    expect(Buffer.from(got.Content ?? []).toString()).toBe(flags('2'));
    const list = new ListHostedConfigurationVersionsCommand({ ApplicationId: app, ConfigurationProfileId });
    expect((await client.send(list)).Items).toMatchObject([
      { VersionNumber: 2, VersionLabel: 'return-2' },
      { VersionNumber: 1 },
    ]);
  });

  it('are refused when another came first or the label is taken', async () => {
    const { version } = await model();
    await version(flags('1'), { VersionLabel: 'return-1' });
    const conflict = { name: 'ConflictException', $metadata: { httpStatusCode: 409 } };
    await expect(version(flags('2'), { LatestVersionNumber: 3 })).rejects.toMatchObject(conflict);
    await expect(version(flags('2'), { VersionLabel: 'return-1' })).rejects.toMatchObject(conflict);
    await expect(version(flags('2'), { VersionLabel: '17' })).rejects.toMatchObject({ name: 'BadRequestException' });
    expect((await version(flags('2'), { LatestVersionNumber: 1 })).VersionNumber).toBe(2);
  });

  it('are refused over 2,048 KB and when their flags break the rules', async () => {
    const { version } = await model();
    await expect(version('x'.repeat(2048 * 1024 + 1))).rejects.toMatchObject({
      ...{ name: 'PayloadTooLargeException', $metadata: { httpStatusCode: 413 } },
    });
    const refused = version(JSON.stringify({ version: '2' }));
    await expect(refused).rejects.toMatchObject({ name: 'BadRequestException', Reason: 'InvalidConfiguration' });
  });
});

describe('deployments', () => {
  it('complete at once with an instant strategy, with an event log', async () => {
    const { EnvironmentId, ConfigurationProfileId, version, deploy, get } = await model();
    await version(flags('1'), { VersionLabel: 'first' });
    const deployment = await deploy('first', { Description: 'hello' });
    expect(deployment).toMatchObject({
      ...{ DeploymentNumber: 1, State: 'COMPLETE', PercentageComplete: 100, ConfigurationVersion: '1' },
      ...{
        VersionLabel: 'first',
        ConfigurationName: 'demand-es',
        Description: 'hello',
        StartedAt: at,
        CompletedAt: at,
      },
      $metadata: { httpStatusCode: 201 },
    });
    const got = await get(1);
    expect(got).toMatchObject({ EnvironmentId, ConfigurationProfileId, DeploymentStrategyId: instant });
    expect(got.EventLog?.map(({ EventType }) => EventType)).toEqual(['DEPLOYMENT_COMPLETED', 'DEPLOYMENT_STARTED']);
    expect(got.EventLog?.[0]?.OccurredAt).toEqual(at);
  });

  it('are refused when the newest deployment is not the one that the caller saw', async () => {
    const { version, deploy } = await model();
    await version(flags('1'));
    await deploy('1', { LatestDeploymentNumber: 0 });
    await deploy('1', { LatestDeploymentNumber: 1 });
    const stale = deploy('1', { LatestDeploymentNumber: 1 });
    await expect(stale).rejects.toMatchObject({ name: 'ConflictException', $metadata: { httpStatusCode: 409 } });
  });

  it('bake by the clock, and keep their environment to themselves meanwhile', async () => {
    const { version, deploy, get } = await model();
    const other = await model('other');
    await version(flags('1'));
    await other.version(flags('1'));
    expect(await deploy('1', BAKING)).toMatchObject({ State: 'BAKING', PercentageComplete: 100 });
    minutesLater(9);
    expect(await get(1)).toMatchObject({ State: 'BAKING' });
    await expect(deploy('1')).rejects.toMatchObject({ name: 'ConflictException' });
    expect((await other.deploy('1')).State).toBe('COMPLETE');
    minutesLater(60);
    const completedAt = new Date('2026-11-23T08:10:00.000Z');
    expect(await get(1)).toMatchObject({ State: 'COMPLETE', CompletedAt: completedAt });
    expect((await deploy('1')).DeploymentNumber).toBe(2);
  });

  it('are listed newest first, each with its profile', async () => {
    const { EnvironmentId, ConfigurationProfileId, version, deploy } = await model();
    await version(flags('1'));
    for (let n = 0; n < 3; n++) await deploy('1');
    const list = (NextToken?: string) =>
      client.send(new ListDeploymentsCommand({ ApplicationId: app, EnvironmentId, MaxResults: 2, NextToken }));
    const first = await list();
    expect(first.Items?.map(({ DeploymentNumber }) => DeploymentNumber)).toEqual([3, 2]);
    expect(first.Items?.[0]).toMatchObject({ ConfigurationProfileId, State: 'COMPLETE', ConfigurationVersion: '1' });
    expect((await list(first.NextToken)).Items).toMatchObject([{ DeploymentNumber: 1 }]);
  });

  it('name what they cannot find', async () => {
    const { version, deploy, get } = await model();
    await version(flags('1'));
    const missing = { name: 'ResourceNotFoundException' };
    await expect(deploy('2')).rejects.toMatchObject(missing);
    await expect(deploy('1', { DeploymentStrategyId: 'zzzzzzz' })).rejects.toMatchObject(missing);
    await expect(deploy('1', { EnvironmentId: 'zzzzzzz' })).rejects.toMatchObject(missing);
    await expect(get(1)).rejects.toMatchObject(missing);
  });
});

describe('stopping a deployment', () => {
  it('rolls back one in progress, and frees the environment', async () => {
    const { version, deploy, stop, get } = await model();
    await version(flags('1'));
    await deploy('1', BAKING);
    const stopped = await stop(1);
    expect(stopped).toMatchObject({ State: 'ROLLED_BACK', $metadata: { httpStatusCode: 202 } });
    expect((await get(1)).EventLog?.[0]).toMatchObject({ EventType: 'ROLLBACK_COMPLETED', TriggeredBy: 'USER' });
    expect((await deploy('1')).DeploymentNumber).toBe(2);
  });

  it('reverts a completed one only when that is allowed, and once', async () => {
    const { version, deploy, stop, get } = await model();
    await version(flags('1'));
    await deploy('1');
    await deploy('1');
    const refused = { name: 'BadRequestException', $metadata: { httpStatusCode: 400 } };
    await expect(stop(2)).rejects.toMatchObject(refused);
    await expect(stop(2, false)).rejects.toMatchObject(refused);
    expect((await stop(2, true)).State).toBe('REVERTED');
    expect((await get(2)).EventLog?.[0]?.EventType).toBe('REVERT_COMPLETED');
    await expect(stop(2, true)).rejects.toMatchObject(refused);
    expect((await get(1)).State).toBe('COMPLETE');
  });

  it('does not revert while another deployment is in progress', async () => {
    const { version, deploy, stop } = await model();
    await version(flags('1'));
    await deploy('1');
    await deploy('1', BAKING);
    await expect(stop(1, true)).rejects.toThrow('in progress');
  });
});

describe('extensions', () => {
  function associate(actions: object, resource = `${ROOT}application/${app}`) {
    const extension = appConfig.createExtension({ Name: 'vouching', Actions: actions });
    return appConfig.createExtensionAssociation({
      ...{ ExtensionIdentifier: extension.Id, ExtensionVersionNumber: 1, ResourceIdentifier: resource },
    });
  }
  const vouch = [{ Name: 'vouch', Uri: VOUCH_ARN, RoleArn: 'arn:aws:iam::000000000000:role/ask' }];

  it('are asked before a deployment, of environments that came later too, with the documented event', async () => {
    associate({ PRE_START_DEPLOYMENT: vouch });
    const { EnvironmentId, ConfigurationProfileId, version, deploy } = await model();
    await version(flags('1'));
    expect(events).toEqual([]);
    await deploy('1', { Description: 'why' });
    expect(events).toEqual([
      {
        InvocationId: expect.any(String),
        Type: 'PreStartDeployment',
        Parameters: {},
        Application: { Id: app, Name: 'model-release' },
        Environment: { Id: EnvironmentId, Name: 'demand-es' },
        ConfigurationProfile: { Id: ConfigurationProfileId, Name: 'demand-es' },
        ...{ DeploymentNumber: 1, ConfigurationVersion: '1', Description: 'why' },
        Content: Buffer.from(flags('1')).toString('base64'),
      },
    ]);
  });

  it('veto with an error document, or by failing; nothing is deployed then', async () => {
    associate({ PRE_START_DEPLOYMENT: vouch });
    const { EnvironmentId, version, deploy } = await model();
    await version(flags('1'));
    answer = () => ({
      Error: 'BadRequestError',
      Message: 'nobody approved it',
      Details: [{ Type: 'T', Name: 'N', Reason: 'R' }],
    });
    await expect(deploy('1')).rejects.toMatchObject({
      ...{ name: 'BadRequestException', message: expect.stringMatching(/nobody approved it.*"Reason":"R"/) },
    });
    answer = () => ({ errorType: 'TypeError', errorMessage: 'broken' });
    await expect(deploy('1')).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('broken'),
    });
    answer = () => Promise.reject(new Error('no such function'));
    await expect(deploy('1')).rejects.toThrow('no such function');
    const list = new ListDeploymentsCommand({ ApplicationId: app, EnvironmentId });
    expect((await client.send(list)).Items).toEqual([]);
    answer = () => undefined;
    expect((await deploy('1')).DeploymentNumber).toBe(1);
  });

  it('keep the environment to the deployment that they are asked about', async () => {
    associate({ PRE_START_DEPLOYMENT: vouch });
    const { version, deploy } = await model();
    await version(flags('1'));
    let second: unknown;
    answer = async () => {
      second = await deploy('1').catch((error: unknown) => error);
    };
    expect((await deploy('1')).State).toBe('COMPLETE');
    expect(second).toMatchObject({ name: 'ConflictException' });
  });

  it('keep no environment from another: three models move at once', async () => {
    associate({ PRE_START_DEPLOYMENT: vouch });
    const open = Promise.withResolvers<undefined>();
    const models = await Promise.all(['demand-es', 'demand-fr', 'demand-it'].map((name) => model(name)));
    for (const { version } of models) await version(flags('1'));
    answer = () => open.promise;
    events = [];
    const moves = models.map(({ deploy }) => deploy('1'));
    await expect.poll(() => events.length).toBe(3);
    open.resolve(undefined);
    expect((await Promise.all(moves)).map(({ DeploymentNumber, State }) => [DeploymentNumber, State])).toEqual(
      models.map(() => [1, 'COMPLETE']),
    );
  });

  it('may refuse a version before it is made', async () => {
    associate({ PRE_CREATE_HOSTED_CONFIGURATION_VERSION: vouch });
    const { version } = await model();
    answer = () => ({ Error: 'BadRequestError', Message: 'no' });
    await expect(version(flags('2'))).rejects.toMatchObject({ name: 'BadRequestException' });
    expect(events[0]).toMatchObject({
      ...{ Type: 'PreCreateHostedConfigurationVersion', Description: 'made by hand' },
    });
    expect(events[0]).not.toHaveProperty('Environment');
    answer = () => ({ Content: 'e30=' });
    await expect(version(flags('2'))).rejects.toThrow('rewriting a configuration does not run on this machine');
  });

  it('are refused at points that do not run here and on resources that do not exist', () => {
    expect(() => associate({ AT_DEPLOYMENT_TICK: vouch })).toThrow('Actions');
    expect(() => associate({ PRE_START_DEPLOYMENT: vouch }, `${ROOT}application/zzzzzzz`)).toThrow(
      'names no application',
    );
  });
});

describe('the rights that are asked for', () => {
  it('name the resources of the service authorization reference', async () => {
    const { EnvironmentId, ConfigurationProfileId, version, deploy, stop } = await model();
    const application = `${ROOT}application/${app}`;
    const environment = `${application}/environment/${EnvironmentId}`;
    const profile = `${application}/configurationprofile/${ConfigurationProfileId}`;
    served.asked();
    await version(flags('1'));
    const make = 'appconfig:CreateHostedConfigurationVersion';
    expect(served.asked()).toEqual([`${make} ${application}`, `${make} ${profile}`]);
    await deploy('1');
    const strategy = `${ROOT}deploymentstrategy/${instant}`;
    expect(served.asked()).toEqual(
      [application, environment, profile, strategy].map((resource) => `appconfig:StartDeployment ${resource}`),
    );
    await stop(1, true);
    expect(served.asked()).toEqual(
      [application, environment, `${environment}/deployment/1`].map(
        (resource) => `appconfig:StopDeployment ${resource}`,
      ),
    );
    await client.send(new ListApplicationsCommand({}));
    expect(served.asked()).toEqual(['appconfig:ListApplications *']);
    served.deny('appconfig:StartDeployment');
    const refused = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };
    await expect(deploy('1')).rejects.toMatchObject(refused);
  });
});

describe('a data directory', () => {
  it('brings everything back, and what the template creates keeps its id', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'appconfig-'));
    try {
      const start = async () => {
        await served.stop();
        appConfig = create(dataDir);
        served = await serveOne('appconfig', appConfig.control);
        client = new AppConfigClient(served.client);
        app = appConfig.createApplication({ Name: 'model-release', Description: 'kept' }).Id;
        return app;
      };
      const before = await start();
      instant = 'AppConfig.AllAtOnce';
      const { EnvironmentId, version, deploy } = await model();
      await version(flags('1'));
      await deploy('1');
      expect(await start()).toBe(before);
      const list = await client.send(new ListDeploymentsCommand({ ApplicationId: app, EnvironmentId }));
      expect(list.Items).toMatchObject([{ DeploymentNumber: 1, State: 'BAKING' }]);
      const applications = await client.send(new ListApplicationsCommand({}));
      expect(applications.Items).toMatchObject([{ Id: before, Description: 'kept' }]);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});
