import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { CURRENTLY_RECOMMENDED_FLAGS, DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundledCode } from './bundling.ts';
import type { FunctionSpec } from './function-spec.ts';
import { FUNCTIONS } from './functions.ts';
import { ModelReleaseStack } from './model-release-stack.ts';
import { parseSettings, type Settings, type SettingsInput } from './settings.ts';
import { STACK_NAME } from './stack-name.ts';

/**
 * Behaviour of the CDK that this stack is written for: all that its pinned version recommends. It stands here and not in
 * cdk.json, so that the template is the same whoever starts the synthesis: the CDK's command line, a script, or the
 * local platform.
 */
const CDK_BEHAVIOUR = {
  ...CURRENTLY_RECOMMENDED_FLAGS,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  '@aws-cdk/core:target-partitions': ['aws'],
};

export interface SynthesizeOptions {
  /**
   * Settings by value; each one named here wins over the context.
   * @default those of the CDK context, and the defaults of SettingsInput
   */
  readonly settings?: SettingsInput;
  /**
   * Folder that the cloud assembly is written to.
   * @default what the CDK's command line asks for, else `cdk.out`
   */
  readonly outdir?: string;
  /**
   * The code of each function; the assembly refers to it where it lies.
   * @default the bundles of all functions, made now: in `<outdir>/functions`, or in `.build/functions` without an outdir
   */
  readonly code?: (spec: FunctionSpec) => Code;
  /**
   * Whether the template is checked: by the AwsSolutions rules of cdk-nag and by the CDK's own. A finding fails the
   * synthesis. Costs more than the rest of it.
   * @default true
   */
  readonly rules?: boolean;
}

/**
 * Synthesizes the stack and answers the folder of the cloud assembly. Needs no AWS account and no setting.
 * @throws SettingsError with all faults at once
 */
export async function synthesize(options: SynthesizeOptions = {}): Promise<string> {
  const rules = options.rules ?? true;
  const app = new App({
    ...(options.outdir === undefined ? {} : { outdir: options.outdir }),
    autoSynth: false,
    builtinCloudFormationValidation: rules,
    // Whoever brings the code keeps it; copies of it would be most of the work.
    postCliContext: {
      ...CDK_BEHAVIOUR,
      ...(options.code === undefined ? {} : { [DISABLE_ASSET_STAGING_CONTEXT]: true }),
    },
  });
  const settings = parseSettings({ ...contextSettings(app), ...options.settings });
  if (rules) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  if (options.code !== undefined) return assemble(app, settings, options.code);
  // Each synthesis bundles into a folder of its own, since two may run at once; the assembly keeps copies.
  const bundles = await mkdtemp(join(tmpdir(), 'model-release-'));
  try {
    return assemble(app, settings, await bundledCode(FUNCTIONS, bundles));
  } finally {
    await rm(bundles, { recursive: true, force: true });
  }
}

function assemble(app: App, settings: Settings, code: (spec: FunctionSpec) => Code): string {
  new ModelReleaseStack(app, STACK_NAME, { settings, code });
  return app.synth().directory;
}

/** What the context says in plain words; the CDK's own names have a colon or a slash. Misspelt settings come along. */
function contextSettings(app: App): Readonly<Record<string, unknown>> {
  const all: Readonly<Record<string, unknown>> = app.node.getAllContext();
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => /^\w+$/.test(name) && value !== ''));
}
