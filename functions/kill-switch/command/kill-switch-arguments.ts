import type { FunctionCall } from '../../platform/command/call-function-store.ts';
import { modelFaults, type Options, parseOptions } from '../../platform/command/options.ts';
import { asOptions, type WhoAsks, whoAsks } from '../../platform/command/typed-input.ts';
import { type Environment, findPlace, PLACE_OPTIONS, PLACE_USAGE } from '../../platform/command/where.ts';
import { isDuration, plusDuration } from '../../platform/duration.ts';
import type { Reason } from '../../platform/errors.ts';
import { parseKillSwitchInput } from '../input.ts';

export const USAGE = `Throws the kill switch of a model, and prints what serves now. Nobody has to approve it.

  npm run kill-switch -- --model MODEL --level LEVEL --reason TEXT --name NAME --email ADDRESS [options]
  npm run kill-switch -- --model MODEL --dry-run

  --model MODEL      (required)
  --level LEVEL      canary | shadow: it is taken out, and its version may be tried again
                     candidate: wherever it stands, and for good
                     model: a safe forecast serves, until approvers agree to leave it
  --segment KIND:VALUE  with level model: only this segment; may stand several times
  --fallback NAME    with level model: which safe forecast (default: that of the model's policy)
  --reason TEXT      why, for the ledger
  --expires TIME     when it has to be looked at again: a duration or an instant (default: P2D)
  --name NAME        who asks (default: RELEASE_USER_NAME)
  --email ADDRESS    their address (default: RELEASE_USER_EMAIL)
  --dry-run          asks whether it could be thrown, and throws nothing
  --function NAME    (default: KillSwitchFunctionName of the outputs)
  ${PLACE_USAGE}
  --json             prints the answer as one JSON object

Exit code 0: it is thrown, or was. 1: refused, failed, not armed, or not recorded. 2: nothing was done, for what was typed is wrong.`;

const DEFAULT_EXPIRY = 'P2D';
const INPUTS = ['model', 'level', 'fallback', 'reason', 'expires', 'name', 'email'] as const;
const TEXTS = [...INPUTS, 'function', ...PLACE_OPTIONS] as const;
const LISTS = ['segment'] as const;
const FLAGS = ['dry-run', 'json'] as const;
export type KillSwitchArguments = Options<(typeof TEXTS)[number], (typeof FLAGS)[number], (typeof LISTS)[number]>;

/** What was typed, and what is wrong with it as far as it can be told without its meaning. */
export function parseKillSwitchArguments(argv: readonly string[]): KillSwitchArguments {
  return parseOptions(argv, { texts: TEXTS, lists: LISTS, flags: FLAGS });
}

/** What to call and where: options first, then the stack's outputs (null when there are none), then the environment. */
export function resolveKillSwitch(
  given: KillSwitchArguments,
  outputsText: string | null,
  { environment, now }: { readonly environment: Environment; readonly now: string },
): { readonly command: FunctionCall } | { readonly faults: readonly Reason[] } {
  const { text, flags } = given;
  const found = findPlace(
    { what: 'The kill-switch function', option: '--function', output: 'KillSwitchFunctionName', typed: text.function },
    { text, outputsText, environment },
  );
  const asked = flags.has('dry-run')
    ? { event: { model: text.model, dryRun: true }, faults: modelFaults(text.model) }
    : switching(given, whoAsks(text, environment), now);
  const faults = [...given.faults, ...asked.faults, ...(found.ok ? [] : found.faults)];
  if (faults.length > 0 || !found.ok) return { faults };
  return { command: { functionName: found.name, event: asked.event, where: found.where } };
}

/** The event that throws it, and what is wrong with it. */
function switching({ text, lists }: KillSwitchArguments, who: WhoAsks, now: string) {
  const { model, level, fallback, reason, expires = DEFAULT_EXPIRY } = text;
  const { segment: segments } = lists;
  const event = {
    ...{ model, level, reason, requestedBy: { name: who.name, email: who.email } },
    expiresAt: isDuration(expires) ? plusDuration(now, expires) : expires,
    ...(segments === undefined ? {} : { segments }),
    ...(fallback === undefined ? {} : { fallback }),
  };
  const parsed = parseKillSwitchInput(event, now);
  if (parsed.ok) return { event, faults: [] };
  const typedAs = { optionOf: OPTION_OF, required: ['--model', '--level', '--reason'], typed: { ...text, ...lists } };
  return { event, faults: asOptions(parsed.reasons, { ...typedAs, who }) };
}

/** The options behind the members of the input. */
const OPTION_OF = {
  ...{ 'requestedBy.name': '--name', 'requestedBy.email': '--email', expiresAt: '--expires', segments: '--segment' },
  ...{ model: '--model', level: '--level', fallback: '--fallback', reason: '--reason' },
};
