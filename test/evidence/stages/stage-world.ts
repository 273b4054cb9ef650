import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { CanaryEvidence } from '../../../functions/evidence/canary/canary-stage.ts';
import { type CanarySettings, sumCanary } from '../../../functions/evidence/canary/canary-stage-store.ts';
import type { PowerEvidence } from '../../../functions/evidence/canary/power.ts';
import { type PowerSettings, sumPower } from '../../../functions/evidence/canary/power-store.ts';
import type { RecordedFiles } from '../../../functions/evidence/offline/recorded-store.ts';
import { type ShadowConfig, shadowConfig } from '../../../functions/evidence/shadow/shadow-config.ts';
import type { ShadowEvidence, ShadowRequest } from '../../../functions/evidence/shadow/shadow-looks.ts';
import { sumShadow } from '../../../functions/evidence/shadow/shadow-sums-store.ts';
import type { DatedObject, SizedObject } from '../../../functions/evidence/stages/prediction-files-store.ts';
import type { RecordFilter, StageRead } from '../../../functions/evidence/stages/stage-evidence.ts';
import { readStage, type StageFiles } from '../../../functions/evidence/stages/stage-evidence-store.ts';
import type { DuckdbStore } from '../../../functions/evidence/tables/duckdb-store.ts';
import type { PredictionRecord } from '../../../functions/inference/log/prediction.ts';
import { Cohort } from '../../../functions/inference/routing/cohort.ts';
import { sha256Hex } from '../../../functions/platform/json.ts';
import { predictionPaths } from '../../../functions/platform/keys.ts';

/** A promotion of model `demand`, version 2.0 over 1.0, and the documents that exposed it. */
export const PROMOTION = 'demand_2-0_1';
export const UNTIL = '2026-12-31T00:00:00.000Z';
export const SHADOW: RecordFilter = {
  promotionId: PROMOTION,
  candidate: '2.0',
  exposures: [{ revision: 5, step: 0, percentage: 0, until: UNTIL }],
};
export const CANARY: RecordFilter = {
  promotionId: PROMOTION,
  candidate: '2.0',
  exposures: [
    { revision: 6, step: 0, percentage: 20, until: UNTIL },
    { revision: 7, step: 1, percentage: 50, until: UNTIL },
  ],
};

const DAY = 86_400_000;
export function dayAfter(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
}

export function record(members: Partial<PredictionRecord> = {}): PredictionRecord {
  return {
    ...{
      at: '2026-03-01T05:00:00.000Z',
      model: 'demand',
      version: '2.0',
      arm: 'shadow',
      sku: 'milk',
      store: 'harbour',
    },
    ...{ region: 'north', category: 'fresh', segments: [], targetDate: '2026-03-02', horizonDays: 1, units: 10 },
    ...{ revision: 5, promotionId: PROMOTION, requestId: 'batch-1' },
    ...members,
  };
}

export interface OutcomeRow {
  readonly date: string;
  readonly sku: string;
  readonly store: string;
  readonly units: number | string;
  readonly on_hand?: number | string;
  readonly stockout?: number | string;
  readonly overstock_units?: number | string;
}

/** The prediction bucket in memory, with the contract of PredictionFilesStore. */
export class MemoryFiles implements StageFiles, RecordedFiles {
  readonly objects = new Map<string, Buffer>();

  /** Writes records as inference does: one object per request, as-of date, arm, version and revision. */
  log(records: readonly PredictionRecord[]): void {
    const groups = Map.groupBy(records, (one) =>
      predictionPaths.prediction({ ...one, asOf: dayAfter(one.targetDate, -one.horizonDays) }),
    );
    for (const [key, lines] of groups) {
      const before = this.objects.get(key);
      const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
      this.objects.set(key, gzipSync(before === undefined ? text : gunzipSync(before).toString() + text));
    }
  }

