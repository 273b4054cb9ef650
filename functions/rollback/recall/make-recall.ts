import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import type { JsonObject } from '../../platform/json.ts';
import { predictionPaths } from '../../platform/keys.ts';
import { normalEmail, systemActor } from '../../platform/people.ts';
import type { ModelItem, StoredObject } from '../../registry/items.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { nextLook } from './look-again.ts';
import {
  type Asked,
  linkIdOf,
  NO_FORECASTS,
  type PendingRecall,
  type RecallCounts,
  type RecallItem,
  type RecallRef,
  type Unreadable,
} from './recall-item.ts';
import type { RecallListStore } from './recall-list-store.ts';
import type { RecallObjectStore } from './recall-object-store.ts';
import type { RecallStore, RecallWrites } from './recall-store.ts';
import { summaryText } from './recall-summary.ts';
import type { ServedLogStore, ServedObject } from './served-log-store.ts';

export interface MakeRecallPorts {
  readonly registry: Pick<RegistryStore, 'model'>;
  readonly recalls: Pick<RecallStore, 'recall' | 'keepLook'>;
  readonly writes: Pick<RecallWrites, 'newRecall' | 'looked'>;
  readonly ledger: Pick<Ledger, 'append'>;
  readonly log: Pick<ServedLogStore, 'servedBy' | 'servedFrom'>;
  readonly lists: Pick<RecallListStore, 'make' | 'count' | 'objectsOf'>;
  readonly objects: Pick<RecallObjectStore, 'find' | 'save' | 'putList' | 'putSummary'>;
  /** Lends an empty directory for the time of `use`. */
  readonly withDirectory: <T>(use: (directory: string) => Promise<T>) => Promise<T>;
}

/** What the look found: a list that is stored, or none. */
interface Found {
  readonly counts: RecallCounts;
  readonly unreadable: Unreadable;
  readonly list?: StoredObject;
  readonly summary?: StoredObject;
}

/**
 * Lists what a withdrawn version had handed downstream and no list of this rollback has yet, and records the recall. The
 * first look records one in any case; a later one that finds nothing new records nothing, and answers null. Predictions
 * are read alone. Safe to repeat: list and summary are written once, and recall, ledger entry and next look in one
 * transaction.
 * @throws ReleaseError NOT_FOUND without the model; LEDGER_CONTENTION; whatever S3 and the data engine throw
 */
export async function makeRecall(
  ports: MakeRecallPorts,
  pending: PendingRecall,
  now: string,
): Promise<RecallItem | null> {
  const { rolledBackAt, part } = pending;
  const found = await ports.withDirectory((directory) => look(ports, pending, directory));
  if (part > 1 && found.counts.forecasts === 0) {
    await orByTwin(ports.recalls.keepLook(ports.writes.looked(pending, nextLook(rolledBackAt, { now, part }))));
    return null;
  }
  const model = await ports.registry.model(pending.model);
  if (model === null) throw new ReleaseError('NOT_FOUND', `There is no model ${pending.model}.`);
  const recall = recallOf(pending, found, askedOf(model, pending), now);
  const draft = {
    ...{ model: pending.model, type: 'forecasts-recalled' as const, at: now, actor: systemActor('recall') },
    data: entryData(recall),
  };
  const next = nextLook(rolledBackAt, { now, part: part + 1 });
  const appended = ports.ledger.append(draft, (ledgerSeq) => [
    ...ports.writes.newRecall({ ...recall, ledgerSeq }),
    ports.writes.looked(pending, next),
  ]);
  await orByTwin(appended);
  return ports.recalls.recall(pending);
}

/** A condition that does not hold: another run of the same look was first, and recorded the same. */
async function orByTwin(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}

