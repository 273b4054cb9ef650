import * as z from 'zod';
import { type Parsed, parseInput } from '../../platform/boundary.ts';
import { type Reason, ReleaseError } from '../../platform/errors.ts';
import { businessDate, modelName, segmentName } from '../../platform/ids.ts';

const MAX_REQUESTS = 10_000;
/** A little less than the 6 MB that Lambda answers with. */
const MAX_ANSWER_BYTES = 6_200_000;
/**
 * What one forecast takes of it at most beside SKU and store: a version has up to 40 characters, units up to 23. Which
 * version serves is no matter of the caller's, so that a release with a longer name may not make an answer too large.
 */
const FORECAST_BYTES = 150;
const MAX_HORIZON_DAYS = 60;
/** Ten years. */
const MAX_HISTORY_DAYS = 3_660;

const name = z.string().min(1).max(200);
/** May be missing; a request without it is out of every canary that excludes a segment of the kind. */
const kind = z.string().max(200).default('');

/** One SKU in one store: of an event's `requests`, or a line of a batch. */
export const unitRequest = z.strictObject({
  sku: name,
  store: name,
  region: kind,
  category: kind,
  /** Further segments, each `kind:value`. */
  segments: z.array(segmentName).max(50).default([]),
  features: z.record(z.string(), z.unknown()).exactOptional(),
  /** Units per day, without gaps; the last is that of `asOf`. */
  history: z.array(z.number().min(0)).max(MAX_HISTORY_DAYS),
});
export type UnitRequest = z.infer<typeof unitRequest>;

/** Names a request in the keys of its log. */
export const requestName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,100}$/, 'Expected 1 to 100 of A-Z, a-z, 0-9, dot, underscore and hyphen.');

/** Forecasts are for the days `asOf` + 1 to `asOf` + `horizonDays`. */
const head = {
  model: modelName,
  // The days after it have to be dates too.
  asOf: businessDate.regex(/^(?![03-9]\d{3}-)/, 'Expected a date of the years 1000 to 2999.'),
  horizonDays: z.int().min(1).max(MAX_HORIZON_DAYS),
  /** The same id for the same request makes a repetition harmless: it is logged once. */
  requestId: requestName.exactOptional(),
};

/** What inference is asked. */
export const forecastEvent = z.strictObject({ ...head, requests: z.array(unitRequest).min(1).max(MAX_REQUESTS) });
export type ForecastEvent = z.infer<typeof forecastEvent>;

/** The same for any number of requests: `input` is an S3 object of one request per line, as JSON, gzipped or not. */
export const batchEvent = z.strictObject({
  ...head,
  input: z.string().regex(/^s3:\/\/[^/]+\/.+$/, 'Expected s3://bucket/key.'),
});
export type BatchEvent = z.infer<typeof batchEvent>;

/** As much of an event as its faults as a whole show in; looked at beside the rest, so that all faults come at once. */
const outline = z.object({
  horizonDays: z.int().catch(1),
  requests: z.array(z.object({ sku: z.string(), store: z.string() }).catch({ sku: '', store: '' })),
});

/**
 * The name of a request by the id of its invocation, for events that bring none.
 * @throws ReleaseError INVALID_INPUT for an id that can name nothing in the log, such as an empty one: requests would share it
 */
export function namedByInvocation(invocationId: string): string {
  const parsed = parseInput(requestName, invocationId, 'Give each invocation an id of its own.');
  if (parsed.ok) return parsed.value;
  throw refusedInput(parsed.reasons.map((reason) => ({ ...reason, path: 'invocationId' })));
}

/**
 * The event as what is asked.
 * @throws ReleaseError INVALID_INPUT with all faults. Its message tells them too: it is all that an invoker gets.
 */
export function parseInferenceEvent(event: unknown): ForecastEvent | BatchEvent {
  const { input, requests } = members.safeParse(event).data ?? {};
  if (input === undefined) return accepted(parseInput(forecastEvent, event, NEXT), wholeFaults(event));
  return accepted(parseInput(batchEvent, event, NEXT), requests === undefined ? [] : [BOTH]);
}

export function isBatch(event: ForecastEvent | BatchEvent): event is BatchEvent {
  return 'input' in event;
}

/**
 * A refusal of input that tells every fault.
 * @param reasons at least one
 */
export function refusedInput(reasons: readonly Reason[]): ReleaseError {
  const lines = reasons.map(({ path, message, got, allowed }) => {
    const limits = [got && `got ${got}`, allowed && `allowed: ${allowed}`].filter(Boolean).join(', ');
    return [path && `${path}:`, message, limits && `(${limits})`].filter(Boolean).join(' ');
  });
  return new ReleaseError('INVALID_INPUT', lines.join('\n'), { reasons });
}

const members = z.looseObject({ input: z.unknown().optional(), requests: z.unknown().optional() });

function accepted<T>(parsed: Parsed<T>, more: readonly Reason[]): T {
  const reasons = [...(parsed.ok ? [] : parsed.reasons), ...more];
  if (parsed.ok && reasons.length === 0) return parsed.value;
  throw refusedInput(reasons);
}

const NEXT = 'Correct the field and ask again.';
const MAX_LISTED = 20;
const BOTH: Reason = {
  code: 'INVALID_FIELD',
  path: 'requests',
  message: 'The requests are in the event or at `input`, not both.',
  next: NEXT,
};

function wholeFaults(event: unknown): readonly Reason[] {
  const seen = outline.safeParse(event).data;
  if (seen === undefined) return [];
  const twice = repeated(seen.requests).slice(0, MAX_LISTED);
  const faults: readonly Reason[] = twice.map((index) => ({
    code: 'INVALID_FIELD',
    path: `requests.${index}`,
    message: 'This SKU and store came before; each forecast is in the log once.',
    got: `${seen.requests[index]?.sku} ${seen.requests[index]?.store}`,
    next: NEXT,
  }));
  const most = mostForecasts(seen.requests);
  if (seen.requests.length * seen.horizonDays <= most) return faults;
  const tooLarge: Reason = {
    code: 'INVALID_FIELD',
    path: 'requests',
    message: 'The answer would be larger than a function may answer.',
    got: `${seen.requests.length} requests of ${seen.horizonDays} days`,
    allowed: `requests times days up to ${most}`,
    next: 'Split the requests.',
  };
  return [...faults, tooLarge];
}

/** How many forecasts of such requests fit into an answer. */
function mostForecasts(requests: readonly Pick<UnitRequest, 'sku' | 'store'>[]): number {
  const bytes = requests.reduce(
    (sum, { sku, store }) => sum + FORECAST_BYTES + Buffer.byteLength(JSON.stringify(sku) + JSON.stringify(store)),
    0,
  );
  return Math.floor((MAX_ANSWER_BYTES * requests.length) / Math.max(1, bytes));
}

/** Positions of requests whose SKU and store came before; those that name none are refused for that. */
function repeated(requests: readonly Pick<UnitRequest, 'sku' | 'store'>[]): readonly number[] {
  const seen = new Set<string>();
  return requests.flatMap(({ sku, store }, index) => {
    if (sku === '' || store === '') return [];
    const key = JSON.stringify([sku, store]);
    if (seen.has(key)) return [index];
    seen.add(key);
    return [];
  });
}
