import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { inject } from 'vitest';
import { bundleFunctions } from '../../infra/bundling.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { until } from './until.ts';

/**
 * The bundles of all functions, made once per run by whichever test file needs them first: bundling takes most of the time
 * in which a stack starts. Test files run in processes of their own, so that a folder is what they share.
 */
export async function sharedCode(): Promise<(spec: FunctionSpec) => Code> {
  const folder = inject('sharedFolder');
  const made = join(folder, 'made');
  const making = join(folder, 'making');
  await until(async () => {
    if (await exists(made)) return true;
    // Whoever makes the folder makes the bundles; the others look again.
    const first = await mkdir(making).then(
      () => true,
      () => false,
    );
    if (!first) return undefined;
    try {
      await bundleFunctions(FUNCTIONS, join(making, 'functions'));
    } catch (error) {
      await rm(making, { recursive: true, force: true });
      throw error;
    }
    await rename(making, made);
    return true;
  });
  // One name for each is enough for a stack that lives as long as a test file: nothing needs to be read for it.
  return ({ name }) =>
    Code.fromAsset(join(made, 'functions', name), { assetHash: name, assetHashType: AssetHashType.CUSTOM });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
