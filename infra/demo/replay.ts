import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { ARMS } from '../../functions/inference/log/prediction.ts';
import { plusDays } from '../../functions/platform/duration.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';
import { csvCell, type Demand, type DemandSeries, dateOf, historyOf, isKnown, unitsOn } from './demand.ts';
import { coveredDays, openingStock, playDay, type Stock, type StockOutcome, type StockRules } from './inventory.ts';

/** Days ahead that are forecast each day: enough for the orders, and for seeing how forecasts move from day to day. */
export const HORIZON_DAYS = 3;
/** Days of demand that a request hands to the forecaster: a year of whole weeks. */
export const HISTORY_DAYS = 364;
/** A batch stays below this; Lambda takes 6 MB. */
export const MAX_BATCH_BYTES = 5_000_000;
/** Keeps the answer of a batch below the same limit. */
const MAX_BATCH_REQUESTS = 3_000;

export const forecastAnswer = z.object({
  revision: z.int(),
  forecasts: z.array(
    z.object({
      sku: z.string(),
      store: z.string(),
      targetDate: z.string(),
      units: z.number(),
      version: z.string(),
      arm: z.enum(ARMS),
    }),
  ),
});
export type ForecastAnswer = z.infer<typeof forecastAnswer>;

export interface ForecastRequest {
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  readonly category: string;
  readonly history: readonly number[];
}

export interface ForecastEvent {
  readonly model: string;
  readonly asOf: string;
  readonly horizonDays: number;
  readonly requestId: string;
  readonly requests: readonly ForecastRequest[];
}

export interface ReplayPorts {
  /** Invokes the inference function. */
  readonly forecast: (event: ForecastEvent) => Promise<ForecastAnswer>;
  /** Puts an object into the prediction bucket. */
  readonly put: (key: string, body: Uint8Array) => Promise<void>;
}

/** A forecast as it was answered to the caller, under the request that it answers. */
export type ServedForecast = ForecastAnswer['forecasts'][number] & { readonly requestId: string };

/** One replayed business day, for telling. */
export interface ReplayedDay {
  readonly date: string;
  /** Pointer revision that the forecasts were routed by. */
  readonly revision: number;
  /** Forecasts for this day, as counts of series per arm and version, such as `production 1.0.0`. */
  readonly servedBy: Readonly<Record<string, number>>;
  readonly series: number;
  readonly stockouts: number;
}

/**
 * Replays a demand history day by day: in the morning each series is forecast by the inference function from what is
 * known, shops order by what it answers, customers come, and the day's outcomes are written.
 */
export class Replay {
  readonly #model: string;
  readonly #demand: Demand;
  readonly #rules: StockRules;
  readonly #ports: ReplayPorts;
  readonly #stocks: Map<string, Stock>;
  readonly #served: ServedForecast[] = [];
  #day: number;

  /**
   * `firstDay`: index of the first day to play; what lies before is history. `stocks`: as another replay left them, to
   * go on from there.
   */
  constructor(of: {
    readonly model: string;
    readonly demand: Demand;
    readonly firstDay: number;
    readonly rules: StockRules;
    readonly ports: ReplayPorts;
    readonly stocks?: Readonly<Record<string, Stock>>;
  }) {
    this.#model = of.model;
    this.#demand = of.demand;
    this.#rules = of.rules;
    this.#ports = of.ports;
    this.#day = of.firstDay;
    this.#stocks = new Map(Object.entries(of.stocks ?? {}));
  }

  /** Every forecast that was answered so far. */
  get served(): readonly ServedForecast[] {
    return this.#served;
  }

