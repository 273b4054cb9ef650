import { fault, modelFaults, type Options, parseOptions } from '../../platform/command/options.ts';
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
import { CAUSES, parseRollbackInput } from '../input.ts';

export const USAGE = `Rolls a model back, and prints from what to what it went and how long it took. One person is enough.

  npm run rollback -- --model MODEL --cause CAUSE --name NAME --email ADDRESS [options]
  npm run rollback -- --model MODEL --targets

  --model MODEL      (required)
  --cause CAUSE      ${CAUSES.join(' | ')}
  --version VERSION  version to withdraw (default: the one that is at fault most likely: an active canary, else production)
  --target VERSION   version to go back to (default: the one that served before)
  --detail TEXT      why, for the ledger
  --name NAME        who asks (default: RELEASE_USER_NAME)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --wait             waits until people are told and the recall is made as well
  --no-wait          starts it and does not wait until it is done
  --targets          lists what can be gone back to, and starts nothing
  --machine ARN      rollback machine (default: RollbackStateMachineArn of the outputs)
  --table TABLE      registry table, for --targets (default: RegistryTableName of the outputs)
  ${PLACE_USAGE}
  --json             prints one JSON object

It is done once the pointer has moved and that is recorded; people are told and forecasts are recalled while you go on.
Exit code 0: done. 1: refused, or failed. 2: nothing was started, for what was typed is wrong.`;

const INPUTS = ['model', 'cause', 'version', 'target', 'detail', 'name', 'email'] as const;
const TEXTS = [...INPUTS, 'machine', 'table', ...PLACE_OPTIONS] as const;
const FLAGS = ['wait', 'no-wait', 'targets', 'json'] as const;
export type RollbackArguments = Options<(typeof TEXTS)[number], (typeof FLAGS)[number]>;

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseRollbackArguments(argv: readonly string[]): RollbackArguments {
  return parseOptions(argv, { texts: TEXTS, flags: FLAGS });
}

/** Until when the command waits: not at all, until the rollback is recorded, or until all that follows is over too. */
export type WaitsFor = 'nothing' | 'record' | 'end';

export type RollbackCommand = { readonly where: Where; readonly model: string } & (
  | { readonly what: 'list'; readonly table: string }
  | { readonly what: 'start'; readonly machineArn: string; readonly input: StartedInput; readonly waitsFor: WaitsFor }
);

/** Input of the rollback machine as it is sent. */
export interface StartedInput {
  readonly model: string;
  readonly cause: string;
  readonly requestedBy: { readonly name: string; readonly email: string };
  readonly withdrawVersion?: string;
  readonly targetVersion?: string;
  readonly detail?: string;
}

/** What to do and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveRollback(
  given: RollbackArguments,
  outputsText: string | null,
  environment: Environment,
): { readonly command: RollbackCommand } | { readonly faults: readonly Reason[] } {
  const { text, flags } = given;
  const places = { text, outputsText, environment };
  if (flags.has('targets')) {
    const found = findPlace(
      {
        ...{ what: 'The registry table', option: '--table', typed: text.table, beside: text.machine },
        output: 'RegistryTableName',
      },
      places,
    );
    const faults = [...given.faults, ...modelFaults(text.model), ...(found.ok ? [] : found.faults)];
    if (faults.length > 0 || !found.ok) return { faults };
    return { command: { what: 'list', model: text.model ?? '', table: found.name, where: found.where } };
  }
  const found = findPlace(
    {
      ...{ what: 'The rollback machine', option: '--machine', typed: text.machine },
      output: 'RollbackStateMachineArn',
      pattern: STATE_MACHINE_ARN,
    },
    places,
  );
  const { input, faults: wrong } = inputOf(text, environment);
  const faults = [...given.faults, ...wrong, ...waitFaults(flags), ...(found.ok ? [] : found.faults)];
  if (faults.length > 0 || !found.ok) return { faults };
  const waitsFor = flags.has('no-wait') ? 'nothing' : flags.has('wait') ? 'end' : 'record';
  const { name: machineArn, where } = found;
  return { command: { what: 'start', model: input.model, machineArn, input, waitsFor, where } };
}

function waitFaults(flags: RollbackArguments['flags']): readonly Reason[] {
  return flags.has('wait') && flags.has('no-wait') ? [fault('--wait, --no-wait', 'Only one of them can be.')] : [];
}

/** The options behind the members of the input. */
const OPTION_OF = {
  ...{
    model: '--model',
    cause: '--cause',
    withdrawVersion: '--version',
    targetVersion: '--target',
    detail: '--detail',
  },
  ...{ 'requestedBy.name': '--name', 'requestedBy.email': '--email' },
};

function inputOf(text: RollbackArguments['text'], environment: Environment) {
  const who = whoAsks(text, environment);
  const { model = '', cause = '', version, target, detail } = text;
  const input: StartedInput = {
    ...{ model, cause, requestedBy: { name: who.name, email: who.email } },
    ...(version === undefined ? {} : { withdrawVersion: version }),
    ...(target === undefined ? {} : { targetVersion: target }),
    ...(detail === undefined ? {} : { detail }),
  };
  const parsed = parseRollbackInput(input);
  if (parsed.ok) return { input, faults: [] };
  const required = ['--model', '--cause'];
  return { input, faults: asOptions(parsed.reasons, { optionOf: OPTION_OF, required, typed: text, who }) };
}
