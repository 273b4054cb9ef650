import * as z from 'zod';
import type { EntryBody } from '../ledger/entry.ts';
import { parseStored } from '../platform/boundary.ts';
import { approver } from '../platform/people.ts';
import { type SignedIn, signedInSchema } from '../sign-in/session.ts';
import { type StoredObject, storedObject } from './items.ts';

/** One person's approval, as the ledger has it. */
export interface RecordedApproval {
  readonly stage: string;
  readonly approver: z.infer<typeof approver>;
  readonly justification: string;
  readonly at: string;
  /** Whom the issuer vouched for; absent where the personal link stood alone. */
  readonly signedIn?: SignedIn;
  readonly ledgerPosition: number;
}

/** An object that a decision rests on: handed in with the candidate (stage `registration`), or made by a judge. */
export interface RecordedEvidence extends StoredObject {
  readonly stage: string;
  readonly name: string;
}

/** What the ledger tells of a run up to some entry. */
export interface RunFacts {
  readonly promotionId: string;
  readonly why: string;
  /** Of gates that a quorum closed. */
  readonly approvals: readonly RecordedApproval[];
  readonly evidence: readonly RecordedEvidence[];
  /** The signed manifest of its version. */
  readonly manifest: StoredObject | null;
}

interface Noted {
  readonly why: string;
  readonly manifest: StoredObject | null;
  readonly evidence: readonly RecordedEvidence[];
  readonly approvals: readonly (RecordedApproval & { readonly gate: string })[];
  readonly approvedGates: ReadonlySet<string>;
}

const NOTHING: Noted = { why: '', manifest: null, evidence: [], approvals: [], approvedGates: new Set() };

const runId = z.object({ promotionId: z.string() });
const asked = runId.extend({ change: z.object({ reason: z.string() }) });
const registered = asked.extend({
  artifact: storedObject.optional(),
  backtest: storedObject.optional(),
  history: storedObject.optional(),
});
const signed = runId.extend({ manifest: storedObject });
const judged = runId.extend({ stage: z.string(), artifacts: z.record(z.string(), storedObject).default({}) });
const decided = runId.extend({
  stage: z.string(),
  round: z.int(),
  approver,
  decision: z.enum(['approve', 'reject']),
  justification: z.string(),
  signedIn: signedInSchema.exactOptional(),
  gateStatus: z.string(),
});

/** Gathers what the entries say of each run; a run's facts never change once they were answered. */
export class RunBook {
  readonly #runs = new Map<string, Noted>();

  /** @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type */
  add(body: EntryBody): void {
    if (body.type === 'change-requested') {
      const { promotionId, change } = dataOf(asked, body);
      this.#note(promotionId, { why: change.reason });
    } else if (body.type === 'candidate-registered') {
      const { promotionId, change, artifact, backtest, history } = dataOf(registered, body);
      this.#note(promotionId, { why: change.reason, evidence: handedIn({ artifact, backtest, history }) });
    } else if (body.type === 'manifest-signed') {
      const { promotionId, manifest } = dataOf(signed, body);
      this.#note(promotionId, { manifest });
    } else if (body.type === 'gate-judged') {
      const { promotionId, stage, artifacts } = dataOf(judged, body);
      const made = Object.entries(artifacts).map(([name, object]) => ({ stage, name, ...object }));
      this.#note(promotionId, { evidence: [...this.#noted(promotionId).evidence, ...made] });
    } else if (body.type === 'approval-decided') this.#decision(body);
  }

  of(promotionId: string): RunFacts {
    const { why, manifest, evidence, approvals, approvedGates } = this.#noted(promotionId);
    const counted = approvals.filter(({ gate }) => approvedGates.has(gate)).map(({ gate: _, ...approval }) => approval);
    return { promotionId, why, approvals: counted, evidence, manifest };
  }

  #note(promotionId: string, members: Partial<Noted>): void {
    this.#runs.set(promotionId, { ...this.#noted(promotionId), ...members });
  }

  #noted(promotionId: string): Noted {
    return this.#runs.get(promotionId) ?? NOTHING;
  }

  #decision(body: EntryBody): void {
    const { promotionId, stage, round, decision, gateStatus, ...data } = dataOf(decided, body);
    if (decision !== 'approve') return;
    const gate = `${stage}#${round}`;
    const { approvals, approvedGates } = this.#noted(promotionId);
    const { approver: person, ...said } = data;
    const approval = { stage, approver: person, ...said, at: body.at, ledgerPosition: body.seq, gate };
    this.#note(promotionId, {
      approvals: [...approvals, approval],
      approvedGates: gateStatus === 'approved' ? new Set([...approvedGates, gate]) : approvedGates,
    });
  }
}

function handedIn(objects: Readonly<Record<string, StoredObject | undefined>>): readonly RecordedEvidence[] {
  return Object.entries(objects).flatMap(([name, object]) =>
    object === undefined ? [] : [{ stage: 'registration', name, ...object }],
  );
}

/** @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type */
export function dataOf<T>(schema: z.ZodType<T>, { model, seq, type, data }: EntryBody): T {
  return parseStored(schema, data, `Data of ${type} at ${model} ${seq}`);
}
