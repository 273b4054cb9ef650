import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { parseInput } from '../platform/boundary.ts';
import { type Reason, ReleaseError } from '../platform/errors.ts';
import { modelName } from '../platform/ids.ts';
import { type Release, ReleaseHistory } from './release-history.ts';

const name = z.string().trim().min(1).max(120);

/**
 * A question: which version was in production for a model, now or at the instant `at`. The rest names the unit that is
 * asked about; all units have the same version in production, and those that a canary served are in the prediction log.
 */
export const describeQuery = z.strictObject({
  model: modelName,
  at: z.iso.datetime({ offset: true, error: 'Expected an instant such as 2026-03-01T08:00:00Z.' }).optional(),
  sku: name.optional(),
  store: name.optional(),
  region: name.optional(),
  category: name.optional(),
  /** Each `kind:value`, for example `tier:gold`. */
  segments: z
    .array(z.string().regex(/^[^:\s][^:]*:.+$/, 'Expected kind:value.'))
    .max(50)
    .optional(),
});
export type DescribeQuery = z.infer<typeof describeQuery>;

export interface DescribePorts {
  readonly ledger: Pick<Ledger, 'entries'>;
}

/** Clocks of callers may run this far ahead of ours. */
const AHEAD_SECONDS = 300;

/**
 * Which version served, since when, why, and who approved it, from the ledger alone.
 * @throws ReleaseError INVALID_INPUT with all faults; NOT_FOUND for a model without entries, or an instant before its
 * first release
 */
export async function describeRelease(ports: DescribePorts, event: unknown, now: Date): Promise<Release> {
  const query = parseQuery(event, now);
  const history = new ReleaseHistory();
  let entries = 0;
  for await (const { body } of ports.ledger.entries(query.model)) {
    history.add(body);
    entries += 1;
  }
  const instant = query.at === undefined ? history.releases.at(-1)?.since : new Date(query.at).toISOString();
  const release = instant === undefined ? null : history.at(instant);
  if (release !== null) return release;
  throw refused('NOT_FOUND', [entries === 0 ? unknownModel(query) : nothingServed(query, history.releases[0])]);
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
