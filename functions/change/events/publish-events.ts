import { entryOfImage, type StreamRecord } from '../../ledger/anchor-ledger.ts';
import type { LedgerRow } from '../../ledger/entry.ts';
import type { Ledger, ReadEntry } from '../../ledger/ledger.ts';
import { isReleaseError } from '../../platform/errors.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { eventOfEntry, runOfEntry } from './event-of-entry.ts';
import type { PublishEvent, ReleaseEvent } from './release-event.ts';

export interface PublishEventsPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly ledger: Pick<Ledger, 'entries'>;
  /** True when the signature of the row is by the ledger key. */
  readonly isSigned: (row: LedgerRow) => boolean;
  readonly publish: PublishEvent;
  /** Raises the alarm: nobody is told of this entry; never throws. */
  readonly unreadable: (position: { readonly model: string; readonly seq: number }, cause: unknown) => void;
}

/**
 * Tells other systems of the entries among new rows of the ledger, in order. Safe to repeat: an event has the id of its
 * entry. What is no entry of ours is told to nobody; whoever anchors the ledger rings the alarm for it. An entry that cannot
 * be read holds up none behind it.
 * @throws whatever the publisher throws: the stream sends the records again
 */
export async function publishRecords(ports: PublishEventsPorts, records: readonly StreamRecord[]): Promise<number> {
  let published = 0;
  for (const { eventName, dynamodb } of records) {
    const entry = eventName === 'INSERT' ? entryOfImage(dynamodb.NewImage) : null;
    if (entry !== null && (await publishEntry(ports, entry))) published++;
  }
  return published;
}

/** A part of a ledger, of which other systems are told again. */
export interface Again {
  readonly model: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** Tells again what was told before, or was lost, under the same ids. Answers how many events that were. */
export async function publishAgain(ports: PublishEventsPorts, { model, fromSeq, toSeq }: Again): Promise<number> {
  let published = 0;
  for await (const entry of ports.ledger.entries(model, { fromSeq })) {
    if (entry.body.seq > toSeq) break;
    if (await publishEntry(ports, entry)) published++;
  }
  return published;
}

async function publishEntry(ports: PublishEventsPorts, { row, body }: ReadEntry): Promise<boolean> {
  if (!ports.isSigned(row)) return false;
  const promotionId = runOfEntry(body);
  let event: ReleaseEvent | null;
  try {
    const run = promotionId === '' ? null : await ports.registry.run(body.model, promotionId);
    event = eventOfEntry(body, run);
  } catch (error) {
    if (!isReleaseError(error, 'CORRUPT_ITEM')) throw error;
    ports.unreadable({ model: body.model, seq: body.seq }, error);
    return false;
  }
  if (event === null) return false;
  await ports.publish(event);
  return true;
}
