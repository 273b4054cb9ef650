import { unlessAborted, within } from '../../platform/deadline.ts';
import type { ForecastRequest } from '../predictors/forecaster.ts';
import type { IsolatedJob } from '../predictors/isolated-runner-store.ts';
import type { ModelStore } from '../predictors/model-store.ts';
import { runVersion, type Said, type VersionAnswers } from '../predictors/run-version.ts';
import { isSafeForecast, safeForecast } from '../predictors/safe-forecasts.ts';
import { SAFE_FORECAST } from '../predictors/seasonal-naive.ts';
import type { Answers } from './answers.ts';
import { candidatesOf, positionsOf, type Question, versionRequests } from './question.ts';

/** How long versions may take for all requests of a question together. */
export interface Budgets {
  /** The caller needs it, so it gets what a caller can wait for; after that the safe forecast serves. 0: nobody asks it. */
  readonly productionMs: number;
  /** How much longer than production an answer waits for candidates: what they add to it at most. */
  readonly candidateMs: number;
  /** The same the first time that a process meets a version, which has to be fetched and made then. */
  readonly firstCandidateMs: number;
}

export interface AskPorts {
  readonly models: Pick<ModelStore, 'fetch' | 'loadStandard'>;
  /** Never rejects, and ends soon after it is told to stop. */
  readonly runApart: (job: IsolatedJob) => Promise<VersionAnswers>;
  readonly budgets: Budgets;
  /** True once for each version. */
  readonly isFirstMet: (model: string, version: string) => boolean;
  readonly pause: () => Promise<void>;
}

/** What one version said, or why it did not. */
interface Asked {
  readonly version: string;
  readonly positions: readonly number[];
  readonly answers: VersionAnswers;
  /** Why it could not be loaded. */
  readonly notLoaded?: string;
}

const NOTHING: VersionAnswers = { said: [], unfinished: [] };

/**
 * Asks every version that the routes name. Production, or the safe forecast, is asked here and whole, since it serves
 * wherever a candidate fails. Candidates run apart at the same time, the units that they serve first, and are waited for
 * a bounded time after it: nothing that they do takes the caller more than that.
 */
export async function askVersions(ports: AskPorts, question: Question): Promise<Answers> {
  const requests = versionRequests(question);
  const stop = new AbortController();
  const candidates = candidatesOf(question);
  const apart = candidates.map((version) => askApart(ports, question, { version, requests, stop: stop.signal }));
  const served = await askServing(ports, question, requests);
  await within(patienceMs(ports, question.model, candidates), () => Promise.all(apart));
  stop.abort();
  return answersOf(question, served, await Promise.all(apart));
}

function patienceMs({ budgets, isFirstMet }: AskPorts, model: string, candidates: readonly string[]): number {
  const first = candidates.filter((version) => isFirstMet(model, version));
  return first.length > 0 ? budgets.firstCandidateMs : budgets.candidateMs;
}

/** Production, or in its place the version before it, which the document names too: so it is not withdrawn. */
async function askServing(
  { models, budgets, pause }: AskPorts,
  { model, standard, document, routes }: Question,
  requests: readonly ForecastRequest[],
): Promise<readonly Asked[]> {
  // Where a kill switch serves alone, nobody needs production's forecast.
  const positions = routes.flatMap(({ arm, shadows }, at) => (arm === 'fallback' && shadows.length === 0 ? [] : [at]));
  if (standard.arm === 'fallback' || positions.length === 0) return [];
  const { loaded, failure } = await models.loadStandard(model, standard.version, document?.previousVersion ?? '');
  const missing = { version: standard.version, positions, answers: NOTHING };
  const failed = failure === null ? [] : [{ ...missing, notLoaded: failure.code }];
  if (loaded === null) return failed;
  const { version, predictor } = loaded;
  const budgetMs = budgets.productionMs;
  const answers =
    budgetMs > 0
      ? await runVersion({ predictor, requests, positions, budgetMs, pause })
      : { ...NOTHING, code: 'TIMED_OUT' };
  return [...failed, { version, positions, answers }];
}

async function askApart(
  { models, runApart }: AskPorts,
  question: Question,
  { version, requests, stop }: Pick<IsolatedJob, 'requests' | 'stop'> & { readonly version: string },
): Promise<Asked> {
  const positions = positionsOf(version, question);
  const late = { version, positions, answers: { said: [], unfinished: positions } };
  const loaded = await unlessAborted(models.fetch(question.model, version), stop);
  if (loaded === null) return late;
  if (loaded.ok)
    return { version, positions, answers: await runApart({ artifact: loaded.loaded, requests, positions, stop }) };
  // What cannot be read now may be readable later; what is not ours never will be.
  return loaded.isFinal ? { ...late, answers: NOTHING, notLoaded: loaded.code } : { ...late, notLoaded: loaded.code };
}

function answersOf(question: Question, served: readonly Asked[], apart: readonly Asked[]): Answers {
  const { document, horizonDays, later } = question;
  const named = document?.fallback || SAFE_FORECAST;
  const safe = isSafeForecast(named) ? named : SAFE_FORECAST;
  // What stands in for production may be asked apart too; what it said here is whole.
  const all = [...apart, ...served];
  const stand = served.find(({ version }) => version !== question.standard.version);
  return {
    said: new Map([
      [safe, saidBySafe(safe, question)],
      ...all.map(({ version, answers }) => [version, answers.said] as const),
    ]),
    unfinished: new Map([
      ...apart.map(({ version, answers }) => [version, new Set(answers.unfinished)] as const),
      ...[...later].map((version) => [version, new Set(positionsOf(version, question))] as const),
    ]),
    isServingLate: served.some(({ answers }) => answers.unfinished.length > 0),
    standIn: stand?.version ?? null,
    safe,
    notLoaded: all.flatMap(({ version, positions, notLoaded }) =>
      notLoaded === undefined ? [] : [{ version, code: notLoaded, forecasts: positions.length * horizonDays }],
    ),
    failures: new Map(
      all.flatMap(({ version, answers: { code } }) => (code === undefined ? [] : [[version, code] as const])),
    ),
  };
}

/** Of all requests: it is as good as free, and serves wherever nothing else can. */
function saidBySafe(name: string, { requests, horizonDays }: Question): Said {
  const forecast = safeForecast(name);
  return requests.map(({ history }) => forecast({ history, horizonDays }));
}
