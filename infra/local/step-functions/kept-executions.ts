import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionRecord } from './executions.ts';
import type { StepFunctions } from './step-functions.ts';

const SAVE_SECONDS = 2;

/** Keeps executions in the data directory, so that those open at the last stop come back ABORTED. Does nothing without one. */
export function keepExecutions(stepFunctions: StepFunctions, dataDir: string | undefined) {
  if (dataDir === undefined) return { restore: () => undefined, stop: () => undefined };
  const directory = join(dataDir, 'executions');
  mkdirSync(directory, { recursive: true });
  /** What was saved of an execution. Only those that went on are written again: histories grow long. */
  const saved = new Map<string, string>();
  const save = (): void => {
    for (const record of stepFunctions.snapshot().executions) {
      const state = `${record.status} ${record.history.length}`;
      if (saved.get(record.executionArn) === state) continue;
      const file = join(directory, `${createHash('sha256').update(record.executionArn).digest('hex')}.json`);
      writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      saved.set(record.executionArn, state);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    restore: () => {
      const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
      const records = files.map((name): ExecutionRecord => JSON.parse(readFileSync(join(directory, name), 'utf8')));
      stepFunctions.restore({ executions: records.toSorted((a, b) => a.startDate - b.startDate) });
      timer = setInterval(save, SAVE_SECONDS * 1_000).unref();
    },
    stop: () => {
      clearInterval(timer);
      // Not before the old ones were taken over: they would be lost.
      if (timer !== undefined) save();
    },
  };
}
