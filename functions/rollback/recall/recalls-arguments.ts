import { modelFaults, type Options, parseOptions } from '../../platform/command/options.ts';
import { type Environment, findPlace, PLACE_OPTIONS, PLACE_USAGE, type Where } from '../../platform/command/where.ts';
import type { Reason } from '../../platform/errors.ts';

export const USAGE = `Lists open recalls, with their counts and who has not acknowledged.

  npm run recalls [-- options]

  --model MODEL      of this model alone
  --table TABLE      registry table (default: RegistryTableName of the outputs)
  ${PLACE_USAGE}
  --json             prints one JSON object

Exit code 0: none is open. 1: some are. 2: they could not be listed.`;

const TEXTS = ['model', 'table', ...PLACE_OPTIONS] as const;
const FLAGS = ['json'] as const;
export type RecallsArguments = Options<(typeof TEXTS)[number], (typeof FLAGS)[number]>;

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseRecallsArguments(argv: readonly string[]): RecallsArguments {
  return parseOptions(argv, { texts: TEXTS, flags: FLAGS });
}

export interface RecallsSettings {
  readonly table: string;
  readonly model?: string;
  readonly where: Where;
}

/** Where the registry lies: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveRecalls(
  { text, faults }: RecallsArguments,
  outputsText: string | null,
  environment: Environment,
): { readonly settings: RecallsSettings } | { readonly faults: readonly Reason[] } {
  const table = findPlace(
    { what: 'The registry table', option: '--table', output: 'RegistryTableName', typed: text.table },
    { text, outputsText, environment },
  );
  const wrong = text.model === undefined ? [] : modelFaults(text.model);
  const all = [...faults, ...wrong, ...(table.ok ? [] : table.faults)];
  if (all.length > 0 || !table.ok) return { faults: all };
  const of = text.model === undefined ? {} : { model: text.model };
  return { settings: { table: table.name, where: table.where, ...of } };
}
