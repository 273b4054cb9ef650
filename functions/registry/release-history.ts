import * as z from 'zod';
import type { EntryBody } from '../ledger/entry.ts';
import { parseStored } from '../platform/boundary.ts';
import { approver } from '../platform/people.ts';
import { ADOPTED } from './adoption.ts';
import { type StoredObject, storedObject } from './items.ts';

/** One person's approval, as the ledger has it. */
export interface RecordedApproval {
  readonly stage: string;
  readonly approver: z.infer<typeof approver>;
  readonly justification: string;
  readonly at: string;
  readonly ledgerPosition: number;
}

/** What was in production from a moment on, until the next release. What a canary served beside it is in the prediction log. */
export interface Release {
  /** The version that serves; where the safe forecast does, its name. */
  readonly version: string;
  readonly arm: 'production' | 'fallback';
  readonly since: string;
  /** The run that first let it out. After a rollback: that of the version that was gone back to. */
  readonly promotionId: string;
  readonly why: string;
  readonly approvals: readonly RecordedApproval[];
  /** The signed manifest; null for a safe forecast. */
  readonly manifest: StoredObject | null;
  /** Position of the entry by which it began to serve. */
  readonly ledgerPosition: number;
  /** Present on a version that no gate judged: it was taken over with its model. */
  readonly label?: typeof ADOPTED;
}

const runId = z.object({ promotionId: z.string() });
const asked = runId.extend({ change: z.object({ reason: z.string() }) });
const signed = runId.extend({ manifest: storedObject });
const decided = runId.extend({
  stage: z.string(),
  round: z.int(),
  approver,
  decision: z.enum(['approve', 'reject']),
  justification: z.string(),
  gateStatus: z.string(),
});
const moved = runId.extend({
  kind: z.enum(['onboard', 'adopt', 'shadow', 'canary', 'promote']).optional(),
  productionVersion: z.string(),
  fallback: z.string(),
});
const requestedBy = z.union([z.string(), z.object({ name: z.string(), email: z.string().optional() })]);
const rolledBack = z.object({
  cause: z.string(),
  from: z.string(),
  to: z.string(),
  requestedBy,
  detail: z.string().optional(),
});

/** What is known of a run before it moves the pointer. */
interface RunFacts {
  readonly why: string;
  readonly manifest: StoredObject | null;
  readonly approvals: readonly (RecordedApproval & { readonly gate: string })[];
  /** Gates that a quorum closed. */
  readonly approvedGates: ReadonlySet<string>;
}

const NO_FACTS: RunFacts = { why: '', manifest: null, approvals: [], approvedGates: new Set() };

/**
 * The releases of one model, built up from its ledger: give it every entry in order. Which version ran at a moment is
 * what the newest entry up to then says; the entries' own order decides, for clocks of different machines differ.
 */
export class ReleaseHistory {
  readonly #runs = new Map<string, RunFacts>();
  readonly #releases: Release[] = [];
  /** Name of the safe forecast that last served. */
  #safeForecast = '';

  /** In order; each serves until the next one's `since`. */
  get releases(): readonly Release[] {
    return this.#releases;
  }

  /** The release that served at an instant (UTC ISO 8601 with milliseconds); null before the first. */
  at(instant: string): Release | null {
    return this.#releases.findLast(({ since }) => since <= instant) ?? null;
  }

  /** @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type */
  add(body: EntryBody): void {
    if (body.type === 'change-requested' || body.type === 'candidate-registered') {
      const { promotionId, change } = dataOf(asked, body);
      this.#note(promotionId, { why: change.reason });
    } else if (body.type === 'manifest-signed') {
      const { promotionId, manifest } = dataOf(signed, body);
      this.#note(promotionId, { manifest });
    } else if (body.type === 'approval-decided') this.#decision(body);
    else if (body.type === 'pointer-moved') this.#move(body);
    else if (body.type === 'rolled-back') this.#return(body);
  }

  #note(promotionId: string, facts: Partial<RunFacts>): void {
    this.#runs.set(promotionId, { ...this.#facts(promotionId), ...facts });
  }

  #facts(promotionId: string): RunFacts {
    return this.#runs.get(promotionId) ?? NO_FACTS;
  }

  #decision(body: EntryBody): void {
    const { promotionId, stage, round, decision, gateStatus, ...data } = dataOf(decided, body);
    if (decision !== 'approve') return;
    const gate = `${stage}#${round}`;
    const { approvals, approvedGates } = this.#facts(promotionId);
    const { approver: person, justification } = data;
    const approval = { stage, approver: person, justification, at: body.at, ledgerPosition: body.seq, gate };
    this.#note(promotionId, {
      approvals: [...approvals, approval],
      approvedGates: gateStatus === 'approved' ? new Set([...approvedGates, gate]) : approvedGates,
    });
  }

  #move(body: EntryBody): void {
    const { promotionId, productionVersion, fallback, kind } = dataOf(moved, body);
    // A candidate beside production changes neither what is in production nor who let that in.
    if (kind === 'shadow' || kind === 'canary') return;
    const { why, manifest, approvals, approvedGates } = this.#facts(promotionId);
    const counted = approvals.filter(({ gate }) => approvedGates.has(gate)).map(({ gate: _, ...approval }) => approval);
    if (fallback !== '') this.#safeForecast = fallback;
    const serving = fallback === '' ? production(productionVersion) : safe(fallback);
    const run = { promotionId, approvals: counted, manifest };
    const adopted: Pick<Release, 'why' | 'label'> = { why: `Adopted, gates not passed: ${why}`, label: ADOPTED };
    this.#begin(body, { ...serving, ...run, ...(kind === 'adopt' ? adopted : { why }) });
  }

  #return(body: EntryBody): void {
    const { from, to, cause, detail, ...data } = dataOf(rolledBack, body);
    const by = typeof data.requestedBy === 'string' ? data.requestedBy : data.requestedBy.name;
    const serving = to === '' ? safe(this.#safeForecast) : production(to);
    const isServing = ({ version, arm }: Release) => version === serving.version && arm === serving.arm;
    // It took a candidate out; what is in production stayed, and why it is there.
    const now = this.#releases.at(-1);
    if (now !== undefined && isServing(now)) return;
    const before = this.#releases.findLast(isServing);
    this.#begin(body, {
      ...serving,
      promotionId: before?.promotionId ?? '',
      why: `Rolled back from ${from || 'the safe forecast'}: ${cause}, asked for by ${by}.${detail ? ` ${detail}` : ''}`,
      approvals: before?.approvals ?? [],
      manifest: before?.manifest ?? null,
      ...(before?.label === undefined ? {} : { label: before.label }),
    });
  }

  #begin(body: EntryBody, release: Omit<Release, 'since' | 'ledgerPosition'>): void {
    const previous = this.#releases.at(-1)?.since ?? body.at;
    const since = new Date(Math.max(Date.parse(body.at), Date.parse(previous))).toISOString();
    this.#releases.push({ ...release, since, ledgerPosition: body.seq });
  }
}

function production(version: string): Pick<Release, 'version' | 'arm'> {
  return { version, arm: 'production' };
}

function safe(forecast: string): Pick<Release, 'version' | 'arm'> {
  return { version: forecast, arm: 'fallback' };
}

function dataOf<T>(schema: z.ZodType<T>, { model, seq, type, data }: EntryBody): T {
  return parseStored(schema, data, `Data of ${type} at ${model} ${seq}`);
}
