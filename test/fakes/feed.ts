import { gzipSync } from 'node:zlib';
import { ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Arm, ForecastUnits, PredictionRecord } from '../../functions/inference/log/prediction.ts';
import { SAFE_FORECAST } from '../../functions/inference/predictors/seasonal-naive.ts';
import { Cohort } from '../../functions/inference/routing/cohort.ts';
import type { Unit } from '../../functions/inference/routing/unit.ts';
import { asUnits, isUsable } from '../../functions/inference/serving/settle.ts';
import { plusDays } from '../../functions/platform/duration.ts';
import { parsePromotionId } from '../../functions/platform/ids.ts';
import { predictionPaths } from '../../functions/platform/keys.ts';
import type { Exposure, PromotionItem } from '../../functions/registry/items.ts';
import type { RegistryStore } from '../../functions/registry/registry-store.ts';

/** What the candidate does: `stockouts` forecasts well, but shelves of its units run empty. */
export const QUALITIES = ['good', 'bad-bias', 'unstable', 'nan', 'negative', 'missing', 'stockouts'] as const;
export type Quality = (typeof QUALITIES)[number];

export interface FeedPorts {
  readonly registry: Pick<RegistryStore, 'run'>;
  readonly s3: S3Client;
  /** The prediction bucket. */
  readonly bucket: string;
}

/** A policy under which what `feed` writes is enough: two cycles beside production, one week at half of the units. */
export const QUICK_POLICY = {
  shadow: { min_cycles: 2, max_cycles: 2, min_rows: 100, min_series: 30 },
  shadowPlan: { maxDuration: 'PT10M' },
  canary: {
    ...{ min_clusters: 10, pass_every_days: 7, max_days: 7, ops: { min_expected: 50 } },
    // Thirty units in the canary show no less than this of the accuracy.
    metrics: { paired_wape: { rel_margin: 0.05 } },
  },
  canaryPlan: { steps: [{ percentage: 50, hold: 'P7D' }], maxDuration: 'PT10M' },
  // The teams downstream are told, and nothing waits for a day.
  notice: { leadTime: 'PT0S' },
  confirmation: 'PT10M',
  poll: 'PT1S',
} as const;

/** A Monday. */
const FIRST_DATE = '2026-01-05';
const HORIZONS = [1, 2] as const;
const WEEK = [0.8, 0.9, 1, 1, 1.1, 1.3, 0.9];

/** Sixty series: twenty articles in three stores of two regions. */
export const UNITS: readonly Unit[] = Array.from({ length: 60 }, (_, index) => ({
  sku: `sku-${String(Math.floor(index / 3) + 1).padStart(2, '0')}`,
  store: ['harbour', 'market', 'village'][index % 3] ?? '',
  region: index % 3 === 0 ? 'north' : 'south',
  category: index % 2 === 0 ? 'fresh' : 'drinks',
  segments: [],
}));

export interface Feeding {
  readonly promotionId: string;
  readonly days: number;
  readonly quality?: Quality;
  /** First business day; the one after those fed before, if none is given. */
  readonly from?: string;
  /** What is written; both, if nothing is given. */
  readonly only?: 'predictions' | 'outcomes';
  /** Counts repetitions: the same day once more, under other request ids, and with outcomes that count as newer. */
  readonly repetition?: number;
  /** What the outcomes' units are multiplied by: not 1 where they are to be restated later. */
  readonly unitsTimes?: number;
}

/**
 * Writes what inference and the shops would have written for so many business days of a promotion whose candidate is in
 * the pointer, or serves: forecasts of both versions under its newest document, and outcomes. Answers the first of the days.
 */
export async function feed(ports: FeedPorts, of: Feeding): Promise<string> {
  const run = await promotion(ports, of.promotionId);
  const exposure = run.pointer === undefined ? run.exposures.at(-1) : { ...PROMOTED, ...run.pointer };
  if (exposure === undefined) throw new Error(`${of.promotionId} has exposed nothing yet.`);
  const first = of.from ?? (await nextDate(ports, run.model));
  for (let day = 0; day < of.days; day += 1) {
    const fed = { ...DEFAULTS, ...of, run, exposure, date: plusDays(first, day) };
    if (of.only !== 'outcomes') await writePredictions(ports, fed);
    if (of.only !== 'predictions') await writeOutcomes(ports, fed);
  }
  return first;
}

