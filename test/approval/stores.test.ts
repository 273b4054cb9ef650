import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApprovalStore } from '../../functions/approval/approval-store.ts';
import { ApprovalWrites } from '../../functions/approval/approval-writes.ts';
import { stepFunctionsCallback } from '../../functions/approval/callback-store.ts';
import { sesSender } from '../../functions/platform/email-store.ts';
import { gateItem, PROMOTION_ID } from './fixtures.ts';

const dynamo = mockClient(DynamoDBDocumentClient);
const sfn = mockClient(SFNClient);
const ses = mockClient(SESv2Client);
beforeEach(() => {
  for (const mock of [dynamo, sfn, ses]) mock.reset();
});

const store = new ApprovalStore(DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' })), 'approvals');
const gate = { promotionId: PROMOTION_ID, stage: 'production' as const, round: 1 };
const named = (name: string) => Object.assign(new Error('token-1 is spent'), { name });

describe('The approvals table', () => {
  it('is read consistently, whatever is read', async () => {
    dynamo.on(GetCommand).resolves({});
    dynamo.on(QueryCommand).resolves({});
    expect(await store.gate(gate)).toBeNull();
    expect(await store.token(gate)).toBeNull();
    expect(await store.request('a')).toBeNull();
    expect(await store.gates(PROMOTION_ID)).toEqual([]);
    const inputs = dynamo.calls().map((call) => call.args[0].input);
    expect(inputs).toHaveLength(4);
    for (const input of inputs) expect(input).toMatchObject({ TableName: 'approvals', ConsistentRead: true });
  });

  it('answers all gates of a promotion over all pages, oldest first', async () => {
    dynamo
      .on(QueryCommand)
      .resolvesOnce({ Items: [gateItem({ round: 2, openedSeq: 9 })], LastEvaluatedKey: { pk: 'x', sk: 'y' } })
      .resolvesOnce({ Items: [gateItem({ openedSeq: 2 })] });
    expect((await store.gates(PROMOTION_ID)).map(({ round }) => round)).toEqual([1, 2]);
    expect(dynamo.commandCalls(QueryCommand)[1]?.args[0].input.ExclusiveStartKey).toEqual({ pk: 'x', sk: 'y' });
  });

  it('says of which item it cannot make sense', async () => {
    dynamo.on(GetCommand).resolves({ Item: { promotionId: PROMOTION_ID } });
    await expect(store.gate(gate)).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
  });

  it('tells a condition that does not hold from everything else', async () => {
    const write = new ApprovalWrites('approvals').newGate(gateItem());
    const cancelled = (Code: string) =>
      Object.assign(named('TransactionCanceledException'), { CancellationReasons: [{ Code }] });
    dynamo
      .on(TransactWriteCommand)
      .rejectsOnce(cancelled('ConditionalCheckFailed'))
      .rejectsOnce(cancelled('ThrottlingError'));
    await expect(store.carryOut([write])).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
    await expect(store.carryOut([write])).rejects.toMatchObject({ name: 'TransactionCanceledException' });
  });

  it('changes a gate only while it is open and as it was read', () => {
    const write = new ApprovalWrites('approvals').closeGate(gateItem({ revision: 4 }), {
      status: 'expired',
      reason: { code: 'APPROVAL_EXPIRED', message: 'Too late.' },
      at: '2026-03-08T08:00:00.000Z',
      seq: 5,
    });
    expect(write.Update?.ConditionExpression).toBe('#status = :open AND #revision = :read AND expiresAt <= :at');
    expect(write.Update?.ExpressionAttributeValues).toMatchObject({ ':open': 'open', ':read': 4 });
  });
});

describe('The callback', () => {
  const wake = stepFunctionsCallback(new SFNClient({ region: 'eu-west-1' }));

  it('tells the execution nothing but to go on', async () => {
    sfn.on(SendTaskSuccessCommand).resolves({});
    expect(await wake('token-1')).toBe('woken');
    expect(sfn.commandCalls(SendTaskSuccessCommand)[0]?.args[0].input).toEqual({ taskToken: 'token-1', output: '{}' });
  });

  it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
    'takes %s for nobody waiting any more',
    async (name) => {
      sfn.on(SendTaskSuccessCommand).rejects(named(name));
      expect(await wake('token-1')).toBe('over');
    },
  );

  it('throws what may pass', async () => {
    sfn.on(SendTaskSuccessCommand).rejects(named('ThrottlingException'));
    await expect(wake('token-1')).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

describe('The email', () => {
  it('goes to one person, as text and HTML, with tracking off', async () => {
    ses.on(SendEmailCommand).resolves({});
    const send = sesSender(new SESv2Client({ region: 'eu-west-1' }), 'release@shop.example');
    await send('ana@shop.example', { subject: 'S', text: 'T', html: '<p>H</p>' });
    expect(ses.commandCalls(SendEmailCommand)[0]?.args[0].input).toMatchObject({
      FromEmailAddress: 'release@shop.example',
      Destination: { ToAddresses: ['ana@shop.example'] },
      Content: { Simple: { Subject: { Data: 'S' }, Body: { Text: { Data: 'T' }, Html: { Data: '<p>H</p>' } } } },
      ConfigurationOverrides: { Tracking: { ClickTrackingEnabled: 'DISABLED', OpenTrackingEnabled: 'DISABLED' } },
    });
  });
});
