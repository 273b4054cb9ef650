import { ReleaseError } from '../../platform/errors.ts';
import { verifyDocument } from '../../pointer/document.ts';
import type { BatchInputStore, NumberedValue } from '../log/batch-input-store.ts';
import type { BatchLog } from '../log/batch-log-store.ts';
import type { Completed, ForecastVersion } from '../log/complete-log.ts';
import type { BatchShadowEvent } from '../log/hand-over.ts';
import type { BatchName } from '../log/log-object.ts';
import type { VersionAnswers } from '../predictors/run-version.ts';
import { Router } from '../routing/router.ts';
import { chunksOf } from './chunks.ts';
import { Failures } from './failures.ts';
import { headOf } from './forecast.ts';
import { type UnitRequest, unitRequest } from './forecast-event.ts';
import { shadowOf } from './lines.ts';
import type { MeasureVersion, Signal, SignalDetail } from './signals.ts';

export interface ShadowBatchPorts {
  readonly input: Pick<BatchInputStore, 'read'>;
  readonly startLog: (name: BatchName) => Pick<BatchLog, 'append' | 'finish' | 'abort'>;
  readonly forecastVersion: ForecastVersion;
  readonly signal: (name: Signal, detail: SignalDetail) => void;
  readonly measure: MeasureVersion;
  /** PEM (SPKI) of the key that pointer documents are signed with. */
  readonly publicKeyPem: string;
}

/** In so many chunks a version may be late, at ten seconds each; from then on it is asked no more, and its log is written. */
const MAX_LATE_CHUNKS = 30;

/**
 * Forecasts a batch by the versions that shadow it, into the log: the same object of requests, routed by the same document
 * as of the same instant. All or nothing; repeating is safe.
 * @throws ReleaseError SIGNATURE_INVALID for a document that is not ours, DEPENDENCY_UNAVAILABLE when not all was written,
 *   and what the ports throw
 */
export async function shadowBatch(ports: ShadowBatchPorts, event: BatchShadowEvent): Promise<Omit<Completed, 'kind'>> {
  const { model, document, input, requestId, at, asOf } = event;
  if (document !== null && !verifyDocument(ports.publicKeyPem, model, document)) {
    throw new ReleaseError(
      'SIGNATURE_INVALID',
      `The document that ${requestId} was routed by is not signed with our key.`,
    );
  }
  const head = headOf({ model, document }, { at, requestId });
  const router = new Router(document);
  const log = ports.startLog({ ...head, asOf });
  const failures = new Failures();
  const late = new Map<string, number>();
  const ask = async (version: string, requests: readonly UnitRequest[]): Promise<VersionAnswers> => {
    const before = late.get(version) ?? 0;
    if (before >= MAX_LATE_CHUNKS) return { said: [], unfinished: [], code: 'TIMED_OUT' };
    const asked = requests.map((request) => ({ ...request, asOf, horizonDays: event.horizonDays }));
    const answers = await ports.forecastVersion({ model, version }, asked);
    if (answers.unfinished.length > 0) late.set(version, before + 1);
    return answers;
  };
  const record = async (requests: readonly UnitRequest[]): Promise<void> => {
    const routes = router.routeAll(requests, Date.parse(at));
    for (const version of event.versions) {
      const shadowed = requests.filter((_, position) => routes[position]?.shadows.includes(version));
      if (shadowed.length === 0) continue;
      const answers = await ask(version, shadowed);
      const records = shadowOf({ ...event, version }, head, { requests: shadowed, said: answers.said });
      for (const { units } of records) failures.count(version, units, answers.code);
      await log.append(records);
    }
  };
  try {
    const lines = ports.input.read(input.uri, unitRequest, input.versionId);
    for await (const requests of chunksOf(valuesOf(lines))) await record(requests);
  } catch (cause) {
    await log.abort();
    throw cause;
  }
  const { written, repeated, records, failed, lostRecords, causes } = await log.finish();
  failures.tell(model, router.standard, ports);
  if (failed === 0) return { written, repeated, records };
  const message = `${lostRecords} forecasts of ${requestId} are not in the log (${causes.join(', ')}).`;
  throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message);
}

async function* valuesOf<T>(lines: AsyncIterable<NumberedValue<T>>): AsyncGenerator<T> {
  for await (const { value } of lines) yield value;
}
