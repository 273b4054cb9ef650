import type { Clock } from '../../platform/clock.ts';
import { plusDays } from '../../platform/duration.ts';
import type { PointerDocument } from '../../pointer/document.ts';
import type { PredictionRecord } from '../log/prediction.ts';
import type { LogResult, PredictionBatch } from '../log/prediction-log-store.ts';
import { Router, type ServedArm } from '../routing/router.ts';
import { type Answers, type AskPorts, askVersions, type Batch } from './ask-versions.ts';
import { parseForecastEvent, type UnitRequest } from './forecast-event.ts';
import { isUsable, type Settled, settleDay } from './settle.ts';
import type { Signal, SignalDetail } from './signals.ts';

export interface ForecastPorts extends AskPorts {
  /** Never throws; null while there is none. */
  readonly pointer: (model: string) => Promise<PointerDocument | null>;
  /** Never throws, and takes a bounded time. */
  readonly log: (batch: PredictionBatch) => Promise<LogResult>;
  readonly signal: (name: Signal, detail: SignalDetail) => void;
  readonly now: Clock;
}

export interface ServedForecast {
  readonly sku: string;
  readonly store: string;
  readonly targetDate: string;
  readonly units: number;
  /** The version, or the name of the safe forecast. */
  readonly version: string;
  readonly arm: ServedArm;
}

export interface ForecastAnswer {
  /** Of the pointer document that the requests were routed by; 0: there was none. */
  readonly revision: number;
  /** One per request and day: in the order of the requests, then of the days. */
  readonly forecasts: readonly ServedForecast[];
}

/** One request on one target date, with all that was forecast for it. */
interface Line {
  readonly request: UnitRequest;
  readonly targetDate: string;
  readonly horizonDays: number;
  readonly served: { readonly arm: ServedArm; readonly version: string; readonly units: number };
  readonly unserved: readonly Settled[];
}

/**
 * Forecasts a batch: routed by the pointer, with every version's forecasts in the log. Only a malformed event fails;
 * whatever is missing around it leads to another version, to the safe forecast, or to a gap in the log, and to a signal.
 * @param defaultRequestId names the request in the log where the event does not
 * @throws ReleaseError INVALID_INPUT with all faults of the event
 */
export async function forecast(
  ports: ForecastPorts,
  rawEvent: unknown,
  defaultRequestId: string,
): Promise<ForecastAnswer> {
  const event = parseForecastEvent(rawEvent);
  const at = ports.now();
  const document = await ports.pointer(event.model);
  const router = new Router(document);
  const routes = router.routeAll(event.requests, at.getTime());
  const batch = { event, document, standard: router.standard, routes };
  const answers = await askVersions(ports, batch);
  const lines = linesOf(batch, answers);
  const { revision, promotionId } = documentOf(document);
  const requestId = event.requestId ?? defaultRequestId;
  const common = { at: at.toISOString(), revision, promotionId, requestId };
  const records = lines.flatMap((line) => recordsOf(line, { ...common, model: event.model }));
  const logged = await ports.log({ model: event.model, asOf: event.asOf, requestId, revision, records });
  if (document === null) ports.signal('POINTER_UNAVAILABLE', { model: event.model, forecasts: lines.length });
  tellFailures(ports, batch, { answers, lines });
  if (logged.failed > 0) {
    const causes = logged.causes.join(', ');
    ports.signal('PREDICTIONS_NOT_LOGGED', { model: event.model, requestId, forecasts: logged.lostRecords, causes });
  }
  return { revision, forecasts: lines.map(answerOf) };
}

function documentOf(document: PointerDocument | null): Pick<PointerDocument, 'revision' | 'promotionId'> {
  return document ?? { revision: 0, promotionId: '' };
}

function linesOf({ event, standard, routes }: Batch, answers: Answers): readonly Line[] {
  const dates = Array.from({ length: event.horizonDays }, (_, day) => plusDays(event.asOf, day + 1));
  return event.requests.flatMap((request, position) => {
    const own = routes[position];
    if (own === undefined) return [];
    return dates.map((targetDate, day) => {
      const settled = settleDay({ route: own, standard }, answers, { position, day });
      return { request, targetDate, horizonDays: day + 1, ...settled };
    });
  });
}

function answerOf({ request, targetDate, served }: Line): ServedForecast {
  const { sku, store } = request;
  return { sku, store, targetDate, units: served.units, version: served.version, arm: served.arm };
}

function recordsOf(
  { request, targetDate, horizonDays, served, unserved }: Line,
  common: Pick<PredictionRecord, 'at' | 'model' | 'revision' | 'promotionId' | 'requestId'>,
): readonly PredictionRecord[] {
  const { sku, store, region, category, segments } = request;
  const { at, model, revision, promotionId, requestId } = common;
  return [served, ...unserved].map(({ arm, version, units }) => {
    const what = { sku, store, region, category, segments, targetDate, horizonDays, units };
    return { at, model, version, arm, ...what, revision, promotionId, requestId };
  });
}

/** One signal per version that could not be loaded, or that gave what nobody may get. */
function tellFailures(
  { signal }: Pick<ForecastPorts, 'signal'>,
  { event, standard }: Batch,
  { answers, lines }: { readonly answers: Answers; readonly lines: readonly Line[] },
): void {
  const { model } = event;
  for (const missing of answers.notLoaded) signal('MODEL_NOT_LOADED', { model, ...missing });
  const told = new Set(answers.notLoaded.map(({ version }) => version));
  const failures = new Map<string, { missing: number; negative: number; nonFinite: number }>();
  for (const { version, units } of lines.flatMap((line) => line.unserved)) {
    if (isUsable(units) || told.has(version)) continue;
    const counts = failures.get(version) ?? { missing: 0, negative: 0, nonFinite: 0 };
    counts[units === null ? 'missing' : typeof units === 'number' ? 'negative' : 'nonFinite'] += 1;
    failures.set(version, counts);
  }
  for (const [version, counts] of failures) {
    signal(version === standard.version ? 'PRODUCTION_FAILED' : 'SHADOW_FAILED', { model, version, ...counts });
  }
}
