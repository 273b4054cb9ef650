import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { offlineConfig } from '../../../functions/evidence/offline/offline-config.ts';
import { judgeOfflineFiles } from '../../../functions/evidence/offline/offline-files-store.ts';
import { offlineResult } from '../../../functions/evidence/offline/offline-result.ts';
import { withFiles } from '../../fakes/backtest.ts';

const GOLDEN = join(import.meta.dirname, '../../../../shared/golden');
const cases = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.startsWith('offline_')) : [];
const worked = z.object({
  inputs: z.object({ rows: z.string(), history: z.string() }),
  config: z.unknown(),
  expected: z.json(),
});

/** Every number is compared at a relative tolerance of 1e-8, everything else has to be the same. */
function close(expected: unknown): unknown {
  if (typeof expected === 'number') {
    return {
      asymmetricMatch: (got: unknown) =>
        typeof got === 'number' && Math.abs(got - expected) <= 1e-8 * Math.abs(expected),
    };
  }
  if (Array.isArray(expected)) return expected.map(close);
  if (typeof expected !== 'object' || expected === null) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, close(value)]));
}

describe.runIf(cases.length > 0)('worked cases of the evidence contract', () => {
  it.each(cases)('%s', async (file) => {
    const { inputs, config, expected } = worked.parse(JSON.parse(readFileSync(join(GOLDEN, file), 'utf8')));
    const result = await withFiles(inputs, ({ rows = '', history = '' }, directory) =>
      judgeOfflineFiles({ rows, history }, offlineConfig.parse(config), { memoryMb: 512, threads: 2, directory }),
    );
    expect(offlineResult.parse(result)).toEqual(close(expected));
  });
});

it('are covered by rules of our own as well', () => {
  if (cases.length === 0) console.log(`No worked cases at ${GOLDEN}: none was compared.`);
  expect(existsSync(join(import.meta.dirname, 'offline-sums-store.test.ts'))).toBe(true);
});
