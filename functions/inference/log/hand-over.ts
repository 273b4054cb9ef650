import * as z from 'zod';
import { businessDate, modelName, versionName } from '../../platform/ids.ts';
import { PREDICTION_KEY, predictionPaths } from '../../platform/keys.ts';
import { pointerDocument } from '../../pointer/document.ts';
import { requestName, unitRequest } from '../serving/forecast-event.ts';
import type { LogObject } from './log-object.ts';
import { predictionRecord } from './prediction.ts';

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
  requestId: requestName,
  /** Wall clock of the invocation, UTC: what is written later says when it was asked. */
  at: z.iso.datetime(),
};

/** All that one object of the log will hold: what the version said already, and what it is still to be asked. */
export const unfinishedShadow = z.strictObject({
  known: z.array(predictionRecord).readonly(),
  requests: z.array(unitRequest).min(1).readonly(),
});
export type UnfinishedShadow = z.infer<typeof unfinishedShadow>;

/** Where the same lies when it is too large for an event: gzipped JSON in the prediction bucket. */
const kept = z.strictObject({
  key: z.string().startsWith(predictionPaths.handedOverPrefix),
  versionId: z.string().min(1),
});
export type Kept = z.infer<typeof kept>;

/** Forecasts for the log alone that a version did not finish within the invocation. */
const shadowEvent = z.strictObject({
  kind: z.literal('shadow'),
  ...work,
  revision: z.int().min(0),
  promotionId: z.string(),
  version: versionName,
  rest: z.union([unfinishedShadow, kept]),
});
export type ShadowEvent = z.infer<typeof shadowEvent>;
export type ShadowWork = Omit<ShadowEvent, 'kind' | 'rest'>;

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
 * Hands over forecasts for the log that a version has yet to make, with those of the same object that it made. Never
 * throws; false: nobody will write that object.
 */
export async function handOverShadow(
  { send, keep }: HandOverPorts,
  shadow: ShadowWork,
  rest: UnfinishedShadow,
): Promise<boolean> {
  const work = workOf(shadow);
  const json = JSON.stringify(rest);
  const bytes = Buffer.byteLength(json) + Buffer.byteLength(JSON.stringify(work)) + EVENT_BYTES;
  if (bytes <= MAX_EVENT_BYTES) return send({ kind: 'shadow', ...work, rest });
  const key = predictionPaths.handedOver(work);
  const versionId = await keep(key, json);
  return versionId !== null && send({ kind: 'shadow', ...work, rest: { key, versionId } });
}

/** The members of an event and no other that a caller may have beside them. */
function workOf(shadow: ShadowWork): ShadowWork {
  const { model, asOf, horizonDays, requestId, at, revision, promotionId, version } = shadow;
  return { model, asOf, horizonDays, requestId, at, revision, promotionId, version };
}
