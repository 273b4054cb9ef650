import {
  AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { RollbackStore } from '../../functions/rollback/rollback-store.ts';
import { ServedPointerStore } from '../../functions/rollback/served-pointer-store.ts';

const data = mockClient(AppConfigDataClient);
const dynamo = mockClient(DynamoDBDocumentClient);
beforeEach(() => {
  data.reset();
  dynamo.reset();
});

describe('A look at what the data plane serves', () => {
  it('starts a session of its own by the names of the model, so that nothing old is remembered', async () => {
    const Configuration = Object.assign(new TextEncoder().encode('{}'), { transformToString: () => '{}' });
    data.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'token' });
    data.on(GetLatestConfigurationCommand, { ConfigurationToken: 'token' }).resolves({ Configuration });
    const store = new ServedPointerStore(new AppConfigDataClient({ region: 'eu-west-1' }), 'app1');
    for (const look of [1, 2]) {
      expect(Buffer.from(await store.served('demand')).toString()).toBe('{}');
      expect(data.commandCalls(StartConfigurationSessionCommand)).toHaveLength(look);
    }
    expect(data.commandCalls(StartConfigurationSessionCommand)[0]?.args[0].input).toEqual({
      ApplicationIdentifier: 'app1',
      EnvironmentIdentifier: 'demand',
      ConfigurationProfileIdentifier: 'demand',
    });
  });

  it('is empty where nothing is deployed', async () => {
    data.on(StartConfigurationSessionCommand).resolves({ InitialConfigurationToken: 'token' });
    data.on(GetLatestConfigurationCommand).resolves({});
    const store = new ServedPointerStore(new AppConfigDataClient({ region: 'eu-west-1' }), 'app1');
    expect(await store.served('demand')).toHaveLength(0);
  });
});

describe('What the registry keeps of a rollback', () => {
  const store = new RollbackStore(DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' })), 'registry');

  it('is read consistently, and null when there is none', async () => {
    dynamo.on(GetCommand).resolves({});
    expect(await store.intent('demand', 'rollback-1')).toBeNull();
    expect(dynamo.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({ ConsistentRead: true });
  });

  it('is refused when it does not have its stored shape', async () => {
    dynamo.on(GetCommand).resolves({ Item: { model: 'demand' } });
    await expect(store.record('demand', 'rollback-1')).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });
});
