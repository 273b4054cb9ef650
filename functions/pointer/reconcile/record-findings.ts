import type { Ledger } from '../../ledger/ledger.ts';
import type { JsonObject } from '../../platform/json.ts';
import { systemActor } from '../../platform/people.ts';
import type { AcceptedBook } from './accepted.ts';
import type { Finding } from './finding.ts';
import { lookAgain, type Standing } from './look-again.ts';
import type { KeptFinding, Reconciled, ReconcileStore } from './reconcile-store.ts';

export interface RecordPorts {
  readonly store: Pick<ReconcileStore, 'keep' | 'kept'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

/** One look at a chain: what was found, what the looks before left, and what the ledger has. */
export interface Look {
  /** A model, or `stack`. */
  readonly chain: string;
  readonly now: string;
  readonly findings: readonly Finding[];
  readonly before: Reconciled;
  readonly book: Pick<AcceptedBook, 'principalOf'>;
  /** What the ledger is to say of a finding besides, such as the document that serves. */
  readonly details: (finding: Finding) => JsonObject;
}

const actor = systemActor('reconcile');

/**
 * Records each finding once it was seen twice, with who caused it as far as that is known, who it was when that is found
 * later, and that it is over. Writes nothing when nothing changed.
 * @returns what stands recorded, and what is kept for the next look
 * @throws ReleaseError CONDITION_FAILED when another look was faster: nothing is lost then
 */
export async function recordFindings(
  ports: RecordPorts,
  look: Look,
): Promise<{ readonly standing: readonly Standing[]; readonly kept: Reconciled }> {
  const { fresh, confirmed, standing, over, passed } = lookAgain(look.before.findings, look.findings, look.now);
  let kept = look.before;
  const without = ({ id }: Pick<KeptFinding, 'id'>) => kept.findings.filter((one) => one.id !== id);
  const write = async (data: JsonObject, next: (seq: number) => readonly KeptFinding[]): Promise<void> => {
    const draft = { model: look.chain, type: 'change-noticed' as const, at: look.now, actor, data };
    let after = kept;
    await ports.ledger.append(draft, (seq) => {
      after = { ...kept, revision: kept.revision + 1, findings: [...next(seq)] };
      return [ports.store.kept(look.chain, after)];
    });
    kept = after;
  };
  const recorded: Standing[] = [];
  for (const { finding, kept: first } of confirmed) {
    const principalArn = look.book.principalOf(finding);
    const data = { ...noticedData(finding), firstSeenAt: first.firstSeenAt, principalArn, ...look.details(finding) };
    await write(data, (ledgerSeq) => [...without(first), { ...first, ledgerSeq, ...known(principalArn) }]);
  }
  for (const { finding, kept: one } of standing) {
    const principalArn = one.principalArn === undefined ? look.book.principalOf(finding) : null;
    if (principalArn === null) continue;
    const data = { code: finding.code, id: finding.id, amends: one.ledgerSeq ?? 0, principalArn };
    await write(data, () => [...without(one), { ...one, principalArn }]);
  }
  for (const one of over) {
    const data = { code: one.code, id: one.id, amends: one.ledgerSeq ?? 0, over: true };
    await write(data, () => without(one));
  }
  if (fresh.length > 0 || passed.length > 0) {
    const left = kept.findings.filter((one) => !passed.includes(one));
    kept = { ...kept, revision: kept.revision + 1, findings: [...left, ...fresh] };
    await ports.store.keep(look.chain, kept);
  }
  for (const finding of look.findings) {
    const one = kept.findings.find(({ id }) => id === finding.id);
    if (one?.ledgerSeq !== undefined) recorded.push({ finding, kept: one });
  }
  return { standing: recorded, kept };
}

function known(principalArn: string | null) {
  return principalArn === null ? {} : { principalArn };
}

function noticedData(finding: Finding): JsonObject {
  const { code, id, message, got, allowed, direction, deploymentNumber, hostedVersion } = finding;
  return {
    ...{ code, id, message, got, allowed },
    ...(direction === undefined ? {} : { direction }),
    ...(deploymentNumber === undefined ? {} : { deploymentNumber }),
    ...(hostedVersion === undefined ? {} : { hostedVersion }),
  };
}
