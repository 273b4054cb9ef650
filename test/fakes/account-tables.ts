import * as z from 'zod';
import type { DynamoDbDatabase } from '../../infra/local/dynamodb-engine.ts';
import type { ServiceRequest, ServiceResponse } from '../../infra/local/service.ts';

/** Tables with their keys, as the stack has them. */
const KEYS: Readonly<Record<string, readonly (readonly [name: string, type: 'S' | 'N'])[]>> = {
  registry: [
    ['pk', 'S'],
    ['sk', 'S'],
  ],
  approvals: [
    ['pk', 'S'],
    ['sk', 'S'],
  ],
  ledger: [
    ['model', 'S'],
    ['seq', 'N'],
  ],
};

const item = z.record(z.string(), z.unknown());
type Item = z.infer<typeof item>;
const itemsPage = z.looseObject({ Items: z.array(item), LastEvaluatedKey: z.unknown().optional() });
const write = z.looseObject({ TableName: z.string(), Item: item.optional(), Key: item.optional() });
const action = z.looseObject({ Put: write.optional(), Update: write.optional(), Delete: write.optional() });
const writing = z.looseObject({ TransactItems: z.array(action).optional() });

interface Dirty {
  readonly table: string;
  readonly key: Item;
}

/** The three tables on AWS's own engine. Knows which items were written since they were saved, and puts those back. */
export class DynamoTables {
  readonly #engine: DynamoDbDatabase;
  /** What was written since each time that everything was saved. */
  readonly #since: Map<string, Dirty>[] = [];

  constructor(engine: DynamoDbDatabase) {
    this.#engine = engine;
  }

  async create(): Promise<void> {
    for (const [TableName, keys] of Object.entries(KEYS)) {
      await this.#call('CreateTable', {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
        KeySchema: keys.map(([AttributeName], at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      });
    }
  }

  async handle({ headers, body }: Pick<ServiceRequest, 'headers' | 'body'>): Promise<ServiceResponse> {
    const target = headers['x-amz-target'] ?? '';
    if (/\.(TransactWriteItems|PutItem|UpdateItem|DeleteItem)$/.test(target)) this.#note(body);
    const answer = await this.#engine.send(target, body);
    return { ...answer, headers: { 'content-type': 'application/x-amz-json-1.0' } };
  }

  /** Every item of a table, as DynamoDB writes it. */
  async items(table: string): Promise<readonly Item[]> {
    const found: Item[] = [];
    let start: unknown;
    do {
      const more = start === undefined ? {} : { ExclusiveStartKey: start };
      const page = itemsPage.parse(await this.#call('Scan', { TableName: table, ConsistentRead: true, ...more }));
      found.push(...page.Items);
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return found;
  }

  async save(): Promise<() => Promise<void>> {
    const kept = new Map<string, Item>();
    for (const table of Object.keys(KEYS)) {
      for (const one of await this.items(table)) kept.set(nameOf(table, one), one);
    }
    const since = new Map<string, Dirty>();
    this.#since.push(since);
    return async () => {
      const dirty = [...since];
      since.clear();
      for (let from = 0; from < dirty.length; from += 25) {
        const RequestItems: Record<string, unknown[]> = {};
        for (const [name, { table, key }] of dirty.slice(from, from + 25)) {
          const before = kept.get(name);
          const request = before === undefined ? { DeleteRequest: { Key: key } } : { PutRequest: { Item: before } };
          RequestItems[table] = [...(RequestItems[table] ?? []), request];
        }
        await this.#call('BatchWriteItem', { RequestItems });
      }
    };
  }

  #note(body: Buffer): void {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    const { TransactItems } = writing.parse(parsed);
    const writes = TransactItems?.flatMap(({ Put, Update, Delete }) => Put ?? Update ?? Delete ?? []);
    for (const { TableName: table, Item, Key } of writes ?? [write.parse(parsed)]) {
      const key = keyOf(table, Key ?? Item ?? {});
      for (const since of this.#since) since.set(nameOf(table, key), { table, key });
    }
  }

  async #call(name: string, input: object): Promise<unknown> {
    const { status, body } = await this.#engine.send(`DynamoDB_20120810.${name}`, JSON.stringify(input));
    if (status !== 200) throw new Error(`${name}: ${status} ${body}`);
    return JSON.parse(body);
  }
}

function keyOf(table: string, item: Item): Item {
  return Object.fromEntries((KEYS[table] ?? []).map(([name]) => [name, item[name]]));
}

function nameOf(table: string, item: Item): string {
  return `${table} ${JSON.stringify(keyOf(table, item))}`;
}
