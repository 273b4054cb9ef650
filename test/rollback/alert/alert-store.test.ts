import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../functions/platform/json.ts';
import { AlertStore } from '../../../functions/rollback/alert/alert-store.ts';
import { ALERT, NOW } from './alert-stand.ts';

const dynamo = mockClient(DynamoDBDocumentClient);
beforeEach(() => {
  dynamo.reset();
});
const store = new AlertStore(DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' })), 'approvals');
const link = {
  linkId: 'a'.repeat(32),
  alert: ALERT,
  person: { name: 'Ana', email: 'ana@shop.example' },
  secretSha256s: [sha256Hex('secret')],
  createdAt: NOW,
  expiresAt: '2026-03-09T09:00:00.000Z',
};
const taken = new ConditionalCheckFailedException({ message: 'taken', $metadata: {} });

describe('The links of alerts', () => {
  it('are read consistently, and null when there is none', async () => {
    dynamo.on(GetCommand).resolves({});
    expect(await store.link(link.linkId)).toBeNull();
    dynamo.on(GetCommand).resolves({ Item: { pk: 'x', sk: 'link', ...link } });
    expect(await store.link(link.linkId)).toEqual(link);
    expect(dynamo.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({
      Key: { pk: `alert-link#${link.linkId}`, sk: 'link' },
      ConsistentRead: true,
    });
    dynamo.on(GetCommand).resolves({ Item: { linkId: 'x' } });
    await expect(store.link(link.linkId)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });

  it('are made once; a second secret joins the first', async () => {
    dynamo.on(PutCommand).resolves({});
    await store.keep(link);
    expect(dynamo.commandCalls(UpdateCommand)).toHaveLength(0);
    dynamo.on(PutCommand).rejects(taken);
    await store.keep(link);
    expect(dynamo.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
      UpdateExpression: 'SET secretSha256s = list_append(secretSha256s, :more)',
      ExpressionAttributeValues: { ':more': link.secretSha256s },
    });
    dynamo.on(PutCommand).rejects(new Error('throttled'));
    await expect(store.keep(link)).rejects.toThrow('throttled');
  });

  it('are marked as sent once, and never made by that', async () => {
    dynamo.on(UpdateCommand).resolves({});
    await store.sent(link.linkId, NOW);
    expect(dynamo.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
      UpdateExpression: 'SET sentAt = if_not_exists(sentAt, :at)',
      ConditionExpression: 'attribute_exists(pk)',
    });
  });

  it('remember what the topic has', async () => {
    dynamo.on(GetCommand).resolves({});
    expect(await store.isPublished(ALERT.id)).toBe(false);
    dynamo.on(PutCommand).rejects(taken);
    await store.published(ALERT.id, NOW);
    dynamo.on(GetCommand).resolves({ Item: { alertId: ALERT.id } });
    expect(await store.isPublished(ALERT.id)).toBe(true);
  });
});
