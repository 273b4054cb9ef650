import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**'],
    // Suites that start the local platform take seconds to come up; the machine may have two slow cores.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    globalSetup: ['test/fakes/shared-by-files.ts'],
  },
});
