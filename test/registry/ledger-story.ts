import { parseRow } from '../../functions/ledger/chain.ts';
import type { Draft, EntryType } from '../../functions/ledger/entry.ts';
import type { ReadEntry } from '../../functions/ledger/ledger.ts';
import type { JsonObject } from '../../functions/platform/json.ts';
import { documentSha256, type UnsignedDocument } from '../../functions/pointer/document.ts';
import { documentData, wentOutData } from '../../functions/pointer/document-record.ts';
import { type Described, describeRelease } from '../../functions/registry/describe-release.ts';
import { chainOf, draftOf } from '../fakes/chains.ts';
import { createTestKey } from '../fakes/test-key.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

const key = createTestKey();
const MODEL = 'demand';
export const ANA = { id: 'ana', name: 'Ana Approver', email: 'ana@shop.example' };
export const objectOf = (name: string) => ({ bucket: 'evidence', key: name, versionId: '1', sha256: 'c'.repeat(64) });

/** A document that was live, and from when on. */
export interface Live {
  readonly document: UnsignedDocument;
  readonly atMs: number;
}

/** A ledger of one model, written as the product writes it, and the documents that went out, kept beside it. */
export class LedgerStory {
  readonly #drafts: Draft[] = [];
  readonly live: Live[] = [];
  #chain: ReturnType<typeof chainOf> = [];
  #revision = 0;
  #replaced: JsonObject | null = null;

  /** How much later than the deployment its entry is written. */
  readonly lagMs: number;

  constructor(lagMs = 1_500) {
    this.lagMs = lagMs;
  }

  add(type: EntryType, atMs: number, data: JsonObject): this {
    this.#drafts.push(draftOf({ model: MODEL, type, at: new Date(atMs).toISOString(), data }));
    return this;
  }

  /** Everything that comes before a candidate's exposure. */
  registered(promotionId: string, version: string, atMs: number): this {
    const evidence = { artifact: objectOf(`${version}/model`), backtest: objectOf(`${version}/backtest`) };
    return this.add('candidate-registered', atMs, {
      ...{ promotionId, version, ...evidence, history: objectOf(`${version}/history`) },
      change: { reason: `Why ${version}.` },
    })
      .add('gate-judged', atMs + 1000, this.#judged(promotionId, 'offline'))
      .add('manifest-signed', atMs + 2000, { promotionId, version, manifest: objectOf(`${version}/manifest`) });
  }

  judged(promotionId: string, stage: string, atMs: number): this {
    return this.add('gate-judged', atMs, this.#judged(promotionId, stage));
  }

  approved(promotionId: string, stage: string, atMs: number): this {
    return this.add('approval-decided', atMs, {
      ...{ promotionId, stage, round: 1, approver: ANA, decision: 'approve', gateStatus: 'approved' },
      justification: `Into ${stage}.`,
    });
  }

  /** A document goes out by a move; `recorded: false` writes the entry as it was before documents were recorded. */
  moved(
    kind: 'onboard' | 'adopt' | 'shadow' | 'canary' | 'promote',
    atMs: number,
    members: Partial<UnsignedDocument>,
    { recorded = true } = {},
  ): this {
    const { document, data } = this.#out(atMs, members, recorded);
    const { promotionId, productionVersion, canaryVersion, canaryUntil, canaryPercentage, fallback } = document;
    const what = { promotionId, kind, productionVersion, canaryVersion, canaryUntil, canaryPercentage, fallback };
    return this.add('pointer-moved', atMs + this.lagMs, { ...what, ...data, revision: document.revision });
  }

  /** A document goes out by a move that dies before it records it. */
  unrecorded(atMs: number, members: Partial<UnsignedDocument>): this {
    const { document, data } = this.#out(atMs, members, true);
    const intended = { ...documentData(document), documentSha256: data.documentSha256 };
    this.#replaced = {
      ...{ documentSha256: data.documentSha256, revision: document.revision },
      deployedAt: new Date(atMs).toISOString(),
    };
    return this.add('pointer-move-intended', atMs - 1000, { promotionId: document.promotionId, ...intended });
  }

  ended(
    stage: 'shadow' | 'canary',
    atMs: number,
    of: { readonly promotionId: string; readonly version: string },
    members: Partial<UnsignedDocument>,
  ): this {
    const { document, data } = this.#out(atMs, members, true);
    const what = { ...of, stage, ...data, hostedVersion: document.revision };
    return this.add('exposure-ended', atMs + this.lagMs, { ...what, ...this.#before() });
  }

  rolledBack(from: string, to: string, atMs: number, members: Partial<UnsignedDocument>): this {
    const { document, data } = this.#out(atMs, members, true);
    return this.add('rolled-back', atMs + this.lagMs, {
      ...{ cause: 'metric-degradation', from, to, requestedBy: { name: 'system:guard' } },
      ...data,
      ...this.#before(),
      revision: document.revision,
    });
  }

  ask(query: object = {}, now = new Date('2027-01-01T00:00:00.000Z')): Promise<Described> {
    // Signing takes most of the time: a chain that did not grow is not made anew for each question.
    if (this.#chain.length !== this.#drafts.length) this.#chain = chainOf(this.#drafts, key);
    const chain = this.#chain;
    async function* entries(): AsyncIterable<ReadEntry> {
      yield* chain.map(parseRow);
    }
    return describeRelease({ ledger: { entries } }, { model: MODEL, ...query }, now);
  }

  /** What took the place of an unrecorded document says so, once. */
  #before(): JsonObject {
    const replaced = this.#replaced;
    this.#replaced = null;
    return replaced === null ? {} : { replaced };
  }

  #judged(promotionId: string, stage: string): JsonObject {
    return {
      promotionId,
      stage,
      verdict: 'PASS',
      artifacts: { 'evaluation-report': objectOf(`${promotionId}/${stage}`) },
    };
  }

  #out(atMs: number, members: Partial<UnsignedDocument>, recorded: boolean) {
    this.#revision += 1;
    const document = unsignedDocument({ ...members, revision: this.#revision });
    this.live.push({ document, atMs });
    const digest = { documentSha256: documentSha256(MODEL, document) };
    const wentOut: JsonObject = wentOutData({ document, deployedAt: new Date(atMs).toISOString() });
    return { document, data: { ...digest, ...(recorded ? wentOut : {}) } };
  }
}
