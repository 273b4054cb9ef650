import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { type Template, templateSchema } from './cloudformation/template.ts';
import { PlatformFault } from './platform-fault.ts';

/** A synthesized stack: its template and the directories that its assets would be uploaded from. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Absolute directory by object key. */
  readonly assets: ReadonlyMap<string, string>;
}

const assetsSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string(), packaging: z.string() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

/**
 * Reads what `node infra/app.ts` wrote.
 * @throws PlatformFault when the directory has no such stack
 */
export async function readAssembly(directory: string, stackName: string): Promise<Assembly> {
  const read = async (file: string): Promise<unknown> => {
    const path = join(directory, `${stackName}.${file}.json`);
    try {
      return JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      throw new PlatformFault(`There is no synthesized stack in ${path}.`, 'Run: npm run synth', error);
    }
  };
  const template = templateSchema.parse(await read('template'));
  const { files } = assetsSchema.parse(await read('assets'));
  const assets = new Map<string, string>();
  for (const { source, destinations } of Object.values(files)) {
    for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, resolve(directory, source.path));
  }
  return { stackName, template, assets };
}
