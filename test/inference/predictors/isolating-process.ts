import { IsolatedRunner } from '../../../functions/inference/predictors/isolated-runner-store.ts';

/** A process that runs a version, which is told by name, says so once, and goes on for ever. */
const runner = new IsolatedRunner({ predictorModule: new URL('./hostile-predictors.ts', import.meta.url) });
const request = { sku: 'bad', store: 's', history: [1], asOf: '2026-03-01', horizonDays: 1 };
const bytes = Buffer.from(JSON.stringify(process.argv[2]));
const artifact = { model: 'demand', version: '2.0.0', sha256: 'hostile', bytes };
void runner.run({ artifact, requests: [request], positions: [0], stop: new AbortController().signal });
setTimeout(() => process.send?.('running'), 1_500);
setInterval(() => undefined, 1_000);
