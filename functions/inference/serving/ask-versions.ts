import type { PointerDocument } from '../../pointer/document.ts';
import type { Forecaster } from '../predictors/forecaster.ts';
import type { ModelStore } from '../predictors/model-store.ts';
import { SAFE_FORECAST, seasonalNaive } from '../predictors/seasonal-naive.ts';
import type { Route, Served } from '../routing/router.ts';
import type { ForecastEvent } from './forecast-event.ts';
import { runVersion, type Said } from './run-version.ts';

/** How long each version may take for all requests of a batch together. */
export interface Budgets {
  /** The caller needs it, so it gets what a caller can wait for; after that the safe forecast serves. */
  readonly productionMs: number;
  /** A candidate may not hold up the answer: several hundred times what a sound one needs for a shop's products. */
  readonly candidateMs: number;
}

export interface AskPorts {
  readonly models: Pick<ModelStore, 'load' | 'loaded'>;
  readonly budgets: Budgets;
  readonly pause: () => Promise<void>;
}

export interface Batch {
  readonly event: ForecastEvent;
  readonly document: PointerDocument | null;
  /** Who serves by the document where there is neither canary nor kill switch. */
  readonly standard: Served;
  /** One per request of the event. */
  readonly routes: readonly Route[];
}

export interface Answers {
  /** By version, or by the safe forecast's name. A version that could not be loaded said nothing. */
  readonly said: ReadonlyMap<string, Said>;
  /** Serves in place of a production version that could not be loaded. */
  readonly standIn: string | null;
  readonly notLoaded: readonly { readonly version: string; readonly code: string; readonly forecasts: number }[];
}

/**
 * Asks every version that the routes name. Production comes first and whole, since it serves wherever a candidate fails;
 * then each candidate, the units that it serves before those that it only forecasts for the log.
 */
export async function askVersions(ports: AskPorts, batch: Batch): Promise<Answers> {
  const { model, horizonDays } = batch.event;
  const production = batch.standard.version;
  const versions = namedVersions(batch.routes, production);
  const loads = new Map(versions.map((version) => [version, ports.models.load(model, version)]));
  const said = new Map<string, Said>([[SAFE_FORECAST, safeForecasts(batch.event)]]);
  const notLoaded: Answers['notLoaded'][number][] = [];
  let standIn: string | null = null;
  for (const [version, load] of loads) {
    const loaded = await load;
    const positions = positionsOf(version, batch.routes);
    const budgetMs = version === production ? ports.budgets.productionMs : ports.budgets.candidateMs;
    if (loaded.ok) {
      said.set(version, await run(ports, batch.event, { forecaster: loaded.forecaster, positions, budgetMs }));
      continue;
    }
    notLoaded.push({ version, code: loaded.code, forecasts: positions.length * horizonDays });
    const previous = version === production ? lastGood(ports, batch) : null;
    if (previous === null) continue;
    standIn = previous.version;
    said.set(standIn, await run(ports, batch.event, { forecaster: previous.forecaster, positions, budgetMs }));
  }
  return { said, standIn, notLoaded };
}

/** Versions in the order in which they are asked. */
function namedVersions(routes: readonly Route[], production: string): readonly string[] {
  const named = new Set(routes.flatMap(({ version, shadows }) => [version, ...shadows]));
  named.delete(SAFE_FORECAST);
  const first = named.delete(production) ? [production] : [];
  return [...first, ...named];
}

/** Requests that a version forecasts: those that it serves, then the others. */
function positionsOf(version: string, routes: readonly Route[]): readonly number[] {
  const all = routes.map((_route, position) => position);
  return [
    ...all.filter((position) => routes[position]?.version === version),
    ...all.filter((position) => routes[position]?.shadows.includes(version)),
  ];
}

/**
 * The version before production's, if this process has it. The document names it, so it is not withdrawn: the version
 * that served here last may be the very one that was rolled back.
 */
function lastGood(
  { models }: AskPorts,
  { event, document }: Batch,
): { readonly version: string; readonly forecaster: Forecaster } | null {
  const version = document?.previousVersion ?? '';
  const forecaster = version === '' ? null : models.loaded(event.model, version);
  return forecaster === null ? null : { version, forecaster };
}

function run(
  { pause }: AskPorts,
  event: ForecastEvent,
  version: { readonly forecaster: Forecaster; readonly positions: readonly number[]; readonly budgetMs: number },
): Promise<Said> {
  const { asOf, horizonDays } = event;
  const requests = event.requests.map((request) => ({ ...request, asOf, horizonDays }));
  return runVersion({ ...version, requests, pause });
}

/** Of all requests: it is as good as free, and serves wherever nothing else can. */
function safeForecasts({ requests, horizonDays }: ForecastEvent): Said {
  return requests.map(({ history }) => seasonalNaive({ history, horizonDays }));
}
