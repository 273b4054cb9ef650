import { ReleaseError } from '../../platform/errors.ts';
import { verifyDocument } from '../../pointer/document.ts';
import type { BatchInputStore, NumberedValue } from '../log/batch-input-store.ts';
import type { BatchLog } from '../log/batch-log-store.ts';
import type { Completed, ForecastVersion } from '../log/complete-log.ts';
import type { BatchShadowEvent } from '../log/hand-over.ts';
import type { BatchName } from '../log/log-object.ts';
import type { PredictionRecord } from '../log/prediction.ts';
import { Router } from '../routing/router.ts';
import { chunksOf } from './chunks.ts';
import { headOf } from './forecast.ts';
import { type UnitRequest, unitRequest } from './forecast-event.ts';
import { datesOf, recordOf } from './lines.ts';
import { asUnits } from './settle.ts';

export interface ShadowBatchPorts {
  readonly input: Pick<BatchInputStore, 'read'>;
  readonly startLog: (name: BatchName) => Pick<BatchLog, 'append' | 'finish' | 'abort'>;
  readonly forecastVersion: ForecastVersion;
  /** PEM (SPKI) of the key that pointer documents are signed with. */
  readonly publicKeyPem: string;
}

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
  const record = async (requests: readonly UnitRequest[]): Promise<void> => {
    const routes = router.routeAll(requests, Date.parse(at));
    for (const version of event.versions) {
      const shadowed = requests.filter((_, position) => routes[position]?.shadows.includes(version));
      if (shadowed.length > 0) await log.append(await forecastBy(ports, event, { version, requests: shadowed, head }));
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
  if (failed === 0) return { written, repeated, records };
  const message = `${lostRecords} forecasts of ${requestId} are not in the log (${causes.join(', ')}).`;
  throw new ReleaseError('DEPENDENCY_UNAVAILABLE', message);
}

async function forecastBy(
  { forecastVersion }: ShadowBatchPorts,
  { model, asOf, horizonDays }: BatchShadowEvent,
  {
    version,
    requests,
    head,
  }: { readonly version: string; readonly requests: readonly UnitRequest[]; readonly head: ReturnType<typeof headOf> },
): Promise<readonly PredictionRecord[]> {
  const asked = requests.map((request) => ({ ...request, asOf, horizonDays }));
  const said = await forecastVersion({ model, version }, asked);
  const dates = datesOf(asOf, horizonDays);
  return requests.flatMap((request, position) =>
    dates.map((targetDate, day) => {
      const units = asUnits(said[position]?.[day]);
      return recordOf({ request, targetDate, horizonDays: day + 1 }, head, { arm: 'shadow', version, units });
    }),
  );
}

async function* valuesOf<T>(lines: AsyncIterable<NumberedValue<T>>): AsyncGenerator<T> {
  for await (const { value } of lines) yield value;
}