  /** What is on the shelves and on its way, for another replay to go on from. */
  get stocks(): Readonly<Record<string, Stock>> {
    return Object.fromEntries(this.#stocks);
  }

  get daysLeft(): number {
    return this.#demand.days - this.#day;
  }

  async playDay(): Promise<ReplayedDay> {
    if (this.daysLeft <= 0) throw new Error('The demand history is used up: there is no day left to replay.');
    const day = this.#day;
    const date = dateOf(this.#demand, day);
    const known = this.#demand.series.filter((series) => isKnown(series, day - 1));
    const forecasts = await this.#forecast(known, plusDays(date, -1));
    const rows = known.map((series) => ({ series, outcome: this.#sell(series, day, forecasts.bySeries) }));
    const asOf = `${plusDays(date, 1).replaceAll('-', '')}T050000Z`;
    await this.#ports.put(predictionPaths.outcomes(date, asOf, 'csv.gz'), gzipSync(outcomesCsv(date, rows)));
    this.#day += 1;
    return {
      date,
      revision: forecasts.revision,
      servedBy: countBy(forecasts.all.filter((one) => one.targetDate === date)),
      series: rows.length,
      stockouts: rows.filter(({ outcome }) => outcome.stockout).length,
    };
  }

  async #forecast(known: readonly DemandSeries[], asOf: string) {
    const requests = known.map((series) => ({
      ...namesOf(series),
      history: historyOf(series, this.#day - 1, HISTORY_DAYS),
    }));
    const answers = await Promise.all(
      batchesOf(requests).map(async (batch, index) => {
        const requestId = `replay-${asOf}-${index + 1}`;
        const event = { model: this.#model, asOf, horizonDays: HORIZON_DAYS, requestId, requests: batch };
        const { revision, forecasts } = await this.#ports.forecast(event);
        return { revision, forecasts: forecasts.map((one) => ({ ...one, requestId })) };
      }),
    );
    const all = answers.flatMap(({ forecasts }) => forecasts);
    this.#served.push(...all);
    return { all, bySeries: Map.groupBy(all, seriesKey), revision: answers[0]?.revision ?? 0 };
  }

  #sell(series: DemandSeries, day: number, served: ReadonlyMap<string, readonly ServedForecast[]>): StockOutcome {
    const forecasts = (served.get(seriesKey(series)) ?? []).toSorted((a, b) => (a.targetDate < b.targetDate ? -1 : 1));
    if (forecasts.length < coveredDays(this.#rules)) {
      throw new Error(`${series.sku} in ${series.store} got ${forecasts.length} forecasts, too few to order by.`);
    }
    const today = {
      demand: unitsOn(series, day),
      served: forecasts.map(({ units }) => units),
      past: historyOf(series, day - 1, HISTORY_DAYS),
    };
    const { stock, outcome } = playDay(
      this.#stocks.get(seriesKey(series)) ?? openingStock(today, this.#rules),
      today,
      this.#rules,
    );
    this.#stocks.set(seriesKey(series), stock);
    return outcome;
  }
}

/** Requests in as few batches as the limits of an invocation allow. */
export function batchesOf(
  requests: readonly ForecastRequest[],
  maxBytes: number = MAX_BATCH_BYTES,
): readonly (readonly ForecastRequest[])[] {
  // What an event holds besides its requests fits into this.
  const room = maxBytes - 1_000;
  const batches: ForecastRequest[][] = [];
  let bytes = room;
  for (const request of requests) {
    const size = Buffer.byteLength(JSON.stringify(request)) + 1;
    const batch = batches.at(-1);
    if (batch === undefined || bytes + size > room || batch.length >= MAX_BATCH_REQUESTS) {
      batches.push([request]);
      bytes = size;
    } else {
      batch.push(request);
      bytes += size;
    }
  }
  return batches;
}

/** Outcomes of one business day as the judges read them. */
export function outcomesCsv(
  date: string,
  rows: readonly { readonly series: DemandSeries; readonly outcome: StockOutcome }[],
): string {
  const lines = rows.map(({ series: { sku, store, region, category }, outcome }) => {
    const { sold, onHand, stockout, overstock } = outcome;
    return [date, ...[sku, store, region, category].map(csvCell), sold, onHand, stockout ? 1 : 0, overstock].join(',');
  });
  return `${['date,sku,store,region,category,units,on_hand,stockout,overstock_units', ...lines].join('\n')}\n`;
}

function namesOf({ sku, store, region, category }: DemandSeries) {
  return { sku, store, region, category };
}

function seriesKey({ sku, store }: { readonly sku: string; readonly store: string }): string {
  return JSON.stringify([sku, store]);
}

function countBy(forecasts: readonly ServedForecast[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { arm, version } of forecasts) {
    const name = `${arm} ${version}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
