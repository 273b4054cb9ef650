/** The measurements of shadow.bench.ts, as a program that is bundled as functions are: prints one JSON object per line. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { artifact, forecasterOf } from '../../functions/inference/predictors/artifact.ts';
import type { ForecastRequest } from '../../functions/inference/predictors/forecaster.ts';
import { IsolatedRunner } from '../../functions/inference/predictors/isolated-runner-store.ts';
import type { VersionArtifact } from '../../functions/inference/predictors/model-store.ts';
import { inProcess } from '../../functions/inference/predictors/predictor.ts';
import { runVersion } from '../../functions/inference/predictors/run-version.ts';
import { within } from '../../functions/platform/deadline.ts';

const ROUNDS = 5;
const HISTORY_DAYS = 400;
const HORIZON_DAYS = 14;
const CANDIDATE_MS = 500;
const SERVED = { forecaster: 'exponential-smoothing', smoothing: 0.25, profileWeeks: 52 };
const production = inProcess(forecasterOf(artifact.parse(SERVED)));

function requestsOf(count: number, bad: boolean): readonly ForecastRequest[] {
  return Array.from({ length: count }, (_, at) => ({
    ...{ sku: bad && at === Math.floor(count / 2) ? 'bad' : `sku ${at}`, store: 'harbour' },
    history: Array.from({ length: HISTORY_DAYS }, (_day, day) => (day * 7 + at) % 23),
    ...{ asOf: '2026-03-01', horizonDays: HORIZON_DAYS },
  }));
}

function versionOf(described: unknown): VersionArtifact {
  const text = JSON.stringify(described);
  return { model: 'demand', version: '2.0.0', sha256: text, bytes: Buffer.from(text) };
}

/** What serves, with a candidate beside it or not; waited for as an answer waits. */
async function answer(
  requests: readonly ForecastRequest[],
  beside: { runner: IsolatedRunner; artifact: VersionArtifact } | null,
) {
  const positions = requests.map((_request, position) => position);
  const stop = new AbortController();
  const began = performance.now();
  const apart = beside?.runner.run({ artifact: beside.artifact, requests, positions, stop: stop.signal });
  await runVersion({ predictor: production, requests, positions, budgetMs: 10_000, pause: () => nextTurn() });
  const servedMs = performance.now() - began;
  if (apart === undefined) return { servedMs, answerMs: servedMs, outcome: '' };
  await within(CANDIDATE_MS, () => apart);
  stop.abort();
  const { outcome, code } = await apart;
  return { servedMs, answerMs: performance.now() - began, outcome: [outcome, code].filter(Boolean).join(' ') };
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Outside what is measured: the process is there, as it is from the second invocation on, and has come to rest. */
async function settled(runner: IsolatedRunner, artifact: VersionArtifact): Promise<void> {
  await runner.run({ artifact, requests: requestsOf(1, false), positions: [0], stop: new AbortController().signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
}

const [module = '', ...misdeeds] = process.argv.slice(2);

const sound = new IsolatedRunner();
for (let round = 0; round < ROUNDS; round += 1) {
  const runner = new IsolatedRunner();
  const began = performance.now();
  runner.prepare();
  const preparedMs = performance.now() - began;
  await runner.run({
    ...{ artifact: versionOf(SERVED), requests: requestsOf(1, false), positions: [0] },
    stop: new AbortController().signal,
  });
  tell({ what: 'start', blockedMs: preparedMs, readyMs: performance.now() - began });
  runner.close();
  for (const count of [1, 100, 1_000]) {
    const requests = requestsOf(count, false);
    await settled(sound, versionOf(SERVED));
    const alone = await answer(requests, null);
    const both = await answer(requests, { runner: sound, artifact: versionOf(SERVED) });
    tell({ what: 'sound', count, alone, both });
  }
}
sound.close();

const hostile = new IsolatedRunner({ predictorModule: new URL(module) });
for (let round = 0; round < ROUNDS; round += 1) {
  for (const misdeed of misdeeds) {
    const requests = requestsOf(1_000, true);
    await settled(hostile, versionOf('is sound'));
    const alone = await answer(requests, null);
    const both = await answer(requests, { runner: hostile, artifact: versionOf(misdeed) });
    tell({ what: 'hostile', misdeed, alone, both });
  }
}
hostile.close();
