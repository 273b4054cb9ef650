import type { FreezePeriod } from '../change/freeze.ts';
import type { Note } from '../change/release-note/note.ts';
import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Html } from '../platform/html.ts';
import type { ApprovalStore } from './approval-store.ts';
import { loadRequests } from './deciders.ts';
import { type ExpectedHolds, expectedHolds } from './expected-holds.ts';
import type { Found } from './find-request.ts';
import { type Evidence, loadEvidence, readCharts } from './gate-evidence.ts';
import type { RequestItem } from './items.ts';
import { loadWayBack, type WayBack, type WayBackPorts } from './way-back.ts';

/** What a gate found, with the charts of its report. */
export interface ShownEvidence extends Evidence {
  readonly charts: readonly Html[];
}

/** Everything that the page shows. */
export interface Review extends Found {
  readonly evidence: readonly ShownEvidence[];
  /** Null for a change without a version. */
  readonly wayBack: WayBack | null;
  /** What the teams will be told; null where nobody is asked about production. */
  readonly note: Note | null;
  /** Of everybody who is asked, as far as they were made. */
  readonly requests: readonly RequestItem[];
  readonly holds: ExpectedHolds;
  /** The secret of the link that was opened, for links to the reports; without it there are none. */
  readonly secret?: string;
}

export interface ReviewPorts {
  readonly evidence: Pick<EvidenceStore, 'read'>;
  readonly wayBack: WayBackPorts;
  readonly toldNote: (found: Found) => Promise<Note | null>;
  readonly approvals: Pick<ApprovalStore, 'request' | 'gates'>;
  /** Of all models. */
  readonly freezes: readonly FreezePeriod[];
}

/** Reads what is shown at the time `now` beside what was found. A report that cannot be trusted is shown as such, not thrown. */
export async function loadReview(ports: ReviewPorts, found: Found, now: Date, secret?: string): Promise<Review> {
  const [evidence, wayBack, note, requests, holds] = await Promise.all([
    shownEvidence(ports, found),
    loadWayBack(ports.wayBack, found.run),
    ports.toldNote(found),
    loadRequests(ports.approvals, found),
    holdsOf(ports, found, now),
  ]);
  return { ...found, evidence, wayBack, note, requests, holds, ...(secret === undefined ? {} : { secret }) };
}

async function shownEvidence(ports: ReviewPorts, { run }: Found): Promise<readonly ShownEvidence[]> {
  const evidence = await loadEvidence(ports.evidence, run);
  return Promise.all(evidence.map(async (one) => ({ ...one, charts: await readCharts(ports.evidence, one) })));
}

async function holdsOf({ approvals, freezes }: ReviewPorts, found: Found, now: Date): Promise<ExpectedHolds> {
  const { run } = found;
  // Only whether an exception stands is told by the gates of before.
  const gates = run.holdExceptions === undefined ? [] : await approvals.gates(run.promotionId);
  return expectedHolds(found, { gates, freezes }, now.toISOString());
}
