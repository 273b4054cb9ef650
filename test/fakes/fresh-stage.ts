import { afterAll, beforeAll, beforeEach } from 'vitest';
import { ReleaseStage } from './release-stage.ts';
import { startTables, type Tables } from './tables.ts';

/**
 * Tables for the tests of a file or group, and before each of them a model of its own on these tables. With `promoted` it
 * is onboarded and the versions are promoted in turn; without, nothing is done yet.
 */
export function onFreshStage(take: (stage: ReleaseStage, tables: Tables) => void, promoted?: readonly string[]): void {
  let tables: Tables;
  let models = 0;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.stop());
  beforeEach(async () => {
    models += 1;
    const stage = new ReleaseStage(tables, `model${models}`);
    take(stage, tables);
    if (promoted === undefined) return;
    await stage.onboard();
    for (const version of promoted) await stage.promote(version);
  });
}
