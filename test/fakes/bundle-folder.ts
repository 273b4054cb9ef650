import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Empty at first; see bundles.ts. */
    readonly bundleFolder: string;
  }
}

/** A folder of this run in which the test files share what the first of them bundles. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'model-release-bundles-'));
  provide('bundleFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
