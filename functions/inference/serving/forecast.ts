import type { Clock } from '../../platform/clock.ts';
import { sha256Hex } from '../../platform/json.ts';
import type { PointerDocument } from '../../pointer/document.ts';
import type { ShadowWork, UnfinishedShadow } from '../log/hand-over.ts';
import type { PredictionBatch } from '../log/log-object.ts';
import type { PredictionRecord } from '../log/prediction.ts';
import type { LogResult } from '../log/prediction-log-store.ts';
import type { Pointer } from '../pointer/pointer.ts';
import { Router, type Served } from '../routing/router.ts';
import type { Answers } from './answers.ts';
import { type AskPorts, askVersions } from './ask-versions.ts';
import { Failures } from './failures.ts';
import type { ForecastEvent, UnitRequest } from './forecast-event.ts';
import {
  answerOf,
  type Line,
  linesOf,
  type RecordHead,
  type ServedForecast,
  servedRecord,
  shadowRecords,
} from './lines.ts';
import type { Question } from './question.ts';
import type { Count, MeasureVersion, Signal, SignalDetail } from './signals.ts';

export interface ForecastPorts extends AskPorts {
  /** Never throws; null while there is none. */
  readonly pointer: (model: string) => Promise<Pointer | null>;
  /** Never throws, and takes a bounded time. */
  readonly log: (batch: PredictionBatch) => Promise<LogResult>;
  /** Hands over what one object of the log will hold. Never throws, takes a bounded time; false: nobody will write it. */
  readonly handOverShadow: (work: ShadowWork, rest: UnfinishedShadow) => Promise<boolean>;
  /** Told once per invocation and kind. */
  readonly signal: (name: Signal, detail: SignalDetail) => void;
  readonly count: (name: Count, value: number) => void;
  readonly measure: MeasureVersion;
  readonly now: Clock;
}

export interface ForecastAnswer {
  /** Of the pointer document that the requests were routed by; 0: there was none. */
  readonly revision: number;
  /** One per request and day: in the order of the requests, then of the days. */
  readonly forecasts: readonly ServedForecast[];
}

/**
 * Forecasts requests: routed by the pointer, with every version's forecasts in the log. Whatever is missing around it leads
 * to another version, to the safe forecast, to work that others do later, or to a gap in the log, and to a signal.
 * @param defaultRequestId names the request in the log where the event does not
 */
export async function forecast(
  ports: ForecastPorts,
  event: ForecastEvent,
  defaultRequestId: string,
): Promise<ForecastAnswer> {
  const at = ports.now();
  const question = questionOf(event, await ports.pointer(event.model), at);
  const answers = await askVersions(ports, question);
  const lines = linesOf(question, answers);
  const requestId = event.requestId ?? defaultRequestId;
  const head = headOf(question, { at: at.toISOString(), requestId });
  await logLines(ports, question, { lines, head });
  tell(ports, question, { answers, lines });
  const version = question.document?.productionVersion ?? '';
  ports.measure({ model: event.model, version }, { answerMs: Math.max(0, ports.now().getTime() - at.getTime()) });
  return { revision: head.revision, forecasts: lines.map(answerOf) };
}

function questionOf(event: ForecastEvent, pointer: Pointer | null, at: Date): Question {
  const router = pointer?.router ?? new Router(null);
  return {
    ...event,
    document: pointer?.document ?? null,
    standard: router.standard,
    routes: router.routeAll(event.requests, at.getTime()),
    later: NOBODY,
  };
}

const NOBODY: ReadonlySet<string> = new Set();

/** What all records of an invocation have in common. */
export function headOf(
  { model, document }: Pick<Question, 'model' | 'document'>,
  invocation: Pick<RecordHead, 'at' | 'requestId'>,
): RecordHead {
  const { revision, promotionId } = document ?? { revision: 0, promotionId: '' };
  return { ...invocation, model, revision, promotionId };
}

