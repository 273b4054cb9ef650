import type { Note } from '../change/release-note/note.ts';
import { renderReleaseNote } from '../change/release-note/promotion-note.ts';
import { loadReleaseFacts, type ReleaseFactsPorts } from '../change/release-note/release-facts.ts';
import { isReleaseError } from '../platform/errors.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { Found } from './find-request.ts';

export interface ToldNotePorts extends ReleaseFactsPorts {
  readonly approvals: Pick<ApprovalStore, 'gates'>;
}

/**
 * The release note that the teams get once the promotion is let into production, of the same facts. Null for every other
 * question, and where a report is missing or is not the one that was recorded: the page says so beside the evidence.
 */
export async function loadToldNote(ports: ToldNotePorts, { run, gate }: Found): Promise<Note | null> {
  if (run.kind !== 'promotion' || gate.stage !== 'production') return null;
  const gates = await ports.approvals.gates(run.promotionId);
  const approvals = gates
    .flatMap(({ stage, decisions }) =>
      decisions.map(({ approver: { name, email }, ...decision }) => ({ stage, name, email, ...decision })),
    )
    .toSorted((a, b) => a.seq - b.seq);
  try {
    return renderReleaseNote(await loadReleaseFacts(ports, run, approvals));
  } catch (error) {
    const known = (['DIGEST_MISMATCH', 'NOT_FOUND', 'CORRUPT_ITEM'] as const).some((code) =>
      isReleaseError(error, code),
    );
    if (known) return null;
    throw error;
  }
}
