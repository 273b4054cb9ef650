import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanaryConfig, canaryConfig } from '../../../functions/evidence/canary/canary-config.ts';
import { type CanaryFiles, judgeCanaryFiles } from '../../../functions/evidence/canary/canary-files-store.ts';
import type { CanaryResult, CanaryState } from '../../../functions/evidence/canary/canary-result.ts';

/** The texts of the files of a canary. */
export type CanaryTexts = { readonly [name in keyof CanaryFiles]: string | undefined };

/** Judges files with these contents. */
export async function judgeTexts(
  texts: CanaryTexts,
  config: CanaryConfig = canaryConfig.parse({}),
  state: CanaryState | null = null,
): Promise<CanaryResult> {
  const directory = await mkdtemp(join(tmpdir(), 'canary-'));
  try {
    const write = async (name: keyof CanaryFiles) => {
      const path = join(directory, name);
      await writeFile(path, texts[name] ?? '');
      return path;
    };
    const files = {
      outcomes: await write('outcomes'),
      ...(texts.ops === undefined ? {} : { ops: await write('ops') }),
      ...(texts.assignment === undefined ? {} : { assignment: await write('assignment') }),
    };
    return await judgeCanaryFiles(files, config, { memoryMb: 512, threads: 2, directory }, state);
  } finally {
    await rm(directory, { recursive: true });
  }
}