  /** Writes one file per business day. */
  outcomes(rows: readonly OutcomeRow[], asof = '20260401T000000Z'): void {
    for (const [date, ofDay] of Map.groupBy(rows, (row) => row.date)) {
      const header = ['date', 'sku', 'store', 'region', 'category', 'units', 'on_hand', 'stockout', 'overstock_units'];
      const given = header.filter((name) => name in (ofDay[0] ?? {}) || name === 'region' || name === 'category');
      const lines = ofDay.map((row) =>
        given.map((name) => String(Object.entries(row).find(([key]) => key === name)?.[1] ?? '')).join(','),
      );
      this.put(predictionPaths.outcomes(date, asof, 'csv.gz'), gzipSync(`${[given.join(','), ...lines].join('\n')}\n`));
    }
  }

  put(key: string, bytes: Uint8Array): void {
    this.objects.set(key, Buffer.from(bytes));
  }

  async findPredictions(model: string, revisions: readonly number[]): Promise<readonly DatedObject[]> {
    return [...this.objects.keys()].toSorted().flatMap((key) => {
      const [, date = '', revision = ''] =
        new RegExp(`^predictions/model=${model}/date=([^/]+)/.*-(\\d+)\\.ndjson\\.gz$`).exec(key) ?? [];
      return revisions.map(String).includes(revision) ? [{ key, date }] : [];
    });
  }

  async findOutcomes(): Promise<readonly DatedObject[]> {
    const newest = new Map<string, DatedObject>();
    for (const key of [...this.objects.keys()].toSorted()) {
      const date = /^outcomes\/date=([^/]+)\//.exec(key)?.[1];
      if (date !== undefined) newest.set(date, { key, date });
    }
    return [...newest.values()];
  }

  async findForecasts(model: string, version: string, dates: readonly string[]): Promise<readonly SizedObject[]> {
    const wanted = new Set(dates);
    return [...this.objects].toSorted().flatMap(([key, bytes]) => {
      const [, date = ''] =
        new RegExp(`^predictions/model=${model}/date=([^/]+)/.*/version=${version}/`).exec(key) ?? [];
      return wanted.has(date) ? [{ key, date, bytes: bytes.length }] : [];
    });
  }

  async findOutcomesOf(dates: readonly string[]): Promise<readonly SizedObject[]> {
    const sized = (await this.findOutcomes()).map((one) => ({ ...one, bytes: this.objects.get(one.key)?.length ?? 0 }));
    return sized.filter(({ date }) => dates.includes(date));
  }

  async save(objects: readonly DatedObject[], directory: string): ReturnType<StageFiles['save']> {
    return Promise.all(
      objects.map(async (object, index) => {
        const bytes = this.objects.get(object.key) ?? Buffer.of();
        const path = `${directory}/${index}`;
        await writeFile(path, bytes);
        return { ...object, path, version: sha256Hex(bytes), whole: isWhole(bytes) };
      }),
    );
  }
}

function isWhole(bytes: Buffer): boolean {
  try {
    return gunzipSync(bytes).length >= 0;
  } catch {
    return false;
  }
}

