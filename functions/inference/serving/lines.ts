import { plusDays } from '../../platform/duration.ts';
import type { PredictionRecord } from '../log/prediction.ts';
import type { Said } from '../predictors/run-version.ts';
import type { Route, ServedArm } from '../routing/router.ts';
import type { Answers } from './answers.ts';
import type { UnitRequest } from './forecast-event.ts';
import type { Question } from './question.ts';
import { asUnits, type SettledDay, settleDay } from './settle.ts';

/** One request on one target date, with all that was forecast for it. */
export interface Line extends SettledDay {
  readonly request: UnitRequest;
  /** By the pointer; what serves in fact is in `served`. */
  readonly route: Route;
  readonly targetDate: string;
  /** From `asOf` to `targetDate`. */
  readonly horizonDays: number;
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

/** What all records of one invocation have in common. */
export type RecordHead = Pick<PredictionRecord, 'at' | 'model' | 'revision' | 'promotionId' | 'requestId'>;

/** In the order of the requests, then of the days. */
export function linesOf(question: Question, answers: Answers): readonly Line[] {
  const { asOf, horizonDays, requests, routes, standard } = question;
  const dates = datesOf(asOf, horizonDays);
  return requests.flatMap((request, position) => {
    const route = routes[position];
    if (route === undefined) return [];
    return dates.map((targetDate, day) => {
      const settled = settleDay({ route, standard }, answers, { position, day });
      return { request, route, targetDate, horizonDays: day + 1, ...settled };
    });
  });
}

/** The target dates: the days after `asOf`. */
function datesOf(asOf: string, horizonDays: number): readonly string[] {
  return Array.from({ length: horizonDays }, (_, day) => plusDays(asOf, day + 1));
}

export function answerOf({ request: { sku, store }, targetDate, served }: Line): ServedForecast {
  return { sku, store, targetDate, units: served.units, version: served.version, arm: served.arm };
}

export function servedRecord(line: Line, head: RecordHead): PredictionRecord {
  return recordOf(line, head, line.served);
}

/** All that was forecast for a line in time and not served. */
export function shadowRecords(line: Line, head: RecordHead): readonly PredictionRecord[] {
  const known = line.unserved.filter(({ isLate }) => !isLate);
  return known.map(({ version, units }) => recordOf(line, head, { arm: 'shadow', version, units }));
}

/** What a version said of requests that others were served: one record per request and day, in that order. */
export function shadowOf(
  { asOf, horizonDays, version }: Pick<Question, 'asOf' | 'horizonDays'> & Pick<PredictionRecord, 'version'>,
  head: RecordHead,
  { requests, said }: { readonly requests: readonly UnitRequest[]; readonly said: Said },
): readonly PredictionRecord[] {
  const dates = datesOf(asOf, horizonDays);
  return requests.flatMap((request, position) =>
    dates.map((targetDate, day) => {
      const units = asUnits(said[position]?.[day]);
      return recordOf({ request, targetDate, horizonDays: day + 1 }, head, { arm: 'shadow', version, units });
    }),
  );
}

function recordOf(
  { request, targetDate, horizonDays }: Pick<Line, 'request' | 'targetDate' | 'horizonDays'>,
  { at, model, revision, promotionId, requestId }: RecordHead,
  { arm, version, units }: Pick<PredictionRecord, 'arm' | 'version' | 'units'>,
): PredictionRecord {
  const { sku, store, region, category, segments } = request;
  const what = { sku, store, region, category, segments, targetDate, horizonDays, units };
  return { at, model, version, arm, ...what, revision, promotionId, requestId };
}
