import {
  AppConfigClient,
  CreateConfigurationProfileCommand,
  CreateEnvironmentCommand,
  CreateHostedConfigurationVersionCommand,
  GetDeploymentCommand,
  GetHostedConfigurationVersionCommand,
  ListConfigurationProfilesCommand,
  ListDeploymentsCommand,
  ListEnvironmentsCommand,
  ListHostedConfigurationVersionsCommand,
  StartDeploymentCommand,
  StopDeploymentCommand,
} from '@aws-sdk/client-appconfig';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppConfigStore } from '../../functions/pointer/appconfig-store.ts';
import { ModelEnvironmentStore } from '../../functions/pointer/model-environment-store.ts';

const client = new AppConfigClient({ region: 'eu-west-1' });
const appConfig = mockClient(AppConfigClient);
const store = new AppConfigStore(client, 'app1');
const environments = new ModelEnvironmentStore(client, 'app1');
const place = { environmentId: 'env1', profileId: 'prof1' };
const StartedAt = new Date('2026-03-01T08:00:00Z');

beforeEach(() => appConfig.reset());

function awsError(name: string): Error {
  return Object.assign(new Error(`AWS says ${name}.`), { name });
}

function summary(DeploymentNumber: number, State: 'COMPLETE' | 'DEPLOYING' | 'ROLLED_BACK' | 'REVERTED', over = {}) {
  const ConfigurationVersion = String(DeploymentNumber + 10);
  return { DeploymentNumber, State, ConfigurationProfileId: 'prof1', ConfigurationVersion, StartedAt, ...over };
}

