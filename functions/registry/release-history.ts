import * as z from 'zod';
import type { EntryBody } from '../ledger/entry.ts';
import { type RecordedDocument, recordedDocument, replacedDocument } from '../pointer/document-record.ts';
import { MOVE_KINDS } from '../pointer/due-move.ts';
import { ADOPTED } from './adoption.ts';
import { dataOf, RunBook, type RunFacts } from './run-facts.ts';

/** What was in production from a moment on, until the next release. */
export interface Release extends RunFacts {
  /** The version that serves; where the safe forecast does, its name. */
  readonly version: string;
  readonly arm: 'production' | 'fallback';
  readonly since: string;
  /** The run that first let it out. After a rollback: that of the version that was gone back to. */
  readonly promotionId: string;
  /** Position of the entry by which it began to serve. */
  readonly ledgerPosition: number;
  /** Present on a version that no gate judged: it was taken over with its model. */
  readonly label?: typeof ADOPTED;
}

/** A document that was live from a moment on, until the next one. */
export interface DocumentOut {
  /** UTC; by the clock of AppConfig, where the entry says so. */
  readonly since: string;
  readonly ledgerPosition: number;
  /** Null where an old entry does not say. */
  readonly revision: number | null;
  /** Null in entries of before documents were recorded. */
  readonly document: RecordedDocument | null;
  /** UTC; until then a canary served some units. Empty: none did. */
  readonly canaryUntil: string;
  /** In production meanwhile. */
  readonly release: Release;
  /** The run that the document names, as it stood then. */
  readonly run: RunFacts;
}

const out = {
  documentSha256: z.string().optional(),
  deployedAt: z.iso.datetime().optional(),
  revision: z.int().optional(),
  hostedVersion: z.int().optional(),
  replaced: replacedDocument.optional(),
};
const moved = z.object({
  promotionId: z.string(),
  kind: z.enum(MOVE_KINDS).optional(),
  productionVersion: z.string(),
  fallback: z.string(),
  canaryUntil: z.string().optional(),
  ...out,
});
const ended = z.object({ promotionId: z.string(), ...out });
const requestedBy = z.union([z.string(), z.object({ name: z.string(), email: z.string().optional() })]);
const rolledBack = z.object({
  cause: z.string(),
  from: z.string(),
  to: z.string(),
  requestedBy,
  detail: z.string().optional(),
  ...out,
});

const thrown = z.object({
  level: z.enum(['canary', 'shadow', 'candidate', 'model']),
  reason: z.string(),
  requestedBy,
  promotionId: z.string().default(''),
  ...out,
});

const changed = z.object({ code: z.string().optional(), message: z.string().optional(), ...out });

type Out = z.infer<typeof ended>;

/**
 * The releases and documents of one model, built up from its ledger: give it every entry in order. Which version ran at a
 * moment is what the newest entry up to then says; the entries' own order decides, for clocks of different machines differ.
 */
export class ReleaseHistory {
  readonly #runs = new RunBook();
  readonly #releases: Release[] = [];
  readonly #documents: DocumentOut[] = [];
  /** Documents that were about to go out, by digest, until it is recorded that they did. */
  readonly #intended = new Map<string, { readonly document: RecordedDocument; readonly seq: number }>();
  /** The promotion of each version that went into production. */
  readonly #promoted = new Map<string, string>();
  /** The entry that is being added, with its document. */
  #read: { readonly body: EntryBody; readonly document: RecordedDocument | null } | null = null;
  /** Name of the safe forecast that last served. */
  #safeForecast = '';

  /** In order; each serves until the next one's `since`. */
  get releases(): readonly Release[] {
    return this.#releases;
  }

  /** In order; each is live until the next one's `since`. */
  get documents(): readonly DocumentOut[] {
    return this.#documents;
  }

  /** @throws ReleaseError CORRUPT_ITEM when an entry's data is not of its type */
  add(body: EntryBody): void {
    this.#runs.add(body);
    if (body.type === 'pointer-move-intended') this.#intend(body);
    else if (body.type === 'pointer-moved') this.#move(body);
    else if (body.type === 'exposure-ended') this.#end(body);
    else if (body.type === 'rolled-back') this.#return(body);
    else if (body.type === 'kill-switch-intended') this.#intend(body);
    else if (body.type === 'kill-switch-thrown') this.#stop(body);
    else if (body.type === 'change-noticed' || body.type === 'change-undone') this.#change(body);
  }

