import { openSync } from 'node:fs';
import { IsolatedRunner } from '../../../functions/inference/predictors/isolated-runner-store.ts';

/**
 * A process to which the system gives no other: because its descriptors are used up, or its environment is larger than any
 * that a process may be given. It says whether it lived on, and what its run ended with.
 */
const runner = new IsolatedRunner();
if (process.argv[2] === 'descriptors') useUpDescriptors();
else Object.assign(process.env, { LARGE: 'x'.repeat(200_000) });

runner.prepare();
const request = { sku: 'milk', store: 's', history: [1], asOf: '2026-03-01', horizonDays: 1 };
const bytes = Buffer.from(JSON.stringify({ forecaster: 'seasonal-naive' }));
const artifact = { model: 'demand', version: '2.0.0', sha256: 'sound', bytes };
const job = { artifact, requests: [request], positions: [0], stop: new AbortController().signal };
const answers = await runner.run(job);
// Whatever the system has to say it says by now.
await new Promise((resolve) => setTimeout(resolve, 50));
process.stdout.write(JSON.stringify(answers));

function useUpDescriptors(): void {
  for (;;) {
    try {
      openSync('/dev/null', 'r');
    } catch {
      return;
    }
  }
}
