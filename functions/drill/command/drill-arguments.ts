import { parseInput } from '../../platform/boundary.ts';
import { type Options, parseOptions } from '../../platform/command/options.ts';
import { asOptions, whoAsks } from '../../platform/command/typed-input.ts';
import {
  type Environment,
  findPlace,
  PLACE_OPTIONS,
  PLACE_USAGE,
  STATE_MACHINE_ARN,
  type Where,
} from '../../platform/command/where.ts';
import type { Reason } from '../../platform/errors.ts';
import { type DrillInput, drillInput } from '../drill-input.ts';

export const USAGE = `Rehearses a rollback of a model and prints how long each part of it took. Nothing that serves is touched.

  npm run drill -- --model MODEL [options]

  --model MODEL      whose rollback (required)
  --name NAME        who asks (default: RELEASE_USER_NAME, else whoever is logged in)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --machine ARN      drill machine (default: DrillStateMachineArn of the outputs)
  ${PLACE_USAGE}
  --json             prints one JSON object

Exit code 0: the drill passed. 1: it did not. 2: nothing was drilled.`;

const TEXTS = ['model', 'name', 'email', 'machine', ...PLACE_OPTIONS] as const;
const FLAGS = ['json'] as const;
export type DrillArguments = Options<(typeof TEXTS)[number], (typeof FLAGS)[number]>;

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseDrillArguments(argv: readonly string[]): DrillArguments {
  return parseOptions(argv, { texts: TEXTS, flags: FLAGS });
}

export interface DrillSettings {
  readonly input: DrillInput;
  readonly machineArn: string;
  readonly where: Where;
}

/** What to start and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveDrill(
  { text, faults }: DrillArguments,
  outputsText: string | null,
  environment: Environment,
): { readonly settings: DrillSettings } | { readonly faults: readonly Reason[] } {
  const who = whoAsks(text, environment);
  const nobody = [text.name, text.email, environment['RELEASE_USER_NAME'], environment['RELEASE_USER_EMAIL']];
  // A drill changes nothing that serves: it may be asked for without a name.
  const unnamed = nobody.every((one) => one === undefined);
  const asked = `system:drill-cli-${environment['USER'] ?? environment['LOGNAME'] ?? 'unknown'}`.replaceAll(/\s/g, '-');
  const requestedBy = unnamed ? asked : { name: who.name, email: who.email };
  const input = parseInput(drillInput, { model: text.model, requestedBy });
  const machine = findPlace(
    {
      ...{ what: 'The drill machine', option: '--machine', output: 'DrillStateMachineArn', typed: text.machine },
      pattern: STATE_MACHINE_ARN,
    },
    { text, outputsText, environment },
  );
  if (input.ok && machine.ok && faults.length === 0) {
    return { settings: { input: input.value, machineArn: machine.name, where: machine.where } };
  }
  const typedAs = { optionOf: OPTION_OF, required: ['--model'], typed: text, ...(unnamed ? {} : { who }) };
  const wrong = input.ok ? [] : asOptions(input.reasons, typedAs);
  return { faults: [...faults, ...wrong, ...(machine.ok ? [] : machine.faults)] };
}

/** The options behind the members of the input. */
const OPTION_OF = {
  ...{ model: '--model', requestedBy: '--name, --email' },
  ...{ 'requestedBy.name': '--name', 'requestedBy.email': '--email' },
};
