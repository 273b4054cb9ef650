import type { Note } from '../change/release-note/note.ts';
import type { EvidenceStore } from '../evidence/evidence-store.ts';
import type { Html } from '../platform/html.ts';
import type { Found } from './find-request.ts';
import { type Evidence, loadEvidence, readCharts } from './gate-evidence.ts';
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
  /** The secret of the link that was opened, for links to the reports; without it there are none. */
  readonly secret?: string;
}

export interface ReviewPorts {
  readonly evidence: Pick<EvidenceStore, 'read'>;
  readonly wayBack: WayBackPorts;
  readonly toldNote: (found: Found) => Promise<Note | null>;
}

/** Reads what is shown beside what was found. A report that cannot be trusted is shown as such, not thrown. */
export async function loadReview(ports: ReviewPorts, found: Found, secret?: string): Promise<Review> {
  const [evidence, wayBack, note] = await Promise.all([
    shownEvidence(ports, found),
    loadWayBack(ports.wayBack, found.run),
    ports.toldNote(found),
  ]);
  return { ...found, evidence, wayBack, note, ...(secret === undefined ? {} : { secret }) };
}

async function shownEvidence(ports: ReviewPorts, { run }: Found): Promise<readonly ShownEvidence[]> {
  const evidence = await loadEvidence(ports.evidence, run);
  return Promise.all(evidence.map(async (one) => ({ ...one, charts: await readCharts(ports.evidence, one) })));
}
