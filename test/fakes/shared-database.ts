import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type DynamoDbDatabase, freshDatabase } from '../../infra/local/dynamodb-engine.ts';
import { DATABASE, type StartedDatabase, WANTED } from './shared-by-files.ts';
import { until } from './until.ts';

/** An empty database of AWS's own engine, in memory: test files share one engine and see nothing of each other's tables. */
export async function sharedDatabase(): Promise<DynamoDbDatabase> {
  const folder = inject('sharedFolder');
  await writeFile(join(folder, WANTED), '');
  const started = await until<StartedDatabase>(async () => {
    const text = await readFile(join(folder, DATABASE), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  });
  if ('error' in started) throw new Error(started.error);
  return freshDatabase(started.endpoint);
}
