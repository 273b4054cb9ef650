import * as z from 'zod';
import type { EntryBody } from '../../ledger/entry.ts';
import type { JsonObject } from '../../platform/json.ts';
import { type RecordedDocument, recordedDocument } from '../document-record.ts';
import { EVENTS_OF, type Finding } from './finding.ts';

/** A document that went out by a recorded act. */
export interface AcceptedDeployment {
  readonly deploymentNumber: number;
  readonly documentSha256: string;
  /** The hosted version; null in entries of before it was recorded. */
  readonly revision: number | null;
  readonly document: RecordedDocument | null;
  readonly ledgerSeq: number;
}

/** A decision to let a document out, of which nothing yet says that it went. */
export interface PendingMove {
  readonly documentSha256: string;
  readonly at: string;
  /** Whether a kill switch is to let it out: such a document lets nothing forecast that did not. */
  readonly stops: boolean;
  /** The run that moves; null for a kill switch of the model. */
  readonly promotionId: string | null;
}

/** What people decided about a model, as its newest entry has it. */
export type AcceptedSettings = z.infer<typeof settings>;

const out = z.looseObject({
  deploymentNumber: z.int(),
  documentSha256: z.string(),
  revision: z.int().optional(),
  hostedVersion: z.int().optional(),
});
const ofRun = z.looseObject({ promotionId: z.string() });
const intended = z.looseObject({ documentSha256: z.string(), promotionId: z.string().optional() });
const settings = z.looseObject({
  policyVersion: z.int(),
  policyDigest: z.string(),
  owner: z.json(),
  approvers: z.json(),
  downstream: z.json(),
});
const event = z.looseObject({
  eventName: z.string(),
  principalArn: z.string(),
  eventDeployment: z.int().optional(),
  eventVersion: z.int().optional(),
});
const rollback = z.looseObject({ executionName: z.string() });

/** Acts by which a document goes out in a model's own environment. */
const OUT_TYPES: ReadonlySet<string> = new Set([
  'pointer-moved',
  'exposure-ended',
  'rolled-back',
  'kill-switch-thrown',
  'change-undone',
]);
const INTENT_TYPES: ReadonlySet<string> = new Set(['pointer-move-intended', 'kill-switch-intended']);
/** Acts after which no document goes out that was intended for the run before: it has its document, or needs none. */
const SETTLING_TYPES: ReadonlySet<string> = new Set(['pointer-moved', 'promotion-ended', 'change-ended']);

/** What the ledger of one chain accepts, built up entry by entry: give it every entry in order. */
export class AcceptedBook {
  readonly #deployments = new Map<number, AcceptedDeployment>();
  readonly #pending = new Map<string, PendingMove>();
  readonly #wentOut = new Set<string>();
  readonly #rollbacks = new Map<string, { readonly at: string; readonly recorded: boolean }>();
  readonly #events: z.infer<typeof event>[] = [];
  #last: AcceptedDeployment | null = null;
  #settings: AcceptedSettings | null = null;
  #seq = 0;

  /** Position of the newest entry that it has. */
  get seq(): number {
    return this.#seq;
  }

  /** What should serve. */
  get last(): AcceptedDeployment | null {
    return this.#last;
  }

  get settings(): AcceptedSettings | null {
    return this.#settings;
  }

  get pending(): readonly PendingMove[] {
    return [...this.#pending.values()];
  }

  add(body: EntryBody): void {
    this.#seq = body.seq;
    const { type, data } = body;
    if (OUT_TYPES.has(type)) this.#out(body);
    if (INTENT_TYPES.has(type)) this.#intend(body);
    if (SETTLING_TYPES.has(type)) this.#settle(body);
    if (type === 'model-onboarded' || type === 'model-changed') this.#settings = settings.safeParse(data).data ?? null;
    if (type === 'change-noticed') this.#events.push(...found(event, data));
    if (type === 'rollback-intended') this.#rollback(body, false);
    if (type === 'rolled-back') this.#rollback(body, true);
  }

  /** How a deployment is recorded; null when it is not. */
  at(deploymentNumber: number): AcceptedDeployment | null {
    return this.#deployments.get(deploymentNumber) ?? null;
  }

  /** The decision that lets the document out and was not carried out before; null when there is none. */
  pendingOf(documentSha256: string): PendingMove | null {
    return this.#pending.get(documentSha256) ?? null;
  }

  isRecordedRollback(executionName: string): boolean {
    return this.#rollbacks.get(executionName)?.recorded === true;
  }

  /** When the newest rollback was intended of which nothing says that it is over; null when there is none. */
  get openRollbackSince(): string | null {
    return [...this.#rollbacks.values()].findLast(({ recorded }) => !recorded)?.at ?? null;
  }

  /** Who caused a finding, as far as an event in this chain tells. */
  principalOf({ code, deploymentNumber, hostedVersion }: Finding): string | null {
    const names = EVENTS_OF[code] ?? [];
    const fitting = this.#events.findLast(
      ({ eventName, eventDeployment, eventVersion }) =>
        names.includes(eventName) &&
        (eventDeployment === undefined || eventDeployment === deploymentNumber) &&
        (eventVersion === undefined || eventVersion === hostedVersion),
    );
    return fitting?.principalArn ?? null;
  }

  #out({ model, seq, data }: EntryBody): void {
    for (const { deploymentNumber, documentSha256, revision, hostedVersion } of found(out, data)) {
      const document = recordedDocument(model, data);
      const at = revision ?? hostedVersion ?? null;
      this.#last = { deploymentNumber, documentSha256, revision: at, document, ledgerSeq: seq };
      this.#deployments.set(deploymentNumber, this.#last);
      this.#pending.delete(documentSha256);
      this.#wentOut.add(documentSha256);
    }
  }

  #intend({ at, type, data }: EntryBody): void {
    for (const { documentSha256, promotionId = null } of found(intended, data)) {
      if (this.#wentOut.has(documentSha256)) continue;
      this.#pending.set(documentSha256, { documentSha256, at, stops: type === 'kill-switch-intended', promotionId });
    }
  }

  /** A step that was tried again has left an intent for each document that it made. */
  #settle({ data }: EntryBody): void {
    for (const { promotionId } of found(ofRun, data)) {
      for (const one of this.pending) {
        if (one.promotionId === promotionId && !one.stops) this.#pending.delete(one.documentSha256);
      }
    }
  }

  #rollback({ at, data }: EntryBody, recorded: boolean): void {
    for (const { executionName } of found(rollback, data)) this.#rollbacks.set(executionName, { at, recorded });
  }
}

function found<T>(schema: z.ZodType<T>, data: JsonObject): readonly T[] {
  const parsed = schema.safeParse(data);
  return parsed.success ? [parsed.data] : [];
}
