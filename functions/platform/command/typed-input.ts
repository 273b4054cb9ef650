import type { Reason } from '../errors.ts';
import { missing } from './options.ts';

/** Who asks, as typed or as the environment has it. Either may be empty, and then `faults` says so. */
export interface WhoAsks {
  readonly name: string;
  readonly email: string;
  readonly faults: readonly Reason[];
}

/** How the members of an input are typed. */
export interface TypedAs {
  /** By path. A list is typed by one option, of which its items are values. */
  readonly optionOf: Readonly<Record<string, string>>;
  /** Options without which nothing can be asked for. */
  readonly required: readonly string[];
  /** Options that were typed, without their hyphens. */
  readonly typed: object;
  /** Where the input names who asks by `--name` and `--email`. */
  readonly who?: WhoAsks;
}

/** Faults of an input for whoever typed it: by option, and without the advice for programs. */
export function asOptions(reasons: readonly Reason[], { optionOf, required, typed, who }: TypedAs): readonly Reason[] {
  const faults = reasons.map(({ path = '', next: _, ...reason }) => {
    const option = optionOf[path] ?? optionOf[path.replace(/\.\d+$/, '')] ?? path;
    const isTyped = Object.hasOwn(typed, option.replace(/^--/, ''));
    return required.includes(option) && !isTyped ? missing(option) : { ...reason, path: option };
  });
  if (who === undefined || who.faults.length === 0) return faults;
  // That nobody is named says enough of the name and the address.
  return [...faults.filter(({ path }) => path !== '--name' && path !== '--email'), ...who.faults];
}

/** Whatever is recorded is recorded under a name and an address; none is made up, and two people are not mixed. */
export function whoAsks(
  text: { readonly name?: string; readonly email?: string },
  environment: Readonly<Record<string, string | undefined>>,
): WhoAsks {
  const isTyped = text.name !== undefined || text.email !== undefined;
  const known = { name: environment['RELEASE_USER_NAME'], email: environment['RELEASE_USER_EMAIL'] };
  const { name = '', email = '' } = isTyped ? text : known;
  if (name !== '' && email !== '') return { name, email, faults: [] };
  const unknown = {
    code: 'INVALID_ARGUMENT',
    path: '--name, --email',
    message: 'Who asks is not known: it is recorded under a name and an address.',
    next: 'Pass --name and --email, or set RELEASE_USER_NAME and RELEASE_USER_EMAIL.',
  };
  return { name, email, faults: [unknown] };
}
