import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { parsePromotionId } from '../../platform/ids.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { systemActor } from '../../platform/people.ts';
import type { PromotionItem, StoredObject } from '../../registry/items.ts';
import type { RegistryWrites } from '../../registry/registry-writes.ts';
import { type KeepNotePorts, keepNote } from './keep-note.ts';
import type { Note } from './note.ts';
import { renderReleaseNote } from './promotion-note.ts';
import { loadReleaseFacts, type NotedApproval, type ReleaseFactsPorts } from './release-facts.ts';

export interface LoadNotePorts extends ReleaseFactsPorts {
  readonly ledger: Pick<Ledger, 'entries'>;
}

export interface PromotionNotePorts extends KeepNotePorts, Pick<ReleaseFactsPorts, 'registry'> {
  readonly writes: Pick<RegistryWrites, 'updateRun'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  readonly evidence: KeepNotePorts['evidence'] & ReleaseFactsPorts['evidence'];
}

/**
 * The note of a promotion, from its facts: before it is kept, and again for whoever is told of it.
 * @throws ReleaseError NOT_FOUND, DIGEST_MISMATCH, CORRUPT_ITEM as `loadReleaseFacts`
 */
export async function loadPromotionNote(ports: LoadNotePorts, run: PromotionItem): Promise<Note> {
  return renderReleaseNote(await loadReleaseFacts(ports, run, await approvalsOf(ports, run)));
}

const decided = z.object({
  promotionId: z.string(),
  stage: z.string(),
  approver: z.object({ name: z.string(), email: z.string() }),
  decision: z.string(),
  justification: z.string(),
});

/** The note for whoever is told of a release; null when it cannot be made, since people are to know at once all the same. */
export async function noteToTell(
  ports: LoadNotePorts,
  run: PromotionItem,
  onMissing: (error: unknown) => void,
): Promise<Note | null> {
  try {
    return await loadPromotionNote(ports, run);
  } catch (error) {
    onMissing(error);
    return null;
  }
}

/**
 * Writes and records the release note of a promotion whose pointer was moved. Safe to repeat.
 * @throws ReleaseError NOT_FOUND, INVALID_INPUT (not moved yet), DIGEST_MISMATCH
 */
export async function writePromotionNote(
  ports: PromotionNotePorts,
  promotionId: string,
  at: string,
): Promise<StoredObject> {
  const run = await movedPromotion(ports, promotionId);
  if (run.releaseNote !== undefined) return run.releaseNote;
  const key = (extension: 'md' | 'html') => evidencePaths.releaseNote(promotionId, extension);
  const { note, page } = await keepNote(ports, await loadPromotionNote(ports, run), { key, at });
  const draft = {
    model: run.model,
    type: 'release-noted' as const,
    at,
    actor: systemActor('promotion'),
    data: { promotionId, version: run.version, note: { ...note }, page: { ...page } },
  };
  const once = { expression: 'attribute_not_exists(releaseNote)', values: {} };
  try {
    await ports.ledger.append(draft, [ports.writes.updateRun(run, { releaseNote: note }, once)]);
  } catch (error) {
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
    if ((await movedPromotion(ports, promotionId)).releaseNote === undefined) throw error;
  }
  return note;
}

async function movedPromotion(ports: PromotionNotePorts, promotionId: string): Promise<PromotionItem> {
  const run = await ports.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
  if (run?.kind !== 'promotion') throw new ReleaseError('NOT_FOUND', `There is no promotion ${promotionId}.`);
  if (run.pointer !== undefined) return run;
  throw new ReleaseError('INVALID_INPUT', `${promotionId} has not moved the pointer; there is no release to note.`);
}

async function approvalsOf(
  ports: Pick<LoadNotePorts, 'ledger'>,
  run: PromotionItem,
): Promise<readonly NotedApproval[]> {
  const approvals: NotedApproval[] = [];
  for await (const { body } of ports.ledger.entries(run.model)) {
    const decision = decisionOf(body);
    if (decision?.promotionId === run.promotionId) approvals.push(decision.approval);
  }
  return approvals;
}

/** One person's decision, as its entry has it; null for every other entry. */
export function decisionOf(body: EntryBody): { readonly promotionId: string; readonly approval: NotedApproval } | null {
  const data = body.type === 'approval-decided' ? decided.safeParse(body.data) : null;
  if (!data?.success) return null;
  const { promotionId, stage, approver, decision, justification } = data.data;
  const { name, email } = approver;
  return { promotionId, approval: { stage, name, email, decision, justification, at: body.at, seq: body.seq } };
}
