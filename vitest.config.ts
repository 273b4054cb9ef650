import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { filesThatShare } from './test/shared-process.ts';

const sharing = filesThatShare(import.meta.dirname);
const all = {
  // Suites that start the local platform take seconds to come up; the machine may have two slow cores.
  testTimeout: 120_000,
  hookTimeout: 600_000,
  // Loading modules fills the young generation many times over at the size that Node begins with.
  execArgv: ['--min-semi-space-size=16'],
  // What test files and the programs that they start load is compiled once, and found by the next run as well.
  env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: ['test/fakes/shared-by-files.ts'],
    // In the order of their names: what takes long begins first, so that nothing long is left alone at the end.
    projects: [
      {
        test: { ...all, name: 'own process', include: ['test/**/*.test.ts'], exclude: ['test/bench/**', ...sharing] },
      },
      {
        test: {
          ...{ ...all, name: 'shared process', include: [...sharing], isolate: false },
          // Measurements run alone.
          benchmark: { include: [] },
        },
      },
    ],
  },
});
