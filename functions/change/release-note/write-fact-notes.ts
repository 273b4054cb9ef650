import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isReleaseError, ReleaseError } from '../../platform/errors.ts';
import { evidencePaths } from '../../platform/keys.ts';
import { systemActor } from '../../platform/people.ts';
import type { RegistryStore } from '../../registry/registry-store.ts';
import { dataOf } from '../../registry/run-facts.ts';
import type { EventName } from '../events/release-event.ts';
import { type KeepNotePorts, keepNote } from './keep-note.ts';
import type { Note } from './note.ts';
import type { NotedFactWrites } from './noted-fact-store.ts';
import { loadGateReports, type NotedApproval, promotionOf, type ReleaseFactsPorts } from './release-facts.ts';
import { renderRollbackNote } from './rollback-note.ts';
import { renderSettingsNote } from './settings-note.ts';
import { decisionOf } from './write-promotion-note.ts';

export interface FactNotePorts extends KeepNotePorts {
  readonly registry: Pick<RegistryStore, 'run' | 'version' | 'model' | 'killSwitch'>;
  readonly writes: Pick<NotedFactWrites, 'newNotedFact'>;
  readonly ledger: Pick<Ledger, 'append' | 'entries'>;
  readonly evidence: KeepNotePorts['evidence'] & ReleaseFactsPorts['evidence'];
}

/** Facts that have a note of their own, and the event that tells of each. */
const ABOUT = {
  'rolled-back': 'rolled-back',
  'model-changed': 'settings-changed',
  'model-onboarded': 'model-onboarded',
} as const satisfies Partial<Record<EntryBody['type'], EventName>>;

type Fact = EntryBody & { readonly type: keyof typeof ABOUT };

interface Book {
  readonly facts: readonly Fact[];
  readonly approvals: ReadonlyMap<string, readonly NotedApproval[]>;
}

/**
 * Writes and records the notes of a model that are missing: of its rollbacks and changes of settings. Whoever calls it later
 * finds what an earlier call left. Safe to repeat, and at once. One note that cannot be written keeps no other from it.
 * @returns how many were written
 * @throws the first failure, after all were tried
 */
export async function writeFactNotes(ports: FactNotePorts, model: string, at: string): Promise<number> {
  const book = await bookOf(ports, model);
  const written = await Promise.allSettled(book.facts.map((fact) => writeFactNote(ports, fact, { book, at })));
  const failed = written.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return written.length;
}

const noted = z.object({ fact: z.number() });

/** The facts without a note, and who approved what. */
async function bookOf({ ledger }: FactNotePorts, model: string): Promise<Book> {
  const facts = new Map<number, Fact>();
  const approvals = new Map<string, readonly NotedApproval[]>();
  for await (const { body } of ledger.entries(model)) {
    if (isFact(body)) facts.set(body.seq, body);
    const done = body.type === 'release-noted' ? noted.safeParse(body.data) : null;
    if (done?.success) facts.delete(done.data.fact);
    const decision = decisionOf(body);
    if (decision === null) continue;
    const { promotionId, approval } = decision;
    approvals.set(promotionId, [...(approvals.get(promotionId) ?? []), approval]);
  }
  return { facts: [...facts.values()], approvals };
}

function isFact(body: EntryBody): body is Fact {
  return body.type in ABOUT;
}

async function writeFactNote(
  ports: FactNotePorts,
  fact: Fact,
  { book, at }: { readonly book: Book; readonly at: string },
): Promise<void> {
  const { rendered, key, about } = await noteOf(ports, fact, book);
  const { note, page } = await keepNote(ports, rendered, { key, at });
  const { model, seq } = fact;
  const data = { fact: seq, about: ABOUT[fact.type], ...about, note: { ...note }, page: { ...page } };
  try {
    await ports.ledger.append({ model, type: 'release-noted', at, actor: systemActor('release-note'), data }, [
      ports.writes.newNotedFact(model, seq, { note: note.key, at }),
    ]);
  } catch (error) {
    // Another call of this was first.
    if (!isReleaseError(error, 'CONDITION_FAILED')) throw error;
  }
}

interface Written {
  readonly rendered: Note;
  readonly key: (extension: 'md' | 'html') => string;
  readonly about: { readonly promotionId?: string; readonly version?: string };
}

function noteOf(ports: FactNotePorts, fact: Fact, book: Book): Promise<Written> {
  return fact.type === 'rolled-back' ? rollbackNoteOf(ports, fact, book) : settingsNoteOf(ports, fact, book);
}

const rolledBack = z.object({
  ...{ from: z.string(), to: z.string(), cause: z.string(), seconds: z.number().default(0) },
  requestedBy: z.union([z.string(), z.object({ name: z.string() })]),
  ...{ detail: z.string().default(''), deployedAt: z.string().optional(), documentSha256: z.string().default('') },
  deploymentNumber: z.number().nullish(),
});

async function rollbackNoteOf(ports: FactNotePorts, fact: Fact, { approvals }: Book): Promise<Written> {
  const { model, seq } = fact;
  const { deployedAt = fact.at, deploymentNumber = null, requestedBy, ...data } = dataOf(rolledBack, fact);
  const [item, killSwitch, fromRun, toRun] = await Promise.all([
    ports.registry.model(model),
    ports.registry.killSwitch(model),
    promotionOf(ports.registry, model, data.from),
    promotionOf(ports.registry, model, data.to),
  ]);
  if (item === null) throw new ReleaseError('NOT_FOUND', `There is no model ${model}.`);
  const compared = fromRun !== null && fromRun.baseline === data.to ? fromRun : null;
  const reports = compared === null ? null : await reportsAsFarAsThereAre(ports, compared);
  const rendered = renderRollbackNote({
    ...{ model, ledgerPosition: seq, since: deployedAt, ...data, deploymentNumber, fromRun, toRun, reports },
    requestedBy: typeof requestedBy === 'string' ? requestedBy : requestedBy.name,
    owner: item.owner,
    killSwitch,
    approvals: approvals.get(toRun?.promotionId ?? '') ?? [],
  });
  const key = (extension: 'md' | 'html') => evidencePaths.rollbackNote(model, seq, extension);
  return { rendered, key, about: { version: data.from } };
}

/** A candidate that was taken out half-way has not been through all gates. */
async function reportsAsFarAsThereAre(ports: FactNotePorts, run: Parameters<typeof loadGateReports>[1]) {
  try {
    return await loadGateReports(ports.evidence, run);
  } catch (error) {
    if (isReleaseError(error, 'NOT_FOUND')) return null;
    throw error;
  }
}

async function settingsNoteOf(ports: FactNotePorts, fact: Fact, { approvals }: Book): Promise<Written> {
  const { model, seq, at } = fact;
  const { promotionId } = dataOf(z.object({ promotionId: z.string() }), fact);
  const run = await ports.registry.run(model, promotionId);
  if (run === null || run.kind === 'promotion') {
    throw new ReleaseError('NOT_FOUND', `There is no onboarding or change ${promotionId}.`);
  }
  const rendered = renderSettingsNote({ run, at, ledgerPosition: seq, approvals: approvals.get(promotionId) ?? [] });
  const key = (extension: 'md' | 'html') => evidencePaths.releaseNote(promotionId, extension);
  return { rendered, key, about: { promotionId } };
}
