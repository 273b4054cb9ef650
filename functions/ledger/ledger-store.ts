import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ReleaseError } from '../platform/errors.ts';
import type { Sign } from '../platform/signing.ts';
import type { TransactWrite } from '../platform/transaction.ts';
import { buildEntry, type Head } from './chain.ts';
import type { Draft, LedgerRow } from './entry.ts';
import type { Appended, Ledger, ReadEntry } from './ledger.ts';
import { LedgerReader } from './ledger-reader-store.ts';

/** Limit of TransactWriteItems; the entry itself takes one. */
const MAX_ACTIONS = 100;

/** How lost races are retried: `attempts` in all, pauses that double from 10 ms to 320 ms, each between half and whole. */
export interface Contention {
  readonly attempts: number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

const CONTENTION: Contention = {
  attempts: 20,
  random: Math.random,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

export interface DynamoLedgerOptions {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  /** Signs with the ledger key. */
  readonly sign: Sign;
  readonly contention?: Contention;
}

type Writes = readonly TransactWrite[] | ((seq: number) => readonly TransactWrite[]);

/** The ledger on DynamoDB: put-only rows `(model, seq)`. Two writers that read the same head cannot both put the next row. */
export class DynamoLedger implements Ledger {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #sign: Sign;
  readonly #contention: Contention;
  readonly #reader: LedgerReader;

  constructor({ client, table, sign, contention = CONTENTION }: DynamoLedgerOptions) {
    this.#client = client;
    this.#table = table;
    this.#sign = sign;
    this.#contention = contention;
    this.#reader = new LedgerReader(client, table);
  }

  async append(draft: Draft, writes: Writes = []): Promise<Appended> {
    const { attempts, random, sleep } = this.#contention;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await sleep(10 * 2 ** Math.min(attempt - 1, 5) * (0.5 + random() / 2));
      const appended = await this.#tryAppend(draft, writes);
      if (appended !== null) return appended;
    }
    throw new ReleaseError('LEDGER_CONTENTION', `${draft.model}: ${attempts} attempts to append lost their race.`);
  }

  read(model: string, seq: number): Promise<ReadEntry | null> {
    return this.#reader.read(model, seq);
  }

  entries(model: string, options: { readonly fromSeq?: number } = {}): AsyncIterable<ReadEntry> {
    return this.#reader.entries(model, options);
  }

  /** The newest entry of a model's chain; null when it has none. */
  head(model: string): Promise<ReadEntry | null> {
    return this.#reader.head(model);
  }

  /** Null when another writer was first. */
  async #tryAppend(draft: Draft, writes: Writes): Promise<Appended | null> {
    const newest = await this.head(draft.model);
    const head: Head | null = newest === null ? null : newest.row;
    const unsigned = buildEntry(draft, head);
    const row: LedgerRow = { ...unsigned, signature: await this.#sign(Buffer.from(unsigned.body, 'utf8')) };
    const others = typeof writes === 'function' ? writes(row.seq) : writes;
    try {
      await this.#client.send(
        new TransactWriteCommand({ TransactItems: withinLimit([putNew(this.#table, row), ...others]) }),
      );
      return { seq: row.seq, entryHash: row.entryHash };
    } catch (cause) {
      if (isLostRace(cause)) return null;
      throw conditionFailed(cause) ?? cause;
    }
  }
}

function putNew(table: string, row: LedgerRow): TransactWrite {
  return { Put: { TableName: table, Item: { ...row }, ConditionExpression: 'attribute_not_exists(seq)' } };
}

function withinLimit(items: TransactWrite[]): TransactWrite[] {
  if (items.length <= MAX_ACTIONS) return items;
  throw new ReleaseError('INVALID_INPUT', 'An entry and its writes do not fit into one transaction.', {
    reasons: [
      {
        code: 'INVALID_INPUT',
        path: 'writes',
        message: 'DynamoDB takes a limited number of actions per transaction.',
        got: String(items.length - 1),
        allowed: `at most ${MAX_ACTIONS - 1} writes beside the entry`,
      },
    ],
  });
}

const RACE_CODES = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'];

/**
 * True when reading the head again and trying again can succeed: our position was taken, or nothing but a clash of
 * transactions stood in the way. When the position was taken, other conditions say nothing yet: they are asked again.
 */
function isLostRace(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (cause.name === 'TransactionInProgressException') return true;
  const [own, ...others] = reasonsOf(cause);
  if (own?.Code === 'ConditionalCheckFailed') return true;
  const codes = [own, ...others].map((reason) => reason?.Code ?? 'None').filter((code) => code !== 'None');
  return codes.length > 0 && codes.every((code) => RACE_CODES.includes(code));
}

/** CONDITION_FAILED for the first of the caller's writes whose condition does not hold; null for any other failure. */
function conditionFailed(cause: unknown): ReleaseError | null {
  const reasons = reasonsOf(cause).slice(1);
  const index = reasons.findIndex((reason) => reason.Code === 'ConditionalCheckFailed');
  if (index < 0) return null;
  const item = reasons[index]?.Item;
  return new ReleaseError('CONDITION_FAILED', `The condition of write ${index} does not hold; nothing was written.`, {
    // The document client does not unmarshall what a cancelled transaction answers.
    details: { index, ...(item === undefined ? {} : { item: unmarshall(item) }) },
    cause,
  });
}

function reasonsOf(cause: unknown): readonly CancellationReason[] {
  return cause instanceof TransactionCanceledException ? (cause.CancellationReasons ?? []) : [];
}
