import type { Reason } from '../errors.ts';
import { modelName } from '../ids.ts';
import { nearest } from '../nearest.ts';

/** The options of a command, without their hyphens. */
export interface OptionNames<Text extends string, List extends string, Flag extends string> {
  /** Each takes a value, once. */
  readonly texts: readonly Text[];
  /** Each takes a value, and may stand several times. */
  readonly lists?: readonly List[];
  readonly flags: readonly Flag[];
}

export interface Options<Text extends string, Flag extends string, List extends string = never> {
  readonly text: Readonly<Partial<Record<Text, string>>>;
  readonly lists: Readonly<Partial<Record<List, readonly string[]>>>;
  /** `help` is a flag of every command. */
  readonly flags: ReadonlySet<Flag | 'help'>;
  readonly faults: readonly Reason[];
}

/** What was typed, and all that is wrong with it as far as it can be told without its meaning. */
export function parseOptions<Text extends string, Flag extends string, List extends string = never>(
  argv: readonly string[],
  { texts, lists = [], flags }: OptionNames<Text, List, Flag>,
): Options<Text, Flag, List> {
  const text: Partial<Record<Text, string>> = {};
  const many: Partial<Record<List, string[]>> = {};
  const set = new Set<Flag | 'help'>();
  const faults: Reason[] = [];
  const allFlags: readonly (Flag | 'help')[] = [...flags, 'help'];
  const takingValues = [...texts, ...lists];
  for (let at = 0; at < argv.length; at += 1) {
    const { option, name, inline } = wordOf(argv[at] ?? '');
    const following = argv[at + 1];
    const value = inline ?? (following?.startsWith('--') ? undefined : following);
    const used = inline === undefined && value !== undefined ? 1 : 0;
    const flag = allFlags.find((one) => one === name);
    const list = lists.find((one) => one === name);
    const named = texts.find((one) => one === name);
    if (name === null) faults.push(fault(option, 'This is not an option.'));
    else if (flag !== undefined) {
      set.add(flag);
      if (inline !== undefined) faults.push(fault(option, 'It takes no value.', inline));
    } else if (named === undefined && list === undefined) {
      const meant = nearest(name, [...takingValues, ...allFlags]);
      faults.push(unknownOption(option, meant));
      // The value of the option that was meant is no fault of its own.
      if (takingValues.some((one) => one === meant)) at += used;
    } else {
      at += used;
      if (!value) faults.push(fault(option, 'Its value is missing.'));
      else if (list !== undefined) many[list] = [...(many[list] ?? []), value];
      else if (named !== undefined && text[named] === undefined) text[named] = value;
      else faults.push(fault(option, 'This option stands there twice.', value));
    }
  }
  return { text, lists: many, flags: set, faults };
}

/** An option as typed; `name` is null for what is none. */
interface Word {
  readonly option: string;
  readonly name: string | null;
  /** What stands behind `=`. */
  readonly inline?: string;
}

function wordOf(word: string): Word {
  if (word === '-h') return { option: word, name: 'help' };
  const { option, name, inline } = /^(?<option>--?(?<name>[^-=][^=]*))(=(?<inline>.*))?$/s.exec(word)?.groups ?? {};
  if (option === undefined || name === undefined) return { option: word, name: null };
  // One hyphen is never enough, but tells which option was meant.
  const found = option.startsWith('--') ? name : `-${name}`;
  return { option, name: found, ...(inline === undefined ? {} : { inline }) };
}

function unknownOption(option: string, meant: string | null): Reason {
  const next = meant === null ? '`--help` lists the options.' : `Did you mean --${meant}?`;
  return { ...fault(option, 'This option does not exist.'), next };
}

/** What is wrong with one option; `got`: its value. */
export function fault(path: string, message: string, got?: string): Reason {
  return { code: 'INVALID_ARGUMENT', path, message, ...(got === undefined ? {} : { got }) };
}

export function missing(option: string): Reason {
  return fault(option, `${option} is missing.`);
}

/** What is wrong with `--model` where nothing but the model is asked for. */
export function modelFaults(model: string | undefined): readonly Reason[] {
  if (model === undefined) return [missing('--model')];
  const parsed = modelName.safeParse(model);
  return parsed.success ? [] : [fault('--model', parsed.error.issues[0]?.message ?? 'This is no model.', model)];
}
