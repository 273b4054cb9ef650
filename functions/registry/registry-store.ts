import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { type StandingSwitch, standingSwitch } from '../kill-switch/items.ts';
import { parseStored } from '../platform/boundary.ts';
import { type ItemKey, registryKeys } from '../platform/keys.ts';
import { queryItems } from '../platform/query-store.ts';
import type { PointerPlace } from '../pointer/appconfig-store.ts';
import {
  type InFlightItem,
  type IntentItem,
  inFlightItem,
  intentItem,
  type ModelItem,
  modelItem,
  type PolicyItem,
  policyItem,
  type RefusalItem,
  type ReturnDocumentItem,
  type Run,
  refusalItem,
  returnDocumentItem,
  runSchema,
  type VersionItem,
  versionItem,
} from './items.ts';

/** Everything that a decision to go back needs of the registry. */
export interface WaysBack {
  /** Null: no document to go back to says where the model lies in AppConfig. */
  readonly place: PointerPlace | null;
  readonly versions: readonly VersionItem[];
  readonly returnDocuments: readonly ReturnDocumentItem[];
}

/**
 * The registry table. Reads are consistent, since each is followed by a decision. Writes are only described here:
 * the ledger carries them out in one transaction with the entry that records them, so that neither exists alone.
 */
export class RegistryStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  model(model: string): Promise<ModelItem | null> {
    return this.#get(registryKeys.model(model), modelItem);
  }

  /** One version of a model's policy, as it was stored. */
  policy(model: string, policyVersion: number): Promise<PolicyItem | null> {
    return this.#get(registryKeys.policy(model, policyVersion), policyItem);
  }

  version(model: string, version: string): Promise<VersionItem | null> {
    return this.#get(registryKeys.version(model, version), versionItem);
  }

  versions(model: string): Promise<readonly VersionItem[]> {
    return this.#query(registryKeys.partition(model), registryKeys.versionPrefix, versionItem);
  }

  /** A promotion or change by id. */
  run(model: string, promotionId: string): Promise<Run | null> {
    return this.#get(registryKeys.promotion(model, promotionId), runSchema);
  }

  refusal(model: string, promotionId: string): Promise<RefusalItem | null> {
    return this.#get(registryKeys.refusal(model, promotionId), refusalItem);
  }

  /** The promotion, or the onboarding or change, of a model that runs. */
  inFlight(model: string, kind: 'promotion' | 'change' | 'restore'): Promise<InFlightItem | null> {
    return this.#get(registryKeys.inFlight(model, kind), inFlightItem);
  }

  /** The runs of all models that are in flight. */
  allInFlight(): Promise<readonly InFlightItem[]> {
    return this.#query(registryKeys.inFlightPartition, '', inFlightItem);
  }

  returnDocument(model: string, version: string): Promise<ReturnDocumentItem | null> {
    return this.#get(registryKeys.returnDocument(model, version), returnDocumentItem);
  }

  returnDocuments(model: string): Promise<readonly ReturnDocumentItem[]> {
    return this.#query(registryKeys.partition(model), registryKeys.returnPrefix, returnDocumentItem);
  }

  /** Versions and documents to go back to in one query. */
  async waysBack(model: string): Promise<WaysBack> {
    const versions: VersionItem[] = [];
    const returnDocuments: ReturnDocumentItem[] = [];
    const { from, to } = registryKeys.waysBack;
    const items = queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':pk': registryKeys.partition(model), ':from': from, ':to': to },
    });
    for await (const item of items) {
      const [sk, what] = [String(item['sk']), `Registry item ${item['pk']} ${item['sk']}`];
      if (sk.startsWith(registryKeys.versionPrefix)) versions.push(parseStored(versionItem, item, what));
      if (sk.startsWith(registryKeys.returnPrefix)) returnDocuments.push(parseStored(returnDocumentItem, item, what));
    }
    return { place: placeIn(returnDocuments), versions, returnDocuments };
  }

  /** The kill switch that stands for a model; null: none. */
  killSwitch(model: string): Promise<StandingSwitch | null> {
    return this.#get(registryKeys.killSwitch(model), standingSwitch);
  }

  intent(model: string, documentSha256: string): Promise<IntentItem | null> {
    return this.#get(registryKeys.intent(model, documentSha256), intentItem);
  }

  /** Names of all models that exist. */
  async modelNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const item of this.#pages(registryKeys.modelList, '')) names.push(String(item['sk']));
    return names;
  }

  async #get<T>(key: ItemKey, schema: z.ZodType<T>): Promise<T | null> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { ...key }, ConsistentRead: true }),
    );
    return Item === undefined ? null : parseStored(schema, Item, `Registry item ${key.pk} ${key.sk}`);
  }

  async #query<T>(pk: string, prefix: string, schema: z.ZodType<T>): Promise<readonly T[]> {
    const items: T[] = [];
    for await (const item of this.#pages(pk, prefix)) {
      items.push(parseStored(schema, item, `Registry item ${item['pk']} ${item['sk']}`));
    }
    return items;
  }

  #pages(pk: string, prefix: string): AsyncIterable<Readonly<Record<string, unknown>>> {
    return queryItems(this.#client, {
      TableName: this.#table,
      KeyConditionExpression: prefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: prefix === '' ? { ':pk': pk } : { ':pk': pk, ':prefix': prefix },
    });
  }
}

function placeIn(returnDocuments: readonly ReturnDocumentItem[]): PointerPlace | null {
  for (const { environmentId, profileId } of returnDocuments) {
    if (environmentId !== undefined && profileId !== undefined) return { environmentId, profileId };
  }
  return null;
}
