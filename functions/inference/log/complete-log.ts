import { parseEvent, parseStored } from '../../platform/boundary.ts';
import { ReleaseError } from '../../platform/errors.ts';
import type { ForecastRequest } from '../predictors/forecaster.ts';
import type { VersionAnswers } from '../predictors/run-version.ts';
import { Failures } from '../serving/failures.ts';
import { shadowOf } from '../serving/lines.ts';
import type { MeasureVersion, Signal, SignalDetail } from '../serving/signals.ts';
import {
  type BatchShadowEvent,
  handOverEvent,
  type Kept,
  type ObjectsEvent,
  type ShadowEvent,
  type UnfinishedShadow,
  unfinishedShadow,
} from './hand-over.ts';
import { type LogObject, logObject } from './log-object.ts';

/** How much of the log was completed. */
export interface Completed {
  readonly kind: 'objects' | 'shadow' | 'batch-shadow';
  /** Objects. */
  readonly written: number;
  /** Were there already: the put that inference had begun arrived, or this event came before. */
  readonly repeated: number;
  /** Forecasts in all of them. */
  readonly records: number;
}

/**
 * Asks one version for all requests, within a budget of its own. Null where it said nothing in time.
 * @throws ReleaseError when the version cannot be loaded: the same call may succeed later
 */
export type ForecastVersion = (
  version: { readonly model: string; readonly version: string },
  requests: readonly ForecastRequest[],
) => Promise<VersionAnswers>;

export interface CompleteLogPorts {
  /** Writes an object once. @throws whatever keeps it from being written */
  readonly put: (object: LogObject) => Promise<'written' | 'repeated'>;
  /** @throws ReleaseError NOT_FOUND, CORRUPT_ITEM */
  readonly readKept: (kept: Kept) => Promise<unknown>;
  readonly forecastVersion: ForecastVersion;
  /** Forecasts a batch by the versions that shadow it, and logs what they said. @throws when it was not all written */
  readonly completeBatch: (event: BatchShadowEvent) => Promise<Omit<Completed, 'kind'>>;
  /** Told once per event what its version failed to give. */
  readonly signal: (name: Signal, detail: SignalDetail) => void;
  readonly measure: MeasureVersion;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Pauses before an object is put again: two minutes in all, before Lambda's own repetitions of the event. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] as const;

/**
 * Completes the log behind an answer: writes objects that were not written in time, and makes forecasts that were not
 * made in time, under the keys that the invocation itself would have used. Repeating an event is safe.
 * @throws ReleaseError INVALID_INPUT for what is no event of ours, DEPENDENCY_UNAVAILABLE naming the objects that could
 *   not be written, and what the ports throw
 */
export async function completeLog(ports: CompleteLogPorts, rawEvent: unknown): Promise<Completed> {
  const event = parseEvent(handOverEvent, rawEvent);
  switch (event.kind) {
    case 'objects':
      return { kind: event.kind, ...(await putAll(ports, objectsOf(event))) };
    case 'shadow':
      return { kind: event.kind, ...(await putAll(ports, [await shadowObject(ports, event)])) };
    case 'batch-shadow':
      return { kind: event.kind, ...(await ports.completeBatch(event)) };
  }
}

function objectsOf({ objects }: ObjectsEvent): readonly LogObject[] {
  return objects.map(({ key, body, records }) => ({ key, body: Buffer.from(body, 'base64'), records }));
}

async function shadowObject(ports: CompleteLogPorts, event: ShadowEvent): Promise<LogObject> {
  const { known, requests } = await restOf(ports, event.rest);
  const { model, version, asOf, horizonDays } = event;
  const answers = await ports.forecastVersion(
    { model, version },
    requests.map((request) => ({ ...request, asOf, horizonDays })),
  );
  const made = shadowOf(event, event, { requests, said: answers.said });
  const failures = new Failures();
  for (const { units } of made) failures.count(version, units, answers.code);
  failures.tell(model, null, ports);
  return logObject(event, [...known, ...made]);
}

async function restOf(
  { readKept }: Pick<CompleteLogPorts, 'readKept'>,
  rest: ShadowEvent['rest'],
): Promise<UnfinishedShadow> {
  return 'key' in rest ? parseStored(unfinishedShadow, await readKept(rest), rest.key) : rest;
}

async function putAll(
  ports: Pick<CompleteLogPorts, 'put' | 'pause'>,
  objects: readonly LogObject[],
): Promise<Omit<Completed, 'kind'>> {
  const puts = await Promise.allSettled(objects.map((object) => putPatiently(ports, object)));
  const failed = objects.filter((_, index) => puts[index]?.status === 'rejected');
  if (failed.length > 0) throw notWritten(failed, puts);
  const repeated = puts.filter((put) => put.status === 'fulfilled' && put.value === 'repeated').length;
  const records = objects.reduce((sum, object) => sum + object.records, 0);
  return { written: objects.length - repeated, repeated, records };
}

async function putPatiently(
  { put, pause }: Pick<CompleteLogPorts, 'put' | 'pause'>,
  object: LogObject,
): Promise<'written' | 'repeated'> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await put(object);
    } catch {
      await pause(pauseMs);
    }
  }
  return put(object);
}

function notWritten(objects: readonly LogObject[], puts: readonly PromiseSettledResult<unknown>[]): ReleaseError {
  const records = objects.reduce((sum, object) => sum + object.records, 0);
  const cause: unknown = puts.find((put) => put.status === 'rejected')?.reason;
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const keys = objects.map(({ key }) => key);
  const message = `${records} forecasts are not in the log: ${keys.join(', ')} could not be written (${why}).`;
  return new ReleaseError('DEPENDENCY_UNAVAILABLE', message, { details: { keys, records }, cause });
}