const DEFAULTS = { quality: 'good', repetition: 0, unitsTimes: 1 } as const;

/** The document that promoted it, as one that exposes: the version before runs beside it, unserved. */
const PROMOTED = { stage: 'shadow', step: 0, percentage: 0, until: '' } as const;

/**
 * Feeds the stage that a promotion is in, or is about to be in, until its gate is judged or the promotion has ended:
 * each canary step for as long as it is held. Resolves with the verdict; null when it ended without one.
 */
export async function feedStage(
  ports: FeedPorts,
  of: { readonly promotionId: string; readonly stage: 'shadow' | 'canary'; readonly quality?: Quality },
): Promise<string | null> {
  let fed = 0;
  for (let look = 0; look < 600; look += 1) {
    const run = await promotion(ports, of.promotionId);
    const judged = run.gates[of.stage];
    if (judged !== undefined) return judged.verdict;
    if (run.end !== undefined) return null;
    const exposures = run.exposures.filter(({ stage }) => stage === of.stage);
    if (exposures.length > fed) {
      await feed(ports, { ...of, days: daysOf(run, of.stage, fed) });
      fed += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The ${of.stage} gate of ${of.promotionId} was not judged.`);
}

/** Days that a stage needs at one of its documents: by the policies of tests, a cycle is a week. */
function daysOf(run: PromotionItem, stage: 'shadow' | 'canary', step: number): number {
  if (stage === 'shadow') return 14;
  return Number(/^P(\d+)D$/.exec(run.plan.canary.steps[step]?.hold ?? '')?.[1] ?? 7);
}

async function promotion(ports: FeedPorts, promotionId: string): Promise<PromotionItem> {
  const run = await ports.registry.run(parsePromotionId(promotionId)?.model ?? '', promotionId);
  if (run?.kind === 'promotion') return run;
  throw new Error(`There is no promotion ${promotionId}.`);
}

/** The first business day of which the model has no forecast. */
async function nextDate({ s3, bucket }: FeedPorts, model: string): Promise<string> {
  const Prefix = predictionPaths.modelPrefix(model);
  const { CommonPrefixes } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, Delimiter: '/' }));
  const dates = (CommonPrefixes ?? []).map(({ Prefix: found = '' }) => /date=([\d-]+)\//.exec(found)?.[1] ?? '');
  const last = dates.toSorted().at(-1);
  // The newest forecasts were made the evening before the newest day.
  return last === undefined ? firstDate(model) : plusDays(last, 2);
}

/**
 * Each model has years of its own: outcomes belong to all models, and one whose days were known before they were forecast
 * would be judged while its forecasts are still being written.
 */
function firstDate(model: string): string {
  return plusDays(FIRST_DATE, 728 * Math.floor(18 * (1 + noise(model))));
}

interface Fed {
  readonly run: PromotionItem;
  readonly exposure: Exposure;
  /** Business day; its forecasts are made the evening before. */
  readonly date: string;
  readonly quality: Quality;
  readonly repetition: number;
  readonly unitsTimes: number;
}

async function writePredictions({ s3, bucket }: FeedPorts, fed: Fed): Promise<void> {
  const { model } = fed.run;
  const asOf = plusDays(fed.date, -1);
  const { revision } = fed.exposure;
  const requestId = `feed-${asOf}-${fed.repetition}`;
  const records = UNITS.flatMap((unit) =>
    HORIZONS.flatMap((ahead) => recordsOf(fed, unit, { asOf, ahead, requestId })),
  );
  for (const group of Map.groupBy(records, ({ arm, version }) => `${arm} ${version}`).values()) {
    const { arm = '', version = '' } = group[0] ?? {};
    const Key = predictionPaths.prediction({ model, asOf, arm, version, requestId, revision });
    const Body = gzipSync(group.map((record) => `${JSON.stringify(record)}\n`).join(''));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfNoneMatch: '*' }));
  }
}

/** Both versions' forecasts of one unit and day, as the router would have used them. */
function recordsOf(
  fed: Fed,
  unit: Unit,
  made: { readonly asOf: string; readonly ahead: number; readonly requestId: string },
): readonly PredictionRecord[] {
  const { run, exposure, quality } = fed;
  const targetDate = plusDays(made.asOf, made.ahead);
  const [own, standard] = forecastsOf(quality, unit, { ...made, targetDate });
  const baseline = run.baseline === '' ? SAFE_FORECAST : run.baseline;
  const standardArm: Arm = run.baseline === '' ? 'fallback' : 'production';
  const byCandidate = exposure.stage === 'canary' && inCohort(run, exposure, unit) && isUsable(own);
  const record = (arm: Arm, version: string, units: ForecastUnits): PredictionRecord => ({
    ...{ at: new Date().toISOString(), model: run.model, version, arm },
    ...{ ...unit, segments: [...unit.segments] },
    ...{ targetDate, horizonDays: made.ahead, units },
    ...{ revision: exposure.revision, promotionId: run.promotionId, requestId: made.requestId },
  });
  if (exposure.revision === run.pointer?.revision) {
    return [record('production', run.version, own), record('shadow', baseline, standard)];
  }
  return [
    record(byCandidate ? 'canary' : 'shadow', run.version, own),
    record(byCandidate ? 'shadow' : standardArm, baseline, standard),
  ];
}

function inCohort(run: PromotionItem, { percentage }: Exposure, unit: Unit): boolean {
  const { unit: kind, where, excludedSegments } = run.plan.canary;
  return new Cohort({ unit: kind, where, excludedSegments, salt: run.promotionId, percentage }).has(unit);
}

/** Candidate and comparator. The comparator is off by a fifth; a good candidate knows the mean. */
function forecastsOf(
  quality: Quality,
  unit: Unit,
  { ahead, targetDate }: { readonly ahead: number; readonly targetDate: string },
): readonly [ForecastUnits, number] {
  const mean = meanOf(unit, targetDate);
  const standard = mean * (noise(`${unit.sku} ${unit.store} ${targetDate} standard`) > 0 ? 1.2 : 0.8);
  const rare = Math.abs(noise(`${unit.sku} ${unit.store} ${targetDate} ${ahead}`)) < 0.1;
  switch (quality) {
    case 'good':
    case 'stockouts':
      return [mean, standard];
    case 'bad-bias':
      return [0.88 * mean, standard];
    case 'unstable':
      return [mean * (ahead === 1 ? 1.4 : 0.6), standard];
    case 'nan':
      return [asUnits(rare ? Number.NaN : mean), standard];
    case 'negative':
      return [rare ? -mean : mean, standard];
    case 'missing':
      return [rare ? null : mean, standard];
  }
}

async function writeOutcomes({ s3, bucket }: FeedPorts, fed: Fed): Promise<void> {
  const { run, exposure, date, quality, repetition, unitsTimes } = fed;
  const rows = UNITS.map((unit) => {
    const { sku, store, region, category } = unit;
    const sold = Math.max(0, Math.round(meanOf(unit, date) * (1 + 0.1 * noise(`${sku} ${store} ${date}`))));
    const units = sold * unitsTimes;
    const empty = quality === 'stockouts' && exposure.stage === 'canary' && inCohort(run, exposure, unit);
    // Once a week everything runs out, so that there is a rate to compare with, which no drawing of the cohort changes.
    const stockout = empty || new Date(`${date}T00:00:00Z`).getUTCDay() === 3;
    return [date, sku, store, region, category, units, stockout ? 0 : 5, stockout ? 1 : 0, units].join(',');
  });
  const header = 'date,sku,store,region,category,units,on_hand,stockout,overstock_units';
  // The last that was fed counts.
  const asof = new Date(Date.now() + repetition * 60_000).toISOString().replace(/[-:]|\.\d+/g, '');
  const Key = predictionPaths.outcomes(date, asof, 'csv.gz');
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: gzipSync(`${[header, ...rows].join('\n')}\n`) }));
}

function meanOf({ sku, store }: Unit, date: string): number {
  const level = 20 + 15 * noise(`${sku} ${store}`);
  return level * (WEEK[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? 1);
}

/** A number in (-1, 1) that a text always gives (FNV-1a, mixed). */
function noise(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 31 - 1;
}
