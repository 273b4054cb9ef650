import {
  AppConfigClient,
  CreateConfigurationProfileCommand,
  CreateHostedConfigurationVersionCommand,
  DeleteExtensionAssociationCommand,
  DeleteHostedConfigurationVersionCommand,
  GetDeploymentStrategyCommand,
  GetExtensionCommand,
  ListExtensionAssociationsCommand,
  ListHostedConfigurationVersionsCommand,
  UpdateDeploymentStrategyCommand,
  UpdateExtensionCommand,
} from '@aws-sdk/client-appconfig';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAppConfig } from '../../infra/local/appconfig/appconfig.ts';
import { type Served, serveOne } from './fixtures/serve-one.ts';

const vouch = (name: string) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;
const actions = (name: string) => ({ PRE_START_DEPLOYMENT: [{ Name: 'vouch', Uri: vouch(name) }] });
const appConfig = createAppConfig({ invoke: async () => ({ payload: null }) });
let served: Served;
let client: AppConfigClient;

beforeAll(async () => {
  served = await serveOne('appconfig', appConfig.control);
  client = new AppConfigClient(served.client);
});
afterAll(() => served.stop());

describe('What an administrator may change in AppConfig', () => {
  it('is the strategy, which is read as it is now', async () => {
    const made = { Name: 'instant', DeploymentDurationInMinutes: 0, GrowthFactor: 100, FinalBakeTimeInMinutes: 0 };
    const { Id: DeploymentStrategyId } = appConfig.createDeploymentStrategy(made);
    await client.send(new UpdateDeploymentStrategyCommand({ DeploymentStrategyId, FinalBakeTimeInMinutes: 10 }));
    const now = await client.send(new GetDeploymentStrategyCommand({ DeploymentStrategyId }));
    expect(now).toMatchObject({ ...made, FinalBakeTimeInMinutes: 10 });
    await expect(client.send(new GetDeploymentStrategyCommand({ DeploymentStrategyId: 'none' }))).rejects.toMatchObject(
      { name: 'ResourceNotFoundException' },
    );
  });

  it('is an extension, and what it is associated with', async () => {
    const { Id } = appConfig.createApplication({ Name: 'model-release' });
    const extension = appConfig.createExtension({ Name: 'vouching', Actions: actions('vouch') });
    const ResourceIdentifier = `arn:aws:appconfig:eu-west-1:000000000000:application/${Id}`;
    appConfig.createExtensionAssociation({ ExtensionIdentifier: extension.Id, ResourceIdentifier });
    const list = () => client.send(new ListExtensionAssociationsCommand({ ResourceIdentifier }));
    const [association] = (await list()).Items ?? [];
    expect(association).toMatchObject({ ExtensionArn: extension.Arn, ResourceArn: ResourceIdentifier });

    const ExtensionIdentifier = association?.ExtensionArn ?? '';
    await client.send(new UpdateExtensionCommand({ ExtensionIdentifier, Actions: actions('other') }));
    expect(await client.send(new GetExtensionCommand({ ExtensionIdentifier }))).toMatchObject({
      Actions: actions('other'),
      VersionNumber: 1,
    });
    const ExtensionAssociationId = association?.Id ?? '';
    await client.send(new DeleteExtensionAssociationCommand({ ExtensionAssociationId }));
    expect((await list()).Items).toEqual([]);
  });

  it('is a hosted version, whose number is not used again', async () => {
    const { Id: ApplicationId } = appConfig.createApplication({ Name: 'model-release' });
    const profile = { ApplicationId, Name: 'demand', LocationUri: 'hosted' };
    const { Id = '' } = await client.send(new CreateConfigurationProfileCommand(profile));
    const of = { ApplicationId, ConfigurationProfileId: Id };
    const content = { Content: Buffer.from('{}'), ContentType: 'application/json' };
    const make = () => client.send(new CreateHostedConfigurationVersionCommand({ ...of, ...content }));
    await make();
    await make();
    await client.send(new DeleteHostedConfigurationVersionCommand({ ...of, VersionNumber: 2 }));
    expect((await make()).VersionNumber).toBe(3);
    const { Items = [] } = await client.send(new ListHostedConfigurationVersionsCommand(of));
    expect(Items.map(({ VersionNumber }) => VersionNumber)).toEqual([3, 1]);
  });
});
