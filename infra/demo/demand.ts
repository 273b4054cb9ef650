import { plusDays } from '../../functions/platform/duration.ts';
/** One product in one shop with what its customers wanted, day by day. */
export interface DemandSeries {
  readonly sku: string;
  readonly store: string;
  readonly region: string;
  /** Empty where the data has none. */
  readonly category: string;
  /** Index of the day that `units[0]` belongs to: the first day of which something is known. */
  readonly start: number;
  /** Units per day, up to the last day of the demand. */
  readonly units: readonly number[];
}

/** A demand history. Days are counted from `firstDate`, which is day 0. */
export interface Demand {
  /** Business date `YYYY-MM-DD`. */
  readonly firstDate: string;
  readonly days: number;
  readonly series: readonly DemandSeries[];
}

const DAY_MS = 86_400_000;

/** Days from one business date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

export function dateOf(demand: Demand, day: number): string {
  return plusDays(demand.firstDate, day);
}

/** Units wanted on a day; 0 before the series starts. */
export function unitsOn(series: DemandSeries, day: number): number {
  return series.units[day - series.start] ?? 0;
}

/** Whether anything of a series was known on a day. */
export function isKnown(series: DemandSeries, day: number): boolean {
  return series.start <= day;
}

/** Units of the last `window` days up to and including `asOf`, oldest first; shorter where the series is. */
export function historyOf(series: DemandSeries, asOf: number, window: number): readonly number[] {
  const end = asOf + 1 - series.start;
  return series.units.slice(Math.max(0, end - window), Math.max(0, end));
}

/** Everything up to and including a day. */
export function upTo(demand: Demand, day: number): Demand {
  const series = demand.series.flatMap((one) =>
    one.start > day ? [] : [{ ...one, units: one.units.slice(0, day + 1 - one.start) }],
  );
  return { ...demand, days: Math.min(demand.days, day + 1), series };
}

/** As a CSV file of `date,sku,store,region,category,units`, a row per series and day. */
export function demandCsv(demand: Demand): string {
  const dates = Array.from({ length: demand.days }, (_, day) => dateOf(demand, day));
  const rows = demand.series.flatMap(({ sku, store, region, category, start, units }) => {
    const named = [sku, store, region, category].map(csvCell).join(',');
    return units.map((wanted, index) => `${dates[start + index]},${named},${wanted}`);
  });
  return `${['date,sku,store,region,category,units', ...rows].join('\n')}\n`;
}

export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