describe('The deployed state of an environment', () => {
  it('is the newest deployment that is complete and was not undone', async () => {
    const Items = [summary(4, 'ROLLED_BACK'), summary(3, 'REVERTED'), summary(2, 'COMPLETE'), summary(1, 'COMPLETE')];
    appConfig.on(ListDeploymentsCommand).resolves({ Items });
    const state = await store.deployedState(place);
    expect(state).toMatchObject({ latestNumber: 4, live: { number: 2, hostedVersion: 12 }, inProgress: null });
    expect(state.history.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
  });

  it('names the deployment in progress, also one of another profile', async () => {
    const Items = [summary(3, 'DEPLOYING', { ConfigurationProfileId: 'other' }), summary(2, 'COMPLETE')];
    appConfig.on(ListDeploymentsCommand).resolves({ Items });
    expect(await store.deployedState(place)).toMatchObject({
      latestNumber: 3,
      live: { number: 2 },
      inProgress: { number: 3 },
    });
  });

  it('is read back to the deployment that is live, and no further', async () => {
    appConfig
      .on(ListDeploymentsCommand)
      .resolvesOnce({ Items: [summary(9, 'REVERTED')], NextToken: 'a' })
      .resolvesOnce({ Items: [summary(8, 'COMPLETE')], NextToken: 'b' });
    expect(await store.deployedState(place)).toMatchObject({ latestNumber: 9, live: { number: 8 } });
    expect(appConfig.commandCalls(ListDeploymentsCommand)).toHaveLength(2);
  });

  it('is empty before the first deployment', async () => {
    appConfig.on(ListDeploymentsCommand).resolves({});
    expect(await store.deployedState(place)).toEqual({ latestNumber: 0, live: null, inProgress: null, history: [] });
  });

  it('says of one deployment what it was for and when it changed last', async () => {
    const OccurredAt = new Date('2026-03-01T09:00:00Z');
    const EventLog = [{ OccurredAt }, { OccurredAt: StartedAt }];
    appConfig.on(GetDeploymentCommand).resolves({ State: 'REVERTED', Description: 'why', StartedAt, EventLog });
    expect(await store.deployment('env1', 3)).toEqual({
      state: 'REVERTED',
      description: 'why',
      changedAt: OccurredAt.toISOString(),
    });
  });

  it('is not guessed when AppConfig answers without a state', async () => {
    appConfig.on(GetDeploymentCommand).resolves({});
    await expect(store.deployment('env1', 3)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });
});

describe('Hosted versions', () => {
  it('are listed from all pages, newest first', async () => {
    appConfig
      .on(ListHostedConfigurationVersionsCommand)
      .resolvesOnce({ Items: [{ VersionNumber: 1, Description: 'one' }], NextToken: 'a' })
      .resolvesOnce({ Items: [{ VersionNumber: 2, VersionLabel: 'return-2' }] });
    expect(await store.hostedVersions('prof1')).toEqual([
      { number: 2, label: 'return-2', description: '' },
      { number: 1, label: '', description: 'one' },
    ]);
  });

  it('are made on the condition that the newest is the one that was seen', async () => {
    appConfig.on(CreateHostedConfigurationVersionCommand).resolves({ VersionNumber: 8 });
    const version = { profileId: 'prof1', content: '{}', latest: 7, description: 'why', label: 'return-8' };
    expect(await store.createVersion(version)).toBe(8);
    const { input } = appConfig.commandCalls(CreateHostedConfigurationVersionCommand)[0]?.args[0] ?? {};
    expect(input).toMatchObject({ LatestVersionNumber: 7, VersionLabel: 'return-8', ContentType: 'application/json' });
  });

  it('name no version before the first', async () => {
    appConfig.on(CreateHostedConfigurationVersionCommand).resolves({ VersionNumber: 1 });
    await store.createVersion({ profileId: 'prof1', content: '{}', latest: 0, description: 'why' });
    const { input } = appConfig.commandCalls(CreateHostedConfigurationVersionCommand)[0]?.args[0] ?? {};
    expect(input).not.toHaveProperty('LatestVersionNumber');
    expect(input).not.toHaveProperty('VersionLabel');
  });

  it('answer POINTER_BUSY when another came first, and NOT_FOUND when there is none', async () => {
    appConfig.on(CreateHostedConfigurationVersionCommand).rejects(awsError('ConflictException'));
    appConfig.on(GetHostedConfigurationVersionCommand).rejects(awsError('ResourceNotFoundException'));
    const version = { profileId: 'prof1', content: '{}', latest: 7, description: 'why' };
    await expect(store.createVersion(version)).rejects.toMatchObject({ code: 'POINTER_BUSY' });
    await expect(store.hostedContent('prof1', 3)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('A deployment', () => {
  const deployment = { place, strategyId: 'instant', hostedVersion: 5, latestNumber: 3, description: 'why' };

  it('starts on the condition that the newest is the one that was seen', async () => {
    appConfig.on(StartDeploymentCommand).resolves({ DeploymentNumber: 4 });
    expect(await store.startDeployment(deployment)).toBe(4);
    expect(appConfig.commandCalls(StartDeploymentCommand)[0]?.args[0].input).toEqual({
      ApplicationId: 'app1',
      EnvironmentId: 'env1',
      ConfigurationProfileId: 'prof1',
      DeploymentStrategyId: 'instant',
      ConfigurationVersion: '5',
      LatestDeploymentNumber: 3,
      Description: 'why',
    });
  });

  it.each([
    ['ConflictException', 'POINTER_BUSY'],
    ['BadRequestException', 'NOT_VOUCHED'],
  ])('that AppConfig refuses with %s answers %s with its words', async (name, code) => {
    appConfig.on(StartDeploymentCommand).rejects(awsError(name));
    await expect(store.startDeployment(deployment)).rejects.toMatchObject({
      code,
      message: `Hosted version 5 was not deployed: AWS says ${name}.`,
    });
  });

  it('that the extension refuses for want of an answer may be tried again', async () => {
    const said = 'BadRequestError: PROOF_UNAVAILABLE: Registry and ledger did not give the proof, so it is refused.';
    appConfig.on(StartDeploymentCommand).rejects(Object.assign(new Error(said), { name: 'BadRequestException' }));
    await expect(store.startDeployment(deployment)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
  });

  it('that fails otherwise fails as it did', async () => {
    appConfig.on(StartDeploymentCommand).rejects(awsError('InternalServerException'));
    await expect(store.startDeployment(deployment)).rejects.toMatchObject({ name: 'InternalServerException' });
  });

  it('is stopped with the leave to revert, for it may have completed since it was seen', async () => {
    appConfig.on(StopDeploymentCommand).resolves({});
    await store.stopDeployment('env1', 4);
    expect(appConfig.commandCalls(StopDeploymentCommand)[0]?.args[0].input).toMatchObject({
      DeploymentNumber: 4,
      AllowRevert: true,
    });
  });

  it('that is undone or too old is not stopped', async () => {
    appConfig.on(StopDeploymentCommand).rejects(awsError('BadRequestException'));
    await expect(store.stopDeployment('env1', 4)).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
  });
});

describe("A model's environment and profile", () => {
  const listed = (environment: readonly object[], profiles: readonly object[]) => {
    appConfig.on(ListEnvironmentsCommand).resolves({ Items: [...environment] });
    appConfig.on(ListConfigurationProfilesCommand).resolves({ Items: [...profiles] });
  };

  it('are made when there are none', async () => {
    listed([{ Id: 'e0', Name: 'other' }], []);
    appConfig.on(CreateEnvironmentCommand).resolves({ Id: 'e1' });
    appConfig.on(CreateConfigurationProfileCommand).resolves({ Id: 'p1' });
    expect(await environments.ensure('demand')).toEqual({ environmentId: 'e1', profileId: 'p1' });
    expect(appConfig.commandCalls(CreateConfigurationProfileCommand)[0]?.args[0].input).toMatchObject({
      Name: 'demand',
      LocationUri: 'hosted',
      Type: 'AWS.AppConfig.FeatureFlags',
    });
  });

  it('are found when they were made before, on whichever page', async () => {
    appConfig
      .on(ListEnvironmentsCommand)
      .resolvesOnce({ Items: [{ Id: 'e0', Name: 'other' }], NextToken: 'a' })
      .resolvesOnce({ Items: [{ Id: 'e1', Name: 'demand' }] });
    appConfig.on(ListConfigurationProfilesCommand).resolves({ Items: [{ Id: 'p1', Name: 'demand' }] });
    expect(await environments.ensure('demand')).toEqual({ environmentId: 'e1', profileId: 'p1' });
    expect(appConfig.commandCalls(CreateEnvironmentCommand)).toHaveLength(0);
  });

  it('are completed when only the environment was made', async () => {
    listed([{ Id: 'e1', Name: 'demand' }], []);
    appConfig.on(CreateConfigurationProfileCommand).resolves({ Id: 'p1' });
    expect(await environments.ensure('demand')).toEqual({ environmentId: 'e1', profileId: 'p1' });
  });

  it('are found by name without the registry, or not at all', async () => {
    listed([{ Id: 'e1', Name: 'demand' }], [{ Id: 'p1', Name: 'demand' }]);
    expect(await environments.find('demand')).toEqual({ environmentId: 'e1', profileId: 'p1' });
    expect(await environments.find('nobody')).toBeNull();
  });

  it('say what to do when AWS gives no further environment', async () => {
    listed([], []);
    appConfig.on(CreateEnvironmentCommand).rejects(awsError('ServiceQuotaExceededException'));
    await expect(environments.ensure('demand')).rejects.toMatchObject({
      code: 'ENVIRONMENT_QUOTA',
      reasons: [{ next: expect.stringContaining('quota') }],
    });
  });

  it('fail as AWS fails otherwise', async () => {
    listed([], []);
    appConfig.on(CreateEnvironmentCommand).rejects(awsError('InternalServerException'));
    await expect(environments.ensure('demand')).rejects.toMatchObject({ name: 'InternalServerException' });
  });
});
