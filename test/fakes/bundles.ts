import { join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { bundledCode, bundleFunctions } from '../../infra/bundling.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import type { SettingsInput } from '../../infra/settings.ts';
import { synthesize } from '../../infra/synthesize.ts';
import { madeOnce } from './made-once.ts';

export interface StackOnBundles {
  readonly settings: SettingsInput;
  readonly outdir: string;
  /** Functions that are made of something else than the stack's own, by their names. */
  readonly specs?: readonly FunctionSpec[];
}

/** Synthesizes the stack around bundles that are made once per run; only those of `specs` are made anew. */
export async function synthesizeOnBundles({ settings, outdir, specs = [] }: StackOnBundles): Promise<string> {
  // Bundling begins by removing its folder, which has to stay while others wait for it.
  const bundles = await madeOnce('bundles', (folder) => bundleFunctions(FUNCTIONS, join(folder, 'functions')));
  const others = new Set(specs.map(({ name }) => name));
  const own = specs.length === 0 ? undefined : await bundledCode(specs, join(outdir, 'functions'));
  const code = (spec: FunctionSpec): Code =>
    own !== undefined && others.has(spec.name)
      ? own(spec)
      : // One name for each is enough for a stack that lives as long as a run: nothing needs to be read for it.
        Code.fromAsset(join(bundles, 'functions', spec.name), {
          assetHash: spec.name,
          assetHashType: AssetHashType.CUSTOM,
        });
  return synthesize({ settings, outdir, rules: false, code });
}
