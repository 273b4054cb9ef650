import { afterAll, beforeAll, beforeEach } from 'vitest';
import { ReleaseStage } from './release-stage.ts';
import { startTables, type Tables } from './tables.ts';

/**
 * Tables for the tests of a file or group, and before each of them a model of its own on these tables. With `promoted` it
 * is onboarded and the versions are promoted in turn; without, nothing is done yet. Answers what makes a further model, of
 * which nothing is done yet.
 */
export function onFreshStage(
  take: (stage: ReleaseStage, tables: Tables) => void,
  promoted?: readonly string[],
): () => ReleaseStage {
  let tables: Tables;
  let models = 0;
  const further = () => {
    models += 1;
    return new ReleaseStage(tables, `model${models}`);
  };
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  beforeEach(async () => {
    const stage = further();
    take(stage, tables);
    if (promoted === undefined) return;
    await stage.onboard();
    for (const version of promoted) await stage.promote(version);
  });
  return further;
}
