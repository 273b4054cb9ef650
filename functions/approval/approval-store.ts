import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { parseStored } from '../platform/boundary.ts';
import { ReleaseError } from '../platform/errors.ts';
import { approvalKeys, type ItemKey } from '../platform/keys.ts';
import { queryItems } from '../platform/query-store.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import {
  attendedGate,
  type GateItem,
  type GateStage,
  gateItem,
  type RequestItem,
  requestItem,
  type TokenItem,
  tokenItem,
} from './items.ts';

/** Names one gate. */
export interface GateRef {
  readonly promotionId: string;
  readonly stage: GateStage;
  readonly round: number;
}

/**
 * The approvals table. Reads are consistent, since each is followed by a decision. Decisions are written by the ledger,
 * together with their entry (see ApprovalWrites); what is no decision, such as a token or a sent mark, by `carryOut`.
 */
export class ApprovalStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  gate({ promotionId, stage, round }: GateRef): Promise<GateItem | null> {
    return this.#get(approvalKeys.gate(promotionId, stage, round), gateItem);
  }

  /** All gates of a promotion or change, oldest first. */
  async gates(promotionId: string): Promise<readonly GateItem[]> {
    const { pk } = approvalKeys.gate(promotionId, '', 0);
    const gates: GateItem[] = [];
    const items = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      // Tokens lie in the same partition, and whoever reads gates has no use for them.
      FilterExpression: 'attribute_not_exists(#token)',
      ExpressionAttributeNames: { '#token': 'token' },
      ExpressionAttributeValues: { ':pk': pk },
    });
    for await (const item of items) gates.push(parseStored(gateItem, item, `Gate ${item['pk']} ${item['sk']}`));
    return gates.sort((a, b) => a.openedSeq - b.openedSeq);
  }

  token({ promotionId, stage, round }: GateRef): Promise<TokenItem | null> {
    return this.#get(approvalKeys.token(promotionId, stage, round), tokenItem);
  }

  /** Gates of which people are still to be reminded, or to be told the end. */
  async attended(): Promise<readonly GateRef[]> {
    const refs: GateRef[] = [];
    const items = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': approvalKeys.attended('', '', 0).pk },
    });
    for await (const item of items) refs.push(parseStored(attendedGate, item, `Attended gate ${item['sk']}`));
    return refs;
  }

  request(requestId: string): Promise<RequestItem | null> {
    return this.#get(approvalKeys.request(requestId), requestItem);
  }

  /**
   * Carries out writes that record no decision, all or none of them.
   * @throws ReleaseError CONDITION_FAILED when a condition does not hold
   */
  async carryOut(writes: readonly TransactWrite[]): Promise<void> {
    try {
      await this.#client.send(new TransactWriteCommand({ TransactItems: [...writes] }));
    } catch (cause) {
      if (!isConditionFailed(cause)) throw cause;
      throw new ReleaseError('CONDITION_FAILED', 'A condition does not hold; nothing was written.', { cause });
    }
  }

  async #get<T>(key: ItemKey, schema: z.ZodType<T>): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(schema, Item, `Approval item ${key.sk}`);
  }
}

function isConditionFailed(cause: unknown): boolean {
  if (!(cause instanceof Error) || !('CancellationReasons' in cause)) return false;
  const reasons = cause.CancellationReasons;
  return (
    Array.isArray(reasons) && reasons.some((reason: { Code?: string }) => reason.Code === 'ConditionalCheckFailed')
  );
}