async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'stage-'));
  try {
    await mkdir(directory, { recursive: true });
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const engine = { memoryMb: 512, threads: 2 };

export const shadowThresholds = (members: Partial<ShadowConfig> = {}): ShadowConfig =>
  shadowConfig.parse({
    ...{ min_rows: 20, min_series: 2, min_cycles: 2, max_cycles: 4, churn_min_pairs: 10 },
    ...members,
  });

export const NO_LOOK = { decisions: 0, cycles: 0 };

export function readShadow(
  files: StageFiles,
  request: Partial<ShadowRequest> = {},
  filter = SHADOW,
): Promise<StageRead<ShadowEvidence>> {
  const { config = shadowThresholds(), taken = NO_LOOK } = request;
  return inDirectory((directory) =>
    readStage({ files, engine }, { model: 'demand', filter, directory, daysBefore: 0 }, (db, quality) =>
      sumShadow(db, quality, { config, taken }),
    ),
  );
}

export const RULE = {
  unit: 'sku-store',
  salt: PROMOTION,
  where: { regions: [], stores: [], skus: [], categories: [] },
  excludedSegments: [],
} as const;

export const canarySettings = (members: Partial<CanarySettings> = {}): CanarySettings => ({
  ...{ rule: RULE, percentages: [20, 50], last: 1, minShare: 0.95, coverDays: 14, daysBefore: 28 },
  ...{ candidate: '2.0', production: '1.0' },
  ...members,
});

export function readCanary(
  files: StageFiles,
  settings = canarySettings(),
  filter = CANARY,
): Promise<StageRead<CanaryEvidence>> {
  return inDirectory((directory) =>
    readStage({ files, engine }, { model: 'demand', filter, directory, daysBefore: 56 }, (db, quality) =>
      sumCanary(db, quality, settings),
    ),
  );
}

export function readPower(
  files: StageFiles,
  settings: PowerSettings,
  filter: RecordFilter = SHADOW,
): Promise<StageRead<PowerEvidence>> {
  return inDirectory((directory) =>
    readStage({ files, engine }, { model: 'demand', filter, directory, daysBefore: 56 }, (db) =>
      sumPower(db, settings),
    ),
  );
}

/** What `read` makes of the tables that `readStage` fills. */
export async function readTables<T>(
  files: StageFiles,
  filter: RecordFilter,
  daysBefore: number,
  read: (engine: DuckdbStore) => Promise<T>,
): Promise<T> {
  const { sums } = await inDirectory((directory) =>
    readStage({ files, engine }, { model: 'demand', filter, directory, daysBefore }, read),
  );
  return sums;
}

export interface Series {
  readonly sku: string;
  readonly store: string;
}

export const SERIES: readonly Series[] = Array.from({ length: 40 }, (_, index) => ({
  sku: `sku-${index % 10}`,
  store: `store-${Math.floor(index / 10)}`,
}));

/** Demand that differs by series and weekday, the same on every machine. */
export function demandOf({ sku, store }: Series, date: string): number {
  const day = Math.round(Date.parse(date) / DAY);
  return 5 + ((Number(sku.slice(4)) * 3 + Number(store.slice(6)) * 5 + day * 7) % 11);
}

/** What one version forecasts of a unit for a day, made so many days before. */
export type Forecast = (series: Series, date: string, horizonDays: number) => PredictionRecord['units'];

export const exact: Forecast = (series, date) => demandOf(series, date) + 1;
export const vague: Forecast = (series, date, horizonDays) => demandOf(series, date) + 2 + horizonDays / 10;

/** Records of one batch: every series and day ahead by both versions, as the router would log them. */
export function batch(of: {
  readonly asOf: string;
  readonly candidate?: Forecast;
  readonly production?: Forecast;
  readonly revision?: number;
  /** Percentage of the canary; without it the candidate is a shadow. */
  readonly percentage?: number;
  readonly requestId?: string;
  readonly horizons?: readonly number[];
  readonly series?: readonly Series[];
}): readonly PredictionRecord[] {
  const { asOf, candidate = exact, production = vague, revision = 5, percentage = 0, requestId = `batch-${asOf}` } = of;
  return (of.series ?? SERIES).flatMap((series) =>
    (of.horizons ?? [1, 2]).flatMap((horizonDays) => {
      const targetDate = dayAfter(asOf, horizonDays);
      const region = series.store < 'store-2' ? 'north' : 'south';
      const unit = { ...series, region, category: 'fresh', segments: [] };
      const common = { ...unit, at: `${asOf}T05:00:00.000Z`, targetDate, horizonDays, revision, requestId };
      const inCanary = new Cohort({ ...RULE, percentage }).has(unit);
      const forecasts = {
        candidate: candidate(series, targetDate, horizonDays),
        production: production(series, targetDate, horizonDays),
      };
      const usable = typeof forecasts.candidate === 'number' && forecasts.candidate >= 0;
      const served = inCanary && usable;
      return [
        record({ ...common, version: '2.0', arm: served ? 'canary' : 'shadow', units: forecasts.candidate }),
        record({ ...common, version: '1.0', arm: served ? 'shadow' : 'production', units: forecasts.production }),
      ];
    }),
  );
}

export function outcomesOf(
  dates: readonly string[],
  stock: (series: Series, date: string) => Partial<OutcomeRow> = () => ({}),
): readonly OutcomeRow[] {
  return dates.flatMap((date) =>
    SERIES.map((series) => ({ date, ...series, units: demandOf(series, date), ...stock(series, date) })),
  );
}

export function datesFrom(first: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => dayAfter(first, index));
}
