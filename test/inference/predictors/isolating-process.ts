import { IsolatedRunner } from '../../../functions/inference/predictors/isolated-runner-store.ts';

/** A process that runs a version which never yields, and says once that it does. */
const runner = new IsolatedRunner({ predictorModule: new URL('./hostile-predictors.ts', import.meta.url) });
const request = { sku: 'bad', store: 's', history: [1], asOf: '2026-03-01', horizonDays: 1 };
const bytes = Buffer.from(JSON.stringify('never yields'));
const artifact = { model: 'demand', version: '2.0.0', sha256: 'never', bytes };
void runner.run({ artifact, requests: [request], positions: [0], stop: new AbortController().signal });
setTimeout(() => process.send?.('running'), 1_500);
