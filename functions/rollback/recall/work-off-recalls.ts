import { normalEmail } from '../../platform/people.ts';
import type { ModelItem } from '../../registry/items.ts';
import { type AnnounceRecallPorts, announceRecall } from './announce-recall.ts';
import { type AnswerRecallPorts, releaseTeam } from './answer-recall.ts';
import { type MakeRecallPorts, makeRecall } from './make-recall.ts';
import { type Asked, type OpenRecall, type RecallItem, uriOf, waitedFor } from './recall-item.ts';
import type { RecallStore, RecallWrites } from './recall-store.ts';

export interface WorkOffPorts extends MakeRecallPorts, Omit<AnnounceRecallPorts, 'objects'> {
  readonly recalls: Pick<RecallStore, 'pending' | 'open' | 'recall' | 'keepLook'>;
  readonly writes: Pick<RecallWrites, 'newRecall' | 'looked' | 'answered'>;
  readonly objects: MakeRecallPorts['objects'] & AnnounceRecallPorts['objects'];
  readonly ledger: AnswerRecallPorts['ledger'];
  /** Told of a recall that could not be worked off. */
  readonly onFailed: (which: { readonly model: string; readonly executionName: string }, error: unknown) => void;
}

/** A list that this run made. */
export interface MadeRecall {
  readonly executionName: string;
  readonly part: number;
  readonly version: string;
  readonly forecasts: number;
  readonly replaced: number;
  readonly toCome: number;
  /** Address of the list; empty when there is none. */
  readonly list: string;
}

/**
 * Does what is due: makes lists of what withdrawn versions had handed downstream, tells who is to know, reminds, and
 * closes what nobody is asked about any more. Of one model, or of all. One recall that fails keeps no other; the first
 * failure is thrown at the end. Safe to repeat, and to run twice at once.
 */
export async function workOffRecalls(
  ports: WorkOffPorts,
  of: { readonly model?: string | undefined },
): Promise<readonly MadeRecall[]> {
  const failures: unknown[] = [];
  const each = async <T extends { readonly model: string; readonly executionName: string }>(
    items: readonly T[],
    work: (item: T) => Promise<void>,
  ) => {
    for (const item of items) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
        ports.onFailed(item, error);
      }
    }
  };
  // What is to be told already does not wait for lists that take minutes.
  await each(await ports.recalls.open(of.model), (open) => attend(ports, open));
  const now = ports.now();
  const due = (await ports.recalls.pending(of.model)).filter(({ lookAt }) => lookAt <= now);
  const made: RecallItem[] = [];
  await each(inTurn(due, now), async (pending) => {
    const recall = await makeRecall(ports, pending, ports.now());
    if (recall === null) return;
    made.push(recall);
    if (recall.status === 'open') await attend(ports, recall);
  });
  if (failures.length > 0) throw failures[0];
  return made.map(toldOf);
}

/** Whichever comes first may take all the time that a run has: each comes first now and then. */
function inTurn<T>(items: readonly T[], now: string): readonly T[] {
  const first = items.length === 0 ? 0 : Math.floor(Date.parse(now) / 300_000) % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

async function attend(ports: WorkOffPorts, open: OpenRecall): Promise<void> {
  const recall = await ports.recalls.recall(open);
  if (recall === null || recall.status === 'closed') return;
  const model = await ports.registry.model(recall.model);
  const after = model === null ? recall : await releaseGone(ports, recall, model);
  // Somebody else changed it meanwhile: the next run looks again.
  if (after === null || after.status === 'closed') return;
  await announceRecall(ports, after);
}

/** Ends the part of teams that are not downstream any more; null when somebody else was first. */
async function releaseGone(ports: WorkOffPorts, recall: RecallItem, model: ModelItem): Promise<RecallItem | null> {
  const still = new Set(model.downstream.map(({ email }) => normalEmail(email)));
  const isGone = ({ role, email }: Asked) => role === 'team' && !still.has(normalEmail(email));
  let after: RecallItem | null = recall;
  for (const asked of waitedFor(recall).filter(isGone)) {
    after = after === null ? null : await releaseTeam(ports, after, asked, ports.now());
  }
  return after;
}

function toldOf({ executionName, part, version, counts, list }: RecallItem): MadeRecall {
  const { forecasts, replaced, toCome } = counts;
  return { executionName, part, version, forecasts, replaced, toCome, list: list === undefined ? '' : uriOf(list) };
}
