import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GuardFiles } from '../../../functions/evidence/guard/guard-evidence-store.ts';
import type { Arrival } from '../../../functions/evidence/guard/guard-item.ts';
import type { RoutedObject } from '../../../functions/evidence/stages/prediction-files-store.ts';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import {
  batch,
  datesFrom,
  dayAfter,
  type Forecast,
  MemoryFiles,
  outcomesOf,
  type Series,
} from '../stages/stage-world.ts';

/** The prediction bucket in memory, as the guard lists it. */
export class GuardWorldFiles extends MemoryFiles implements GuardFiles {
  readonly model: string;
  /** Forecasts come at five on their as-of date, outcomes at four on the day after; else history was replayed in one go. */
  isLive = false;

  constructor(model = 'demand') {
    super();
    this.model = model;
  }

  async asOfDates(model: string): Promise<readonly string[]> {
    const dates = [...this.objects.keys()].flatMap(
      (key) => new RegExp(`^predictions/model=${model}/date=([^/]+)/`).exec(key)?.[1] ?? [],
    );
    return [...new Set(dates)].sort().reverse();
  }

  async asOfArrival(model: string, date: string): Promise<string | null> {
    const isThere = (await this.asOfDates(model)).includes(date);
    return isThere ? this.#cameAt(`${date}T05:00:00.000Z`) : null;
  }

  async outcomeArrivals(): Promise<readonly Arrival[]> {
    const found = await this.findOutcomes();
    return found.map(({ date }) => ({ date, at: this.#cameAt(`${dayAfter(date, 1)}T04:00:00.000Z`) }));
  }

  #cameAt(time: string): string {
    return this.isLive ? time : '2026-12-01T00:00:00.000Z';
  }

  async findVersions(
    model: string,
    { versions, dates }: { readonly versions: readonly string[]; readonly dates: readonly string[] },
  ): Promise<readonly RoutedObject[]> {
    const pattern = new RegExp(`^predictions/model=${model}/date=([^/]+)/arm=[^/]+/version=([^/]+)/.*-(\\d+)\\.ndjson`);
    return [...this.objects].sort().flatMap(([key, { length: bytes }]) => {
      const [, date = '', version = '', revision = ''] = pattern.exec(key) ?? [];
      return versions.includes(version) && dates.includes(date)
        ? [{ key, date, bytes, revision: Number(revision) }]
        : [];
    });
  }

  override log(records: readonly PredictionRecord[]): void {
    super.log(records.map((one) => ({ ...one, model: this.model })));
  }
}

/** Revision of the document that promoted version 2.0; those before it exposed it beside 1.0. */
export const PROMOTED_REVISION = 8;
const SHADOW_REVISION = 4;

/** A small error that wavers from day to day and series to series, so that a reference has a spread. */
export function near(error: number): Forecast {
  return (series, date) => demand(series, date) + error * (1 + (Number(date.slice(-2)) % 3) / 20);
}

/** What `stage-world` says was sold. */
function demand({ sku, store }: Series, date: string): number {
  const day = Math.round(Date.parse(date) / 86_400_000);
  return 5 + ((Number(sku.slice(4)) * 3 + Number(store.slice(6)) * 5 + day * 7) % 11);
}

export interface Phase {
  readonly first: string;
  readonly days: number;
  readonly version?: Forecast;
  readonly previous?: Forecast | null;
  readonly horizons?: readonly number[];
  readonly series?: readonly Series[];
  /** Of the document that routed them, and the promotion that it is of. */
  readonly routed?: { readonly revision: number; readonly promotionId: string };
}

/** As-of dates before the promotion: 2.0 beside 1.0. */
export function logShadow(files: GuardWorldFiles, phase: Phase): void {
  for (const asOf of datesFrom(phase.first, phase.days)) files.log(recordsOf(asOf, phase, SHADOW_REVISION));
}

/** As-of dates since: 2.0 serves, 1.0 beside it unless it does not run any more. */
export function logLive(files: GuardWorldFiles, phase: Phase): void {
  for (const asOf of datesFrom(phase.first, phase.days)) {
    const served = recordsOf(asOf, phase, PROMOTED_REVISION).map((one) => ({
      ...one,
      ...phase.routed,
      arm: one.version === '2.0' ? ('production' as const) : ('shadow' as const),
    }));
    files.log(served.filter(({ version }) => version === '2.0' || phase.previous !== null));
  }
}

function recordsOf(asOf: string, phase: Phase, revision: number): readonly PredictionRecord[] {
  const { version = near(1), previous, horizons = [1], series } = phase;
  const production = previous ?? near(1.1);
  return batch({ asOf, candidate: version, production, revision, horizons, ...(series ? { series } : {}) });
}

/** Outcomes of days, one file each. */
export function sell(files: GuardWorldFiles, first: string, days: number, times = 1): void {
  const rows = outcomesOf(datesFrom(first, days)).map((row) => ({ ...row, units: Number(row.units) * times }));
  files.outcomes(rows, '20260501T000000Z');
}

export async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'guard-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
