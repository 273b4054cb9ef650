import { parseInput } from '../../platform/boundary.ts';
import type { FunctionCall } from '../../platform/command/call-function-store.ts';
import { type Options, parseOptions } from '../../platform/command/options.ts';
import { asOptions, whoAsks } from '../../platform/command/typed-input.ts';
import { type Environment, findPlace, PLACE_OPTIONS, PLACE_USAGE } from '../../platform/command/where.ts';
import type { Reason } from '../../platform/errors.ts';
import { askAgainInput } from '../ask-again-input.ts';

export const USAGE = `Has an approver's request sent anew, or gives it to a stand-in, for the owner of the model. Decides nothing.

  npm run ask-again -- --promotion ID --approver ID --reason TEXT --name NAME --email ADDRESS [options]

  --promotion ID     of the promotion or change that is asked about (required)
  --approver ID      who was asked, as the model's settings name them (required)
  --stand-in ID      asks this stand-in of the model in their place (default: the approver is asked anew)
  --reason TEXT      why, for the ledger (required)
  --name NAME        the owner of the model, who asks for it (default: RELEASE_USER_NAME)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --function NAME    (default: AskAgainFunctionName of the outputs)
  ${PLACE_USAGE}
  --json             prints the answer as one JSON object

The link of before is dead at once. Exit code 0: the email is on its way. 1: refused, or failed; the same command may be given again.
2: nothing was done, for what was typed is wrong.`;

const INPUTS = ['promotion', 'approver', 'stand-in', 'reason', 'name', 'email'] as const;
const TEXTS = [...INPUTS, 'function', ...PLACE_OPTIONS] as const;
const FLAGS = ['json'] as const;
export type AskAgainArguments = Options<(typeof TEXTS)[number], (typeof FLAGS)[number]>;

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseAskAgainArguments(argv: readonly string[]): AskAgainArguments {
  return parseOptions(argv, { texts: TEXTS, flags: FLAGS });
}

/** What to call and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveAskAgain(
  { text, faults }: AskAgainArguments,
  outputsText: string | null,
  environment: Environment,
): { readonly command: FunctionCall } | { readonly faults: readonly Reason[] } {
  const found = findPlace(
    { what: 'The function ask-again', option: '--function', output: 'AskAgainFunctionName', typed: text.function },
    { text, outputsText, environment },
  );
  const who = whoAsks(text, environment);
  const input = parseInput(askAgainInput, {
    ...{ promotionId: text.promotion, approver: text.approver, reason: text.reason },
    ...(text['stand-in'] === undefined ? {} : { standIn: text['stand-in'] }),
    requestedBy: { name: who.name, email: who.email },
  });
  const typedAs = { optionOf: OPTION_OF, required: ['--promotion', '--approver', '--reason'], typed: text, who };
  const all = [
    ...faults,
    ...(input.ok ? who.faults : asOptions(input.reasons, typedAs)),
    ...(found.ok ? [] : found.faults),
  ];
  if (all.length > 0 || !input.ok || !found.ok) return { faults: all };
  return { command: { functionName: found.name, event: input.value, where: found.where } };
}

/** The options behind the members of the input. */
export const OPTION_OF = {
  ...{ promotionId: '--promotion', approver: '--approver', standIn: '--stand-in', reason: '--reason' },
  ...{ requestedBy: '--name, --email', 'requestedBy.name': '--name', 'requestedBy.email': '--email' },
};
