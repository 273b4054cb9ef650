import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { PlatformFault } from './platform-fault.ts';

const projectSchema = z.object({ context: z.record(z.string(), z.unknown()).default({}) });

export interface SynthesisOptions {
  /** The project's directory. */
  readonly root: string;
  /** Settings of the stack, over those of cdk.json. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the cloud assembly goes. */
  readonly directory: string;
}

/**
 * Runs infra/app.ts in a process of its own, without the CDK's command line, which would add metadata to the template.
 * @throws PlatformFault with what the synthesis said
 */
export async function synthesizeApart(options: SynthesisOptions): Promise<void> {
  const { context } = projectSchema.parse(JSON.parse(await readFile(join(options.root, 'cdk.json'), 'utf8')));
  const env = {
    ...process.env,
    CDK_OUTDIR: options.directory,
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, ...options.settings }),
  };
  await new Promise<void>((resolve, reject) => {
    const file = join(options.root, 'infra', 'app.ts');
    execFile(process.execPath, [file], { cwd: options.root, env }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else
        reject(
          new PlatformFault(
            `The stack does not synthesize:\n${stderr.trim() || stdout.trim()}`,
            'Mend infra/, or the settings given with -c.',
          ),
        );
    });
  });
}
