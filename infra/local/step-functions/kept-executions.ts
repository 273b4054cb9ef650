import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepFunctions } from './step-functions.ts';

const SAVE_SECONDS = 2;

/** Keeps executions in the data directory, so that those open at the last stop come back ABORTED. Does nothing without one. */
export function keepExecutions(stepFunctions: StepFunctions, dataDir: string | undefined) {
  if (dataDir === undefined) return { restore: () => undefined, stop: () => undefined };
  const file = join(dataDir, 'executions.json');
  let saved = '';
  const save = (): void => {
    const text = JSON.stringify(stepFunctions.snapshot());
    if (text === saved) return;
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    saved = text;
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    restore: () => {
      if (existsSync(file)) stepFunctions.restore(JSON.parse(readFileSync(file, 'utf8')));
      timer = setInterval(save, SAVE_SECONDS * 1_000).unref();
    },
    stop: () => {
      clearInterval(timer);
      // Not before the old ones were taken over: they would be lost.
      if (timer !== undefined) save();
    },
  };
}
