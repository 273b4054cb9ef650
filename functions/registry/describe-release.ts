import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import { modelName, segmentName } from '../platform/ids.ts';
import { type Release, ReleaseHistory } from './release-history.ts';
import { type UnitMember, type UnitRelease, unitAnswer } from './unit-history.ts';

/** As in the requests of inference: a name is compared character by character. */
const name = z.string().max(200).regex(/\S/, 'Expected a name.');
/** Empty: the unit's requests do not say it. */
const kind = z.string().max(200);

/**
 * A question: which version served a model's unit, now or at the instant `at`. `sku` and `store` name the unit; without
 * either the answer is what was in production.
 */
export const describeQuery = z.strictObject({
  model: modelName,
  at: z.iso.datetime({ offset: true, error: 'Expected an instant such as 2026-03-01T08:00:00Z.' }).optional(),
  sku: name.optional(),
  store: name.optional(),
  region: kind.optional(),
  category: kind.optional(),
  /** Each `kind:value`, for example `tier:gold`; without the list the unit counts as one whose requests name none. */
  segments: z.array(segmentName).max(50).optional(),
});
export type DescribeQuery = z.infer<typeof describeQuery>;

export interface DescribePorts {
  readonly ledger: Pick<Ledger, 'entries'>;
}

/** Who served, since when, and why: of the unit that was asked about, or of production. */
export interface Described extends UnitRelease {
  /** Of the document that was live at the instant; null where an old entry does not say. */
  readonly revision: number | null;
}

/** Clocks of callers may run this far ahead of ours. */
const AHEAD_SECONDS = 300;

/**
 * Which version served, in which arm, since when, why, and who approved it on what evidence: from the ledger alone, however
 * long ago. It tells what the pointer said; inference follows within its poll interval, and where a version failed a
 * request the prediction log has what was served instead.
 * @throws ReleaseError INVALID_INPUT with all faults, or with what has to be known of the unit besides; NOT_FOUND for a
 * model without entries, an instant before its first release, or a canary of before the ledger held documents
 */
export async function describeRelease(ports: DescribePorts, event: unknown, now: Date): Promise<Described> {
  const query = parseQuery(event, now);
  const history = new ReleaseHistory();
  let entries = 0;
  for await (const { body } of ports.ledger.entries(query.model)) {
    history.add(body);
    entries += 1;
  }
  const found =
    query.sku === undefined && query.store === undefined ? production(history, query, now) : unit(history, query, now);
  if (found !== null) return found;
  throw refused('NOT_FOUND', [entries === 0 ? unknownModel(query) : nothingServed(query, history.releases[0])]);
}

/** Without an instant, what the newest entry says, whatever its clock. */
function instantMs({ documents }: ReleaseHistory, { at }: DescribeQuery, now: Date): number {
  return at === undefined ? Math.max(now.getTime(), Date.parse(documents.at(-1)?.since ?? '') || 0) : Date.parse(at);
}

function production(history: ReleaseHistory, query: DescribeQuery, now: Date): Described | null {
  const at = instantMs(history, query, now);
  const live = history.documents.findLast(({ since }) => Date.parse(since) <= at);
  return live === undefined ? null : { ...live.release, revision: live.revision };
}

function unit(history: ReleaseHistory, query: DescribeQuery, now: Date): Described | null {
  const { sku, store, region, category, segments } = query;
  const answer = unitAnswer(
    history.documents,
    { sku, store, region, category, segments },
    instantMs(history, query, now),
  );
  switch (answer.kind) {
    case 'told':
      return answer.release;
    case 'nothing':
      return null;
    case 'needs':
      throw refused(
        'INVALID_INPUT',
        answer.needs.map((member) => needed(member, answer.candidate)),
      );
    case 'no-document':
      throw refused('NOT_FOUND', [noDocument(answer.ledgerPosition)]);
  }
}

function needed(member: UnitMember, candidate: string): Reason {
  const what = candidate === '' ? 'Who got the safe forecast' : `Who got the canary ${candidate}`;
  const none = { sku: '', store: '', region: 'an empty text', category: 'an empty text', segments: 'an empty list' }[
    member
  ];
  return {
    code: 'NEEDED',
    path: member,
    message: `${what} depended on it.`,
    next: none === '' ? 'Name it.' : `Name it; ${none} says that the requests of the unit had none.`,
  };
}

function noDocument(ledgerPosition: number): Reason {
  return {
    code: 'NO_DOCUMENT',
    path: 'at',
    message: `A canary served some units then, by the document of entry ${ledgerPosition}, which the entry does not hold.`,
    got: String(ledgerPosition),
    next: 'The prediction log says by what each request was served. Without sku and store, the answer is what was in production.',
  };
}

function parseQuery(event: unknown, now: Date): DescribeQuery {
  const parsed = parseInput(describeQuery, event, 'Correct the field and ask again.');
  const at = z.object({ at: z.iso.datetime({ offset: true }) }).safeParse(event).data?.at;
  const future = at !== undefined && Date.parse(at) > now.getTime() + AHEAD_SECONDS * 1000 ? [inFuture(at, now)] : [];
  const reasons = [...(parsed.ok ? [] : parsed.reasons), ...future];
  if (parsed.ok && reasons.length === 0) return parsed.value;
  throw refused('INVALID_INPUT', reasons);
}

function inFuture(at: string, now: Date): Reason {
  return {
    code: 'INVALID_FIELD',
    path: 'at',
    message: 'What will serve then is not known.',
    got: at,
    allowed: `up to ${now.toISOString()}`,
    next: 'Leave `at` out to ask about now.',
  };
}

function unknownModel({ model }: DescribeQuery): Reason {
  return {
    code: 'UNKNOWN_MODEL',
    path: 'model',
    message: `The ledger has no entry of a model ${model}.`,
    got: model,
    next: 'Check the name; a model exists once it was onboarded.',
  };
}

function nothingServed({ model, at }: DescribeQuery, first: Release | undefined): Reason {
  return {
    code: 'NOTHING_SERVED',
    path: 'at',
    message: `Nothing was released for ${model} ${at === undefined ? 'yet' : `by ${at}`}.`,
    ...(at === undefined ? {} : { got: at }),
    ...(first === undefined ? {} : { allowed: `from ${first.since} on` }),
    next: first === undefined ? 'Its onboarding has not ended.' : 'Its first release is the earliest answer.',
  };
}

/** Whoever invokes a function sees an error's name and message only, so the message says all of it. */
function refused(code: 'INVALID_INPUT' | 'NOT_FOUND', reasons: readonly Reason[]): ReleaseError {
  const lines = reasons.map(({ path, message, got, allowed, next }) => {
    const limits = [got && `got ${got}`, allowed && `allowed: ${allowed}`].filter(Boolean).join(', ');
    return [`${path}: ${message}`, limits && `(${limits})`, next].filter(Boolean).join(' ');
  });
  return new ReleaseError(code, lines.join('\n'), { reasons });
}
