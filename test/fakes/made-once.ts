import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { until } from './until.ts';

/**
 * A folder that is filled once per run, by whichever test file needs it first; it is read and never changed. Test files run
 * in processes of their own, so that a folder is what they share.
 */
export async function madeOnce(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const made = join(inject('sharedFolder'), name);
  const making = `${made}.making`;
  return until(async () => {
    if (await exists(made)) return made;
    // Whoever makes the folder fills it; the others look again.
    const first = await mkdir(making).then(
      () => true,
      () => false,
    );
    if (!first) return undefined;
    // It may have been made between the two looks.
    if (!(await exists(made))) {
      try {
        await make(making);
      } catch (error) {
        await rm(making, { recursive: true, force: true });
        throw error;
      }
      await rename(making, made);
    }
    return made;
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