/** Logs what is known, and hands over whole what a version has not finished: nobody else writes its object. */
async function logLines(
  ports: ForecastPorts,
  { asOf, horizonDays, document }: Question,
  { lines, head }: { readonly lines: readonly Line[]; readonly head: RecordHead },
): Promise<void> {
  const { model, requestId, revision } = head;
  const shadows = lines.flatMap((line) => shadowRecords(line, head));
  const late = lateRequests(lines);
  const [whole, cut] = wholeAndCut(lines, isPastBound(document, head.at));
  const routed = whole.map((line) => servedRecord(line, head));
  const instead = cut.map((line) => servedRecord(line, head));
  const inTime = shadows.filter(({ version }) => !late.has(version));
  const named = [
    { name: requestId, records: [...routed, ...inTime] },
    { name: insteadName(requestId, instead), records: instead },
  ];
  await Promise.all([
    ...named
      .filter(({ records }) => records.length > 0)
      .map(async ({ name, records }) => {
        const logged = await ports.log({ model, asOf, requestId: name, revision, records });
        tellLogged(ports, logged, { model, requestId });
      }),
    ...[...late].map(async ([version, requests]) => {
      const known = shadows.filter((record) => record.version === version);
      const forecasts = requests.length * horizonDays;
      const isTaken = await ports.handOverShadow({ ...head, asOf, horizonDays, version }, { known, requests });
      if (isTaken) ports.count('SHADOW_HANDED_OVER', forecasts);
      else ports.signal('SHADOW_DROPPED', { model, version, requestId, forecasts: forecasts + known.length });
    }),
  ]);
}

/**
 * What a request's own objects hold, and what goes into objects named by their content. The first of an id stay, so that they
 * may hold only what each attempt at the request gives by the same document: the whole of an arm and version. Where
 * another served in place of a version, neither that nor the rest of the version's is such.
 */
function wholeAndCut(lines: readonly Line[], isPast: boolean): readonly [whole: readonly Line[], cut: readonly Line[]] {
  const groupOf = ({ arm, version }: Served) => `${arm} ${version}`;
  const short = new Set(lines.filter(({ isInstead }) => isInstead).map(({ route }) => groupOf(route)));
  const isWhole = ({ isInstead, served }: Line) => !isPast && !isInstead && !short.has(groupOf(served));
  return [lines.filter(isWhole), lines.filter((line) => !isWhole(line))];
}

/** Production then serves the cohort too, which the same document gave to the canary at an attempt before. */
export function isPastBound(document: PointerDocument | null, at: string): boolean {
  return document !== null && document.canaryPercentage > 0 && Date.parse(document.canaryUntil) <= Date.parse(at);
}

/** Who was late differs between two attempts at one request; a name by content keeps what this one served. */
function insteadName(requestId: string, instead: readonly PredictionRecord[]): string {
  const served = instead.map(({ sku, store, targetDate, version, units }) => [sku, store, targetDate, version, units]);
  return `${requestId}.instead-${sha256Hex(Buffer.from(JSON.stringify(served))).slice(0, 16)}`;
}

/** By version: requests that it is still to be asked for. */
function lateRequests(lines: readonly Line[]): ReadonlyMap<string, readonly UnitRequest[]> {
  const late = new Map<string, Set<UnitRequest>>();
  for (const { request, unserved } of lines) {
    for (const { version, isLate } of unserved) {
      if (!isLate) continue;
      const requests = late.get(version) ?? new Set();
      late.set(version, requests.add(request));
    }
  }
  return new Map([...late].map(([version, requests]) => [version, [...requests]]));
}

/** What became of the log, as far as it is not as it should be. */
export function tellLogged(
  { signal, count }: Pick<ForecastPorts, 'signal' | 'count'>,
  logged: Pick<LogResult, 'repeated' | 'handedOverRecords' | 'failed' | 'lostRecords' | 'causes'>,
  of: { readonly model: string; readonly requestId: string },
): void {
  count('PREDICTIONS_REPEATED', logged.repeated);
  count('PREDICTIONS_HANDED_OVER', logged.handedOverRecords);
  if (logged.failed === 0) return;
  signal('PREDICTIONS_NOT_LOGGED', { ...of, forecasts: logged.lostRecords, causes: logged.causes.join(', ') });
}

function tell(
  { signal, measure }: Pick<ForecastPorts, 'signal' | 'measure'>,
  { model, document, standard, requests }: Question,
  { answers, lines }: { readonly answers: Answers; readonly lines: readonly Line[] },
): void {
  if (document === null) signal('POINTER_UNAVAILABLE', { model, forecasts: lines.length });
  tellUnknownFallback({ signal }, { model, named: document?.fallback ?? '', answers, requests: requests.length });
  const failures = new Failures();
  failures.add(answers, lines);
  failures.tell(model, standard, { signal, measure });
}

/** Someone decided on a safe forecast that this release does not have. */
export function tellUnknownFallback(
  { signal }: Pick<ForecastPorts, 'signal'>,
  of: {
    readonly model: string;
    readonly named: string;
    readonly answers: Pick<Answers, 'safe'>;
    readonly requests: number;
  },
): void {
  const { model, named, answers, requests } = of;
  if (named === '' || named === answers.safe) return;
  signal('SAFE_FORECAST_UNKNOWN', { model, named, served: answers.safe, requests });
}
