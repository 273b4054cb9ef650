import type { ShadowWork, UnfinishedShadow } from '../../functions/inference/log/hand-over.ts';
import type { PredictionBatch } from '../../functions/inference/log/log-object.ts';
import type { PredictionRecord } from '../../functions/inference/log/prediction.ts';
import type { LogResult } from '../../functions/inference/log/prediction-log-store.ts';
import { pointerTo } from '../../functions/inference/pointer/pointer.ts';
import type { Forecaster } from '../../functions/inference/predictors/forecaster.ts';
import { inProcess } from '../../functions/inference/predictors/predictor.ts';
import { askInBatches, type SaidOfOne } from '../../functions/inference/predictors/run-version.ts';
import type { ForecastPorts } from '../../functions/inference/serving/forecast.ts';
import { type ForecastEvent, forecastEvent } from '../../functions/inference/serving/forecast-event.ts';
import type { Count, Signal, SignalDetail } from '../../functions/inference/serving/signals.ts';
import { IN_TOTO_PAYLOAD, signEnvelope } from '../../functions/platform/dsse.ts';
import type { JsonValue } from '../../functions/platform/json.ts';
import { evidencePaths } from '../../functions/platform/keys.ts';
import type { VersionFigures } from '../../functions/platform/metrics.ts';
import type { PointerDocument, UnsignedDocument } from '../../functions/pointer/document.ts';
import type { StoredObject } from '../../functions/registry/items.ts';
import type { MemoryEvidence } from '../fakes/memory-evidence.ts';
import type { TestKey } from '../fakes/test-key.ts';
import { unsignedDocument } from '../pointer/fixtures.ts';

export const NOW = new Date('2026-03-02T06:00:00.000Z');
export const UNTIL = '2026-04-01T00:00:00.000Z';
export const SHADOW = { shadowVersion: '2.0.0', shadowUntil: UNTIL } as const;
export const CANARY = { canaryVersion: '2.0.0', canaryUntil: UNTIL, canaryPercentage: 50 } as const;

/** The statement that a version's manifest signs, as far as readers look. */
export function manifestOf(artifact: StoredObject, name = 'demand/1.1.0'): JsonValue {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: artifact.sha256 } }],
    predicateType: 'urn:model-release:manifest:1',
    predicate: { artifact, knownFailureModes: ['none'] },
  };
}

/** Stores an artifact and its signed manifest where inference looks for them. */
export async function storeVersion(
  evidence: Pick<MemoryEvidence, 'writeOnce'>,
  key: Pick<TestKey, 'sign'>,
  { version = '1.1.0', artifact = '{"forecaster":"seasonal-naive"}' } = {},
): Promise<StoredObject> {
  const stored = await evidence.writeOnce(`candidates/demand_${version}/artifact`, artifact);
  const statement = manifestOf(stored, `demand/${version}`);
  const envelope = await signEnvelope(key.sign, { type: IN_TOTO_PAYLOAD, statement });
  await evidence.writeOnce(evidencePaths.versionManifest('demand', version), JSON.stringify(envelope));
  return stored;
}

/** Says the same number for every day. */
export const always =
  (units: number): Forecaster =>
  ({ horizonDays }) =>
    Array(horizonDays).fill(units);

export type Measured = VersionFigures & { readonly version: string };

export interface Stand {
  readonly ports: ForecastPorts;
  readonly signals: (readonly [Signal, SignalDetail])[];
  readonly counts: (readonly [Count, number])[];
  /** What versions were asked and gave. */
  readonly measured: Measured[];
  readonly batches: PredictionBatch[];
  /** Work that was left to others. */
  readonly handedOver: (ShadowWork & UnfinishedShadow)[];
  /** Records of the log as `sku arm version units`, of the first day unless told; served ones first. */
  told(horizonDays?: number): readonly string[];
}

export interface Scene {
  readonly document?: PointerDocument | null;
  readonly versions?: Readonly<Record<string, Forecaster>>;
  readonly ports?: Partial<ForecastPorts>;
}

export function documentOf(members: Partial<UnsignedDocument> = {}): PointerDocument {
  return { ...unsignedDocument(members), signature: 'c2ln' };
}

