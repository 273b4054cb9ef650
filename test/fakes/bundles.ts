import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssetHashType } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import * as z from 'zod';
import { type Bundle, bundledCode, bundleFunctions } from '../../infra/bundling.ts';
import type { FunctionSpec } from '../../infra/function-spec.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import type { SettingsInput } from '../../infra/settings.ts';
import { synthesize } from '../../infra/synthesize.ts';
import { madeOnce } from './made-once.ts';

const SIZES = 'bundles.json';

export interface StackOnBundles {
  readonly settings: SettingsInput;
  readonly outdir: string;
  /** Functions that are made of something else than the stack's own, by their names. */
  readonly specs?: readonly FunctionSpec[];
}

/** The bundles of all functions, made once per run: nothing else of a stack takes as long. */
export async function sharedBundles(): Promise<readonly Bundle[]> {
  const made = await madeOnce('bundles', async (folder) => {
    // Bundling begins by removing its folder, which has to stay while others wait for it.
    const bundles = await bundleFunctions(FUNCTIONS, join(folder, 'functions'));
    await writeFile(join(folder, SIZES), JSON.stringify(bundles));
  });
  const sizes = z.array(z.object({ name: z.string(), codeBytes: z.number() }));
  const bundles = sizes.parse(JSON.parse(await readFile(join(made, SIZES), 'utf8')));
  return bundles.map((bundle) => ({ ...bundle, dir: join(made, 'functions', bundle.name) }));
}

/** Synthesizes the stack around bundles that are made once per run; only those of `specs` are made anew. */
export async function synthesizeOnBundles({ settings, outdir, specs = [] }: StackOnBundles): Promise<string> {
  const dirs = new Map((await sharedBundles()).map(({ name, dir }) => [name, dir]));
  const others = new Set(specs.map(({ name }) => name));
  const own = specs.length === 0 ? undefined : await bundledCode(specs, join(outdir, 'functions'));
  const code = (spec: FunctionSpec): Code => {
    if (own !== undefined && others.has(spec.name)) return own(spec);
    const dir = dirs.get(spec.name);
    if (dir === undefined) throw new Error(`The function ${spec.name} was not bundled.`);
    // One name for each is enough for a stack that lives as long as a run: nothing needs to be read for it.
    return Code.fromAsset(dir, { assetHash: spec.name, assetHashType: AssetHashType.CUSTOM });
  };
  return synthesize({ settings, outdir, rules: false, code });
}
