import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { LocalStackOptions } from '../../infra/demo/local-stack.ts';
import type { SettingsInput } from '../../infra/settings.ts';
import type { StackOnBundles } from './bundles.ts';
import { madeOnce } from './made-once.ts';
import { sharedDatabase } from './shared-database.ts';

/** The stack's cloud assembly with these settings: made once per run, and only read then. */
function sharedAssembly(settings: SettingsInput): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  return madeOnce(`assembly-${digest}`, async (outdir) => {
    await synthesizeWith({ settings, outdir });
  });
}

/** See bundles.ts: only whoever makes an assembly loads the CDK. */
export async function synthesizeWith(stack: StackOnBundles): Promise<string> {
  const { synthesizeOnBundles } = await import('./bundles.ts');
  return synthesizeOnBundles(stack);
}

/**
 * What the stacks of a run share: what of their bundles is compiled, the database engine, in which each has a database of its
 * own, and with the same settings the cloud assembly, unless it is given.
 */
export async function sharedStack(settings: SettingsInput, assembly?: string) {
  return {
    assembly: assembly ?? (await sharedAssembly(settings)),
    database: await sharedDatabase(),
    compileCache: join(inject('sharedFolder'), 'compiled'),
  } satisfies LocalStackOptions;
}