async function look(ports: MakeRecallPorts, pending: PendingRecall, directory: string): Promise<Found> {
  const { model, version } = pending;
  const listed = await objectsListed(ports, pending, directory);
  const own = (await ports.log.servedBy(model, version)).filter(({ key }) => !listed.has(key));
  const [first] = own.map(({ date }) => date).toSorted();
  if (first === undefined) return { counts: NO_FORECASTS, unreadable: { objects: 0, keys: [], lines: 0 } };
  const others = othersThan(own, await ports.log.servedFrom(model, first));
  const path = `${directory}/list.ndjson.gz`;
  const { forecasts, unreadable } = await ports.lists.make({ version, own, others }, { path, directory });
  if (forecasts === 0) return { counts: NO_FORECASTS, unreadable };
  const list = await storeList(ports, predictionPaths.recallList(pending), path);
  const counted = await ports.lists.count(path, { from: pending.rolledBackAt.slice(0, 10), directory });
  const summary = await ports.objects.putSummary(
    predictionPaths.recallSummary(pending),
    summaryText(pending, { list, counted, unreadable }),
  );
  return { counts: counted.counts, unreadable, list, summary };
}

function othersThan(own: readonly ServedObject[], served: readonly ServedObject[]): readonly ServedObject[] {
  const keys = new Set(own.map(({ key }) => key));
  return served.filter(({ key }) => !keys.has(key));
}

/** The log's objects that the lists of this rollback were made from. */
async function objectsListed(
  { recalls, objects, lists }: MakeRecallPorts,
  { model, executionName, part: next }: PendingRecall,
  directory: string,
): Promise<ReadonlySet<string>> {
  const paths: string[] = [];
  for (let part = 1; part < next; part += 1) {
    const before = await recalls.recall({ model, executionName, part });
    if (before?.list === undefined) continue;
    const path = `${directory}/part-${part}.ndjson.gz`;
    await objects.save(before.list, path);
    paths.push(path);
  }
  return lists.objectsOf(model, paths, directory);
}

/** Stores the list, or takes the one that an earlier run stored: what it left out, the next look finds. */
async function storeList({ objects }: MakeRecallPorts, key: string, path: string): Promise<StoredObject> {
  const stored = (await objects.putList(key, path)) ?? null;
  if (stored !== null) return stored;
  const before = await objects.find(key);
  if (before === null) throw new Error(`The object at ${key} was there, and is not.`);
  await objects.save(before, path);
  return before;
}

/** The teams downstream, each of which acknowledges; the owner is told as well, and does so where there is no team. */
function askedOf({ downstream, owner }: ModelItem, ref: RecallRef): readonly Asked[] {
  const teams = downstream.map((one) => ({ ...one, role: 'team' as const, acknowledges: true }));
  const { team, email } = owner;
  const all = [...teams, { team, email, role: 'owner' as const, acknowledges: teams.length === 0 }];
  const distinct = all.filter(
    ({ email }, index) => all.findIndex((one) => normalEmail(one.email) === normalEmail(email)) === index,
  );
  return distinct.map((one) => ({ ...one, linkId: linkIdOf(ref, one.email) }));
}

function recallOf(
  pending: PendingRecall,
  { counts, unreadable, list, summary }: Found,
  asked: readonly Asked[],
  now: string,
): Omit<RecallItem, 'ledgerSeq'> {
  const { model, executionName, part, version, to, cause, rolledBackAt } = pending;
  // What cannot be read was handed downstream all the same.
  const isOpen = counts.forecasts + unreadable.objects + unreadable.lines > 0;
  return {
    ...{ model, executionName, part, version, to, cause, rolledBackAt, recalledAt: now },
    ...(list === undefined ? {} : { list }),
    ...(summary === undefined ? {} : { summary }),
    ...{ counts, unreadable },
    ...(isOpen ? { status: 'open', asked } : { status: 'closed', closedAt: now, asked: [] }),
    ...{ answers: [], revision: 1 },
  };
}

function entryData(recall: Omit<RecallItem, 'ledgerSeq'>): JsonObject {
  const { executionName, part, version, to, cause, rolledBackAt, counts, unreadable, list, summary, asked } = recall;
  return {
    ...{ executionName, part, version, to, cause, rolledBackAt },
    ...counts,
    unreadable: { ...unreadable },
    ...(list === undefined ? {} : { list: { ...list } }),
    ...(summary === undefined ? {} : { summary: { ...summary } }),
    asked: asked.map(({ team, email, acknowledges }) => ({ team, email, acknowledges })),
    status: recall.status,
  };
}
