import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import { registryKeys } from '../../platform/keys.ts';
import type { TransactWrite } from '../../platform/transaction.ts';
import { FINDING_CODES } from './finding.ts';

const keptFinding = z.object({
  id: z.string(),
  code: z.enum(FINDING_CODES),
  firstSeenAt: z.string(),
  /** Position of its `change-noticed` entry; absent until it was seen twice. */
  ledgerSeq: z.int().min(1).exactOptional(),
  /** Who caused it; absent while no event tells. */
  principalArn: z.string().exactOptional(),
});
export type KeptFinding = z.infer<typeof keptFinding>;

/** What is about to be deployed to undo a deployment; kept before, so that a cut in between is completed. */
const undoing = z.object({ deploymentNumber: z.int(), hostedVersion: z.int(), ledgerSeq: z.int().min(1) });
export type Undoing = z.infer<typeof undoing>;

/** What the last look at a chain left. Every writer conditions on `revision`. */
const reconciledItem = z.object({
  revision: z.int().min(0),
  findings: z.array(keptFinding),
  undoing: undoing.exactOptional(),
});
export type Reconciled = z.infer<typeof reconciledItem>;

export const NOTHING_SEEN: Reconciled = { revision: 0, findings: [] };

/** What the reconciler keeps from one look to the next. */
export class ReconcileStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Of a model, or of `stack`. */
  async last(chain: string): Promise<Reconciled> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...registryKeys.reconciled(chain) }, ConsistentRead: true }),
    );
    return Item === undefined ? NOTHING_SEEN : parseStored(reconciledItem, Item, `What was reconciled of ${chain}`);
  }

  /** @throws ReleaseError CONDITION_FAILED when another look was faster */
  async keep(chain: string, next: Reconciled): Promise<void> {
    try {
      await this.#client.send(new PutCommand(this.#put(chain, next)));
    } catch (cause) {
      if (!(cause instanceof Error) || cause.name !== 'ConditionalCheckFailedException') throw cause;
      throw new ReleaseError('CONDITION_FAILED', `Another look at ${chain} was faster.`, { cause });
    }
  }

  /** The same as part of a transaction. */
  kept(chain: string, next: Reconciled): TransactWrite {
    return { Put: this.#put(chain, next) };
  }

  /** Makes the entry of an undone deployment the only one. */
  newUndone(model: string, deploymentNumber: number, ledgerSeq: number): TransactWrite {
    const Item = { ...registryKeys.undone(model, deploymentNumber), model, deploymentNumber, ledgerSeq };
    return { Put: { TableName: this.#table, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
  }

  #put(chain: string, next: Reconciled) {
    return {
      TableName: this.#table,
      Item: { ...registryKeys.reconciled(chain), ...next },
      ConditionExpression: 'attribute_not_exists(pk) OR revision = :before',
      ExpressionAttributeValues: { ':before': next.revision - 1 },
    };
  }
}