/** The use case on versions that tests make, with a log in memory. What runs apart runs in this process. */
export function stand({ document = documentOf(), versions = {}, ports = {} }: Scene = {}): Stand {
  const signals: (readonly [Signal, SignalDetail])[] = [];
  const counts: (readonly [Count, number])[] = [];
  const measured: Measured[] = [];
  const batches: PredictionBatch[] = [];
  const handedOver: (ShadowWork & UnfinishedShadow)[] = [];
  const all: Readonly<Record<string, Forecaster>> = { '1.1.0': always(11), ...versions };
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    signals,
    counts,
    measured,
    batches,
    handedOver,
    told: (horizonDays = 1) => {
      const records = batches.flatMap((batch) => batch.records).filter((record) => record.horizonDays === horizonDays);
      const skus = [...new Set(records.map(({ sku }) => sku))];
      const rank = ({ sku, arm }: PredictionRecord) => 2 * skus.indexOf(sku) + Number(arm === 'shadow');
      return records
        .toSorted((a, b) => rank(a) - rank(b))
        .map(({ sku, arm, version, units }) => `${sku} ${arm} ${version} ${units}`);
    },
    ports: {
      pointer: async () => (document === null ? null : pointerTo(document)),
      models: modelsOf(all),
      runApart: async ({ artifact: { version }, requests, positions, stop }) => {
        const predictor = inProcess(all[version] ?? always(Number.NaN));
        const said: SaidOfOne[] = requests.map(() => null);
        const open = new Set(positions);
        let code: string | undefined;
        const answer = (position: number, one: SaidOfOne) => {
          said[position] = one;
          open.delete(position);
        };
        const failed = (cause: string) => {
          code ??= cause;
        };
        const stopped = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve()));
        await Promise.race([
          askInBatches({ predictor, requests, positions, pause }, stop, { answer, failed }),
          stopped,
        ]);
        return { said, unfinished: [...open], ...(code === undefined ? {} : { code }) };
      },
      budgets: { productionMs: 2_000, candidateMs: 50, firstCandidateMs: 50 },
      isFirstMet: () => false,
      pause,
      log: async (batch) => {
        batches.push(batch);
        return LOGGED;
      },
      handOverShadow: async (work, rest) => {
        handedOver.push({ ...work, ...rest });
        return true;
      },
      signal: (name, detail) => signals.push([name, detail]),
      count: (name, value) => void (value > 0 && counts.push([name, value])),
      measure: ({ version }, figures) => measured.push({ version, ...figures }),
      now: () => NOW,
      ...ports,
    },
  };
}

export const LOGGED: LogResult = {
  ...{ written: 1, repeated: 0, handedOver: 0, failed: 0, handedOverRecords: 0, lostRecords: 0 },
  causes: [],
};

function modelsOf(versions: Readonly<Record<string, Forecaster>>): ForecastPorts['models'] {
  const missing = { ok: false, code: 'NOT_FOUND', isFinal: true } as const;
  const loaded = (version: string) => ({ model: 'demand', version, sha256: '', bytes: new Uint8Array() });
  return {
    fetch: async (_model, version) => (version in versions ? { ok: true, loaded: loaded(version) } : missing),
    loadStandard: async (_model, version, previous) => {
      const [served] = [version, previous].filter((one) => one in versions);
      const forecaster = served === undefined ? undefined : versions[served];
      return {
        loaded:
          served === undefined || forecaster === undefined
            ? null
            : { ...loaded(served), predictor: inProcess(forecaster) },
        failure: served === version ? null : missing,
      };
    },
  };
}

export const WEEK = [1, 2, 3, 4, 5, 6, 7] as const;

export function requestOf(sku: string, members: object = {}) {
  return { sku, store: 'harbour', region: 'north', category: 'fresh', history: [...WEEK], ...members };
}

export function eventOf(members: object = {}) {
  const requests = ['milk', 'bread', 'salt'].map((sku) => requestOf(sku));
  return { model: 'demand', asOf: '2026-03-01', horizonDays: 2, requestId: 'day-60', requests, ...members };
}

/** The same as it is once parsed. */
export function parsedEvent(members: object = {}): ForecastEvent {
  return forecastEvent.parse(eventOf(members));
}