  /** The document of an entry; its digest is checked once, whoever asks. */
  #documentOf(body: EntryBody): RecordedDocument | null {
    if (this.#read?.body !== body) this.#read = { body, document: recordedDocument(body.model, body.data) };
    return this.#read.document;
  }

  #intend(body: EntryBody): void {
    const document = this.#documentOf(body);
    if (document !== null) this.#intended.set(String(body.data['documentSha256']), { document, seq: body.seq });
  }

  #end(body: EntryBody): void {
    const data = dataOf(ended, body);
    this.#unrecorded(data);
    this.#wentOut(body, data);
  }

  /** The document that was replaced, where whoever let it out did not come to record it. */
  #unrecorded({ replaced }: Pick<Out, 'replaced'>): void {
    const intended = replaced === undefined ? undefined : this.#intended.get(replaced.documentSha256);
    const now = this.#releases.at(-1);
    if (replaced === undefined || intended === undefined || now === undefined) return;
    this.#intended.delete(replaced.documentSha256);
    const { document, seq } = intended;
    const since = this.#instantOf(replaced.deployedAt);
    const run = this.#runs.of(document.promotionId);
    const serving = servingBy(document);
    const isNew = document.productionVersion !== '' && !serves(serving, now);
    const facts = serving.arm === 'fallback' ? { ...run, why: document.reason, approvals: [] } : run;
    if (isNew) this.#releases.push({ ...serving, ...facts, since, ledgerPosition: seq });
    const release = this.#releases.at(-1) ?? now;
    const out = { since, ledgerPosition: seq, revision: replaced.revision, document, release, run };
    this.#documents.push({ ...out, canaryUntil: canaryUntilOf(document) });
  }

  #move(body: EntryBody): void {
    const data = dataOf(moved, body);
    this.#intended.delete(data.documentSha256 ?? '');
    const { promotionId, productionVersion, fallback, kind } = data;
    // A candidate beside production changes neither what is in production nor who let that in.
    if (kind !== 'shadow' && kind !== 'canary') {
      const { why, ...facts } = kind === 'restore' ? this.#restored(body, promotionId) : this.#runs.of(promotionId);
      if (kind === 'promote') this.#promoted.set(productionVersion, promotionId);
      if (fallback !== '') this.#safeForecast = fallback;
      const serving = servingBy(this.#documentOf(body) ?? { productionVersion, fallback });
      const adopted: Pick<Release, 'why' | 'label'> = { why: `Adopted, gates not passed: ${why}`, label: ADOPTED };
      this.#begin(body, data, { ...serving, ...facts, ...(kind === 'adopt' ? adopted : { why }) });
    }
    this.#wentOut(body, data, kind === 'canary' ? data.canaryUntil : '');
  }

  #return(body: EntryBody): void {
    const data = dataOf(rolledBack, body);
    this.#unrecorded(data);
    const { from, to, cause, detail } = data;
    const by = typeof data.requestedBy === 'string' ? data.requestedBy : data.requestedBy.name;
    const told = { productionVersion: to, fallback: to === '' ? this.#safeForecast : '' };
    const serving = servingBy(this.#documentOf(body) ?? told);
    const now = this.#releases.at(-1);
    // Else it took a candidate out; what is in production stayed, and why it is there.
    if (now === undefined || !serves(serving, now)) {
      const before = this.#releases.findLast((release) => serves(serving, release));
      this.#begin(body, data, {
        ...serving,
        promotionId: before?.promotionId ?? '',
        why: `Rolled back from ${from || 'the safe forecast'}: ${cause}, asked for by ${by}.${detail ? ` ${detail}` : ''}`,
        approvals: before?.approvals ?? [],
        evidence: before?.evidence ?? [],
        manifest: before?.manifest ?? null,
        ...(before?.label === undefined ? {} : { label: before.label }),
      });
    }
    this.#wentOut(body, { ...data, promotionId: this.#releases.at(-1)?.promotionId ?? '' });
  }

  /** A document that served although nobody decided it, and what was put back in its place. */
  #change(body: EntryBody): void {
    const document = this.#documentOf(body);
    const now = this.#releases.at(-1);
    if (document === null || now === undefined) return;
    const data = dataOf(changed, body);
    const serving = servingBy(document);
    if (!serves(serving, now)) {
      const undone = body.type === 'change-undone';
      const before = this.#releases.findLast((release) => serves(serving, release));
      this.#begin(body, data, {
        ...serving,
        promotionId: before?.promotionId ?? document.promotionId,
        why: undone ? 'Put back: nobody had decided what served.' : `Decided by nobody (${data.code}): ${data.message}`,
        approvals: undone ? (before?.approvals ?? []) : [],
        evidence: before?.evidence ?? [],
        manifest: before?.manifest ?? null,
        ...(before?.label === undefined ? {} : { label: before.label }),
      });
    }
    this.#wentOut(body, { ...data, promotionId: document.promotionId });
  }

  /** What a kill switch let out; one that was renewed, or that stopped what only waited, let nothing out. */
  #stop(body: EntryBody): void {
    const data = dataOf(thrown, body);
    const document = this.#documentOf(body);
    if (data.documentSha256 === undefined) return;
    this.#intended.delete(data.documentSha256);
    this.#unrecorded(data);
    const serving = document === null ? null : servingBy(document);
    const now = this.#releases.at(-1);
    // Else some segments are served by the safe forecast, or a candidate is out: what is in production stayed.
    if (serving !== null && (now === undefined || !serves(serving, now))) {
      const by = typeof data.requestedBy === 'string' ? data.requestedBy : data.requestedBy.name;
      const why = `Kill switch thrown by ${by}: ${data.reason}`;
      const nobody = { approvals: [], evidence: [], manifest: null };
      this.#begin(body, data, { ...serving, promotionId: document?.promotionId ?? '', why, ...nobody });
    }
    this.#wentOut(body, data);
  }

  /** A version that serves again is there by its own promotion, and by the approval that left the switch. */
  #restored(body: EntryBody, promotionId: string): RunFacts {
    const document = this.#documentOf(body);
    const { why, approvals } = this.#runs.of(promotionId);
    const before = this.#releases.findLast((release) => document !== null && serves(servingBy(document), release));
    const own = before ?? this.#runs.of(this.#promoted.get(document?.productionVersion ?? '') ?? promotionId);
    const { evidence, manifest } = own;
    const both = own.promotionId === promotionId ? approvals : [...own.approvals, ...approvals];
    return { promotionId: own.promotionId, why: `Kill switch left: ${why}`, approvals: both, evidence, manifest };
  }

  #begin(body: EntryBody, data: Pick<Out, 'deployedAt'>, release: Omit<Release, 'since' | 'ledgerPosition'>): void {
    this.#releases.push({ ...release, since: this.#instantOf(data.deployedAt ?? body.at), ledgerPosition: body.seq });
  }

  #wentOut(body: EntryBody, data: Out, canaryUntil = ''): void {
    const release = this.#releases.at(-1);
    if (release === undefined) return;
    const document = this.#documentOf(body);
    this.#documents.push({
      since: this.#instantOf(data.deployedAt ?? body.at),
      ledgerPosition: body.seq,
      revision: data.revision ?? data.hostedVersion ?? null,
      document,
      canaryUntil: document === null ? canaryUntil : canaryUntilOf(document),
      release,
      run: this.#runs.of(document?.promotionId ?? data.promotionId),
    });
  }

  /** When it went out, and never before what an earlier entry let out. */
  #instantOf(instant: string): string {
    const previous = this.#documents.at(-1)?.since ?? '';
    const own = new Date(instant).toISOString();
    return own > previous ? own : previous;
  }
}

function canaryUntilOf({ canaryVersion, canaryPercentage, canaryUntil }: RecordedDocument): string {
  return canaryVersion === '' || canaryPercentage <= 0 ? '' : canaryUntil;
}

type Serving = Pick<Release, 'version' | 'arm'>;
/** As much of a document as says who is in production. Without segments, as in old entries, a fallback covers everything. */
type Standing = Pick<RecordedDocument, 'productionVersion' | 'fallback'> &
  Partial<Pick<RecordedDocument, 'fallbackSegments'>>;

/** Who serves whatever no canary and no kill switch for some segments takes. */
function servingBy({ productionVersion, fallback, fallbackSegments = [] }: Standing): Serving {
  const isSafe = productionVersion === '' || (fallback !== '' && fallbackSegments.length === 0);
  return isSafe ? { version: fallback, arm: 'fallback' } : { version: productionVersion, arm: 'production' };
}

function serves({ version, arm }: Serving, release: Serving): boolean {
  return version === release.version && arm === release.arm;
}
