import { watch } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type DynamoDbEngine, startDynamoDb } from '../../infra/local/dynamodb-engine.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Empty at first; see bundles.ts and shared-database.ts. */
    readonly sharedFolder: string;
  }
}

/** A file that the first test file makes that wants a database. */
export const WANTED = 'database-wanted';
/** Where the database engine answers, or why it could not be started. */
export const DATABASE = 'database.json';
export type StartedDatabase = { readonly endpoint: string } | { readonly error: string };

/**
 * A folder of this run in which the test files share what takes long to make: the bundles of the functions, and a database
 * engine, which starts once one of them wants it. The engine ends with the process that started it, and a test file's
 * process ends with the file; so it is started here.
 */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'model-release-shared-'));
  provide('sharedFolder', folder);
  let starting: Promise<DynamoDbEngine | null> | undefined;
  const watcher = watch(folder, (_, name) => {
    if (name === WANTED) starting ??= startDatabase(folder);
  });
  return async () => {
    watcher.close();
    await (await starting)?.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function startDatabase(folder: string): Promise<DynamoDbEngine | null> {
  const said = async (started: StartedDatabase) => {
    const file = join(folder, DATABASE);
    await writeFile(`${file}.new`, JSON.stringify(started));
    await rename(`${file}.new`, file);
  };
  try {
    const engine = await startDynamoDb();
    await said({ endpoint: engine.endpoint });
    return engine;
  } catch (error) {
    await said({ error: String(error) });
    return null;
  }
}
