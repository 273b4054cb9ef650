import { Router, type Served } from '../inference/routing/router.ts';
import type { Unit } from '../inference/routing/unit.ts';
import type { RecordedDocument } from '../pointer/document-record.ts';
import type { ADOPTED } from './adoption.ts';
import type { DocumentOut } from './release-history.ts';
import type { RunFacts } from './run-facts.ts';

/** What is known of a unit. An empty text, or no segments, says that its requests had none; an absent member is not known. */
export type AskedUnit = { readonly [member in keyof Unit]?: Unit[member] | undefined };
export type UnitMember = keyof Unit;

/** By what a unit was served at an instant, and from when on it was served like that. */
export interface UnitRelease extends Served, RunFacts {
  /** As far back as can be told by what is known of the unit. */
  readonly since: string;
  readonly revision: number | null;
  readonly ledgerPosition: number;
  readonly label?: typeof ADOPTED;
  /** What would have to be known to tell whether `since` is earlier. */
  readonly needs?: readonly UnitMember[];
}

export type UnitAnswer =
  | { readonly kind: 'told'; readonly release: UnitRelease }
  /** Nothing was live yet. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'needs'; readonly needs: readonly UnitMember[]; readonly candidate: string }
  /** A canary served some units, by a document that the ledger does not hold. */
  | { readonly kind: 'no-document'; readonly ledgerPosition: number };

type Told = Served & RunFacts & { readonly label?: typeof ADOPTED };
type Found =
  | { readonly kind: 'found'; readonly told: Told }
  | Exclude<UnitAnswer, { readonly kind: 'told' | 'nothing' }>;

/**
 * Routes a unit as it was routed at an instant, by the document that was live then and by the router that inference uses, so
 * that it agrees with the prediction log once inference had read that document.
 * @param documents in order
 */
export function unitAnswer(documents: readonly DocumentOut[], asked: AskedUnit, atMs: number): UnitAnswer {
  const pieces = piecesOf(documents, atMs);
  const last = pieces.at(-1);
  if (last === undefined) return { kind: 'nothing' };
  const now = answerIn(last, asked);
  if (now.kind !== 'found') return now;
  let first = last;
  let needs: readonly UnitMember[] = [];
  for (const piece of pieces.slice(0, -1).toReversed()) {
    const before = answerIn(piece, asked);
    if (before.kind === 'needs') needs = before.needs;
    if (before.kind !== 'found' || !isSame(before.told, now.told)) break;
    first = piece;
  }
  const release: UnitRelease = {
    ...now.told,
    since: new Date(first.fromMs).toISOString(),
    revision: last.out.revision,
    ledgerPosition: first.out.ledgerPosition,
    ...(needs.length === 0 ? {} : { needs }),
  };
  return { kind: 'told', release };
}

/** A time within which nothing changes for any unit: of a document, before or after the bound of its canary. */
interface Piece {
  readonly out: DocumentOut;
  readonly fromMs: number;
}

function piecesOf(documents: readonly DocumentOut[], atMs: number): readonly Piece[] {
  return documents.flatMap((out, index) => {
    const fromMs = Date.parse(out.since);
    const next = documents[index + 1];
    const endMs = next === undefined ? Number.POSITIVE_INFINITY : Date.parse(next.since);
    const boundMs = Date.parse(out.canaryUntil);
    const starts = boundMs > fromMs && boundMs < endMs ? [fromMs, boundMs] : [fromMs];
    return fromMs < endMs ? starts.filter((start) => start <= atMs).map((start) => ({ out, fromMs: start })) : [];
  });
}

function answerIn({ out, fromMs }: Piece, asked: AskedUnit): Found {
  const { document, release, run, canaryUntil, ledgerPosition } = out;
  const hasCanary = fromMs < Date.parse(canaryUntil);
  if (document === null) {
    return hasCanary ? { kind: 'no-document', ledgerPosition } : { kind: 'found', told: toldOf(release) };
  }
  const needs = neededBy(document, hasCanary).filter((member) => asked[member] === undefined);
  if (needs.length > 0) return { kind: 'needs', needs, candidate: hasCanary ? document.canaryVersion : '' };
  const { sku = '', store = '', region = '', category = '', segments = [] } = asked;
  const { version, arm } = new Router(document).route({ sku, store, region, category, segments }, fromMs);
  if (arm === 'canary') return { kind: 'found', told: { version, arm, ...run } };
  if (version === release.version && arm === release.arm) return { kind: 'found', told: toldOf(release) };
  return { kind: 'found', told: { version, arm, ...run, why: document.reason } };
}

function toldOf(release: DocumentOut['release']): Told {
  const { since: _, ledgerPosition: __, ...told } = release;
  return told;
}

function isSame(a: Told, b: Told): boolean {
  return a.version === b.version && a.arm === b.arm && a.promotionId === b.promotionId;
}

const MEMBERS: readonly UnitMember[] = ['sku', 'store', 'region', 'category', 'segments'];

/** What has to be known of a unit to route it. */
function neededBy(document: RecordedDocument, hasCanary: boolean): readonly UnitMember[] {
  const { fallback, fallbackSegments, productionVersion } = document;
  const killed = fallback !== '';
  if (killed && fallbackSegments.length === 0 && productionVersion !== '') return [];
  const needed = new Set(killed ? fallbackSegments.map(memberOf) : []);
  if (hasCanary) {
    if (document.unit !== 'store') needed.add('sku');
    if (document.unit !== 'sku') needed.add('store');
    if (document.canarySkus.length > 0) needed.add('sku');
    if (document.canaryStores.length > 0) needed.add('store');
    if (document.canaryRegions.length > 0) needed.add('region');
    if (document.canaryCategories.length > 0) needed.add('category');
    for (const segment of document.excludedSegments) needed.add(memberOf(segment));
  }
  return MEMBERS.filter((member) => needed.has(member));
}

function memberOf(segment: string): UnitMember {
  const kind = segment.split(':', 1)[0];
  return MEMBERS.find((member) => member === kind && member !== 'segments') ?? 'segments';
}
