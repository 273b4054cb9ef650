import { DynamoDBClient, TransactionCanceledException, TransactionInProgressException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { DynamoLedger } from '../../functions/ledger/ledger-store.ts';
import { verifySignature } from '../../functions/platform/signing.ts';
import type { TransactWrite } from '../../functions/platform/transaction.ts';
import { chainOfLength, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';

const key = createTestKey();
const [first, second] = chainOfLength(2, key);
const client = mockClient(DynamoDBDocumentClient);
const document = DynamoDBDocumentClient.from(new DynamoDBClient({}));
let pauses: number[];
let ledger: DynamoLedger;

beforeEach(() => {
  client.reset();
  client.on(QueryCommand).resolves({ Items: [] });
  client.on(TransactWriteCommand).resolves({});
  pauses = [];
  const sleep = async (milliseconds: number) => {
    pauses.push(milliseconds);
  };
  const contention = { attempts: 4, random: () => 0, sleep };
  ledger = new DynamoLedger({ client: document, table: 'ledger', sign: key.sign, contention });
});

const write = (sk: string): TransactWrite => ({ Put: { TableName: 'registry', Item: { pk: 'a', sk } } });

const cancelled = (...codes: readonly string[]) =>
  new TransactionCanceledException({
    message: 'cancelled',
    $metadata: {},
    CancellationReasons: codes.map((Code) =>
      Code === 'ConditionalCheckFailed' ? { Code, Item: { pk: { S: 'a' }, n: { N: '7' } } } : { Code },
    ),
  });

const sent = () => client.commandCalls(TransactWriteCommand).map(({ args }) => args[0].input.TransactItems ?? []);

describe('appending', () => {
  it('reads the newest row consistently', async () => {
    await ledger.append(draftOf());
    expect(client.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      TableName: 'ledger',
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: 1,
    });
  });

  it('puts the signed row only where none is, with the writes behind it', async () => {
    const appended = await ledger.append(draftOf(), [write('x')]);
    const [put, other] = sent()[0] ?? [];
    expect(put?.Put).toMatchObject({ TableName: 'ledger', ConditionExpression: 'attribute_not_exists(seq)' });
    expect(put?.Put?.Item).toMatchObject({ model: 'demand', ...appended });
    const { body, signature } = put?.Put?.Item ?? {};
    expect(verifySignature(key.publicKeyPem, Buffer.from(body), signature)).toBe(true);
    expect(other).toEqual(write('x'));
  });

  it.each([
    ['the position is taken', cancelled('ConditionalCheckFailed', 'None')],
    [
      'the position is taken and a write’s condition fails too',
      cancelled('ConditionalCheckFailed', 'ConditionalCheckFailed'),
    ],
    ['another transaction is in the way', cancelled('TransactionConflict', 'None')],
    ['another transaction is in the way of a write', cancelled('None', 'TransactionConflict')],
    ['the table throttles', cancelled('None', 'ThrottlingError')],
    ['the same transaction is under way', new TransactionInProgressException({ message: 'x', $metadata: {} })],
  ])('reads the head again and tries again when %s', async (_, error) => {
    client
      .on(QueryCommand)
      .resolvesOnce({ Items: [{ ...first }] })
      .resolvesOnce({ Items: [{ ...second }] });
    client.on(TransactWriteCommand).rejectsOnce(error).resolves({});
    expect(await ledger.append(draftOf(), (seq) => [write(`at-${seq}`)])).toMatchObject({ seq: 3 });
    expect(sent().map(([, other]) => other)).toEqual([write('at-2'), write('at-3')]);
    expect(pauses).toEqual([5]);
  });

  it('gives up with LEDGER_CONTENTION after its attempts, pausing longer each time', async () => {
    client.on(TransactWriteCommand).rejects(cancelled('ConditionalCheckFailed'));
    await expect(ledger.append(draftOf())).rejects.toMatchObject({ code: 'LEDGER_CONTENTION' });
    expect(sent()).toHaveLength(4);
    expect(pauses).toEqual([5, 10, 20]);
  });

  it('answers CONDITION_FAILED with the index of the write and the stored item as plain values', async () => {
    client.on(TransactWriteCommand).rejects(cancelled('None', 'None', 'ConditionalCheckFailed'));
    await expect(ledger.append(draftOf(), [write('x'), write('y')])).rejects.toMatchObject({
      code: 'CONDITION_FAILED',
      details: { index: 1, item: { pk: 'a', n: 7 } },
    });
    expect(sent()).toHaveLength(1);
  });

  it('answers CONDITION_FAILED although another transaction was in the way of the entry', async () => {
    client.on(TransactWriteCommand).rejects(cancelled('TransactionConflict', 'ConditionalCheckFailed'));
    await expect(ledger.append(draftOf(), [write('x')])).rejects.toMatchObject({ code: 'CONDITION_FAILED' });
  });

  it.each([
    ['a transaction that is invalid', cancelled('None', 'ValidationError')],
    ['a table that is missing', Object.assign(new Error('no table'), { name: 'ResourceNotFoundException' })],
  ])('hands on the failure of %s', async (_, error) => {
    client.on(TransactWriteCommand).rejects(error);
    await expect(ledger.append(draftOf())).rejects.toBe(error);
    expect(sent()).toHaveLength(1);
  });

  it('takes 99 writes and refuses the hundredth, naming the limit', async () => {
    const writes = Array.from({ length: 100 }, (_, index) => write(String(index)));
    await ledger.append(draftOf(), writes.slice(1));
    await expect(ledger.append(draftOf(), writes)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      reasons: [{ got: '100', allowed: 'at most 99 writes beside the entry' }],
    });
    expect(sent()).toHaveLength(1);
  });

  it('writes nothing when the key cannot sign', async () => {
    const sign = async () => Promise.reject(new Error('no key'));
    const unsigned = new DynamoLedger({ client: document, table: 'ledger', sign });
    await expect(unsigned.append(draftOf())).rejects.toThrow('no key');
    expect(sent()).toHaveLength(0);
  });

  it('does not continue from a head that is not what was written', async () => {
    client.on(QueryCommand).resolves({ Items: [{ ...first, body: 'x' }] });
    await expect(ledger.append(draftOf())).rejects.toMatchObject({ code: 'CORRUPT_ITEM' });
    expect(sent()).toHaveLength(0);
  });
});

describe('reading', () => {
  it('reads entries page by page, in order and consistently', async () => {
    const next = { model: 'demand', seq: 1 };
    client.on(QueryCommand).resolvesOnce({ Items: [{ ...first }], LastEvaluatedKey: next });
    client.on(QueryCommand, { ExclusiveStartKey: next }).resolves({ Items: [{ ...second }] });
    const seqs: number[] = [];
    for await (const { body } of ledger.entries('demand')) seqs.push(body.seq);
    expect(seqs).toEqual([1, 2]);
    expect(client.commandCalls(QueryCommand).every(({ args }) => args[0].input.ConsistentRead)).toBe(true);
  });

  it('answers one entry by position, and null where there is none', async () => {
    client
      .on(GetCommand)
      .resolves({})
      .on(GetCommand, { Key: { model: 'demand', seq: 2 } })
      .resolves({ Item: { ...second } });
    expect((await ledger.read('demand', 2))?.body.seq).toBe(2);
    expect(await ledger.read('demand', 3)).toBeNull();
  });
});
