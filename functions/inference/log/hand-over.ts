import * as z from 'zod';
import { businessDate, modelName, versionName } from '../../platform/ids.ts';
import { PREDICTION_KEY, predictionPaths } from '../../platform/keys.ts';
import { pointerDocument } from '../../pointer/document.ts';
import { type UnitRequest, unitRequest } from '../serving/forecast-event.ts';
import type { LogObject } from './log-object.ts';

/**
 * Lambda takes asynchronous events of up to 1 MB (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). Whichever
 * megabyte is meant, this is below it, with room for what surrounds an event.
 */
export const MAX_EVENT_BYTES = 900_000;

/** Finished objects that were not written before the answer. */
const objectsEvent = z.strictObject({
  kind: z.literal('objects'),
  objects: z
    .array(
      z.strictObject({
        key: z.string().regex(PREDICTION_KEY, 'Expected a key of the prediction log.'),
        // A gzip file starts with these bytes.
        body: z.string().startsWith('H4sI', 'Expected a gzip file as base64.'),
        records: z.int().min(1),
      }),
    )
    .min(1),
});
export type ObjectsEvent = z.infer<typeof objectsEvent>;

/** What names the work of an invocation that others do later: enough to write what it would have written. */
const work = {
  model: modelName,
  asOf: businessDate,
  horizonDays: z.int().min(1),
  requestId: z.string().min(1),
  /** Wall clock of the invocation, UTC: what is written later says when it was asked. */
  at: z.iso.datetime(),
};

/** Where the requests lie that are too many for an event: gzipped JSON in the prediction bucket. */
const keptRequests = z.strictObject({
  key: z.string().startsWith(predictionPaths.handedOverPrefix),
  versionId: z.string().min(1),
});
export type KeptRequests = z.infer<typeof keptRequests>;

/** Forecasts for the log alone that a version did not finish within the invocation. */
const shadowEvent = z.strictObject({
  kind: z.literal('shadow'),
  ...work,
  revision: z.int().min(0),
  promotionId: z.string(),
  version: versionName,
  requests: z.union([z.array(unitRequest).min(1), keptRequests]),
});
export type ShadowEvent = z.infer<typeof shadowEvent>;
/** A shadow event without its requests. */
export type ShadowWork = Omit<ShadowEvent, 'kind' | 'requests'>;

/** The same for a batch whose requests lie in S3: whole versions that forecast it for the log alone. */
const batchShadowEvent = z.strictObject({
  kind: z.literal('batch-shadow'),
  ...work,
  input: z.strictObject({ uri: z.string().startsWith('s3://'), versionId: z.string().min(1) }),
  /** As it was routed by, with its signature; null: there was none. */
  document: pointerDocument.nullable(),
  versions: z.array(versionName).min(1),
});
export type BatchShadowEvent = z.infer<typeof batchShadowEvent>;

/** What an invocation hands over to the function that completes the log. */
export const handOverEvent = z.discriminatedUnion('kind', [objectsEvent, shadowEvent, batchShadowEvent]);
export type HandOverEvent = z.infer<typeof handOverEvent>;

/** Sends an event. Never throws, takes a bounded time; true: it was accepted, and will be worked on at least once. */
export type HandOver = (event: HandOverEvent) => Promise<boolean>;

export interface PackedEvent {
  readonly event: ObjectsEvent;
  readonly objects: readonly LogObject[];
}

/** `{"kind":"objects","objects":[]}`, and around each object `{"key":"","body":"","records":1234567},`. */
const EVENT_BYTES = 40;
const MEMBER_BYTES = 50;

/** Objects in as few events as hold them, in their order. Those that no event holds are in none. */
export function packObjects(objects: readonly LogObject[], maxBytes = MAX_EVENT_BYTES): readonly PackedEvent[] {
  const events: { objects: LogObject[]; bytes: number }[] = [];
  for (const object of objects) {
    const bytes = MEMBER_BYTES + object.key.length + 4 * Math.ceil(object.body.byteLength / 3);
    if (EVENT_BYTES + bytes > maxBytes) continue;
    const last = events.at(-1);
    if (last !== undefined && last.bytes + bytes <= maxBytes) {
      last.objects.push(object);
      last.bytes += bytes;
    } else {
      events.push({ objects: [object], bytes: EVENT_BYTES + bytes });
    }
  }
  return events.map(({ objects: packed }) => ({ event: eventOf(packed), objects: packed }));
}

function eventOf(objects: readonly LogObject[]): ObjectsEvent {
  const members = objects.map(({ key, body, records }) => {
    return { key, body: Buffer.from(body).toString('base64'), records };
  });
  return { kind: 'objects', objects: members };
}

export interface HandOverPorts {
  readonly send: HandOver;
  /** Keeps JSON for the event that names it, and answers its version. Never throws; null: it could not be kept. */
  readonly keep: (key: string, json: string) => Promise<string | null>;
}

/**
 * Hands over forecasts for the log that a version has yet to make: all that one object of the log holds, so that nobody
 * else writes it. Never throws; false: nobody will make them.
 */
export async function handOverShadow(
  { send, keep }: HandOverPorts,
  shadow: ShadowWork,
  requests: readonly UnitRequest[],
): Promise<boolean> {
  const json = JSON.stringify(requests);
  const rest = Buffer.byteLength(JSON.stringify(shadow)) + EVENT_BYTES;
  if (Buffer.byteLength(json) + rest <= MAX_EVENT_BYTES)
    return send({ kind: 'shadow', ...shadow, requests: [...requests] });
  const key = predictionPaths.handedOver(shadow);
  const versionId = await keep(key, json);
  return versionId !== null && send({ kind: 'shadow', ...shadow, requests: { key, versionId } });
}
