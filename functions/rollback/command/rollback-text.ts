import * as z from 'zod';
import { instant } from '../../approval/wording.ts';
import { reasonLines } from '../../platform/command/reason-lines.ts';
import { reason } from '../../registry/items.ts';
import { versionWords } from '../cause-words.ts';
import type { ListedTarget } from '../target-list.ts';

/** What the rollback machine answers: a rollback that was recorded, or why nothing was moved. */
export const rollbackOutput = z.union([
  z.looseObject({
    end: z.literal('rolled-back'),
    ...{ model: z.string(), from: z.string(), to: z.string() },
    /** From the start to the moment at which the data plane was seen to serve the target. */
    seconds: z.number(),
    /** Promotions that it ended. */
    closed: z.array(z.string()),
  }),
  z.looseObject({ end: z.enum(['already-withdrawn', 'rejected']), model: z.string(), reasons: z.array(reason) }),
]);
export type RollbackOutput = z.infer<typeof rollbackOutput>;

/** How a rollback ended, for a terminal. `goesOn`: it is recorded, and what follows a rollback is not over yet. */
export function rollbackText(output: RollbackOutput, executionName: string, goesOn = false): string {
  if (output.end !== 'rolled-back') {
    const why = output.end === 'rejected' ? 'the request was refused' : 'what should not serve does not';
    return [`${output.model} was not moved: ${why}.`, ...reasonLines(output.reasons)].join('\n');
  }
  const { model, from, to, seconds, closed } = output;
  return [
    `${model} went back from ${versionWords(from)} to ${versionWords(to)} in ${seconds.toFixed(1)} s.`,
    closed.length === 0 ? 'No promotion was under way.' : `Closed with it: ${closed.join(', ')}.`,
    `Execution ${executionName}.`,
    ...(goesOn ? [`People are being told${from === '' ? '.' : recalling(model)}`] : []),
  ].join('\n');
}

/** Of the safe forecast nothing is recalled. */
function recalling(model: string): string {
  return `, and what was handed on is being recalled: \`npm run recalls -- --model ${model}\` lists what is open.`;
}

const failure = z.object({ errorMessage: z.string() });

/** How an execution failed, for a terminal; the cause of a failed function is JSON, of which a person needs the message. */
export function failureText(
  executionName: string,
  ended: { readonly status: string; readonly error?: string | undefined; readonly cause?: string | undefined },
): string {
  const { status, error = '', cause = '' } = ended;
  return `The execution ${executionName} ended as ${status}: ${error} ${messageIn(cause)}`.trimEnd();
}

function messageIn(cause: string): string {
  try {
    return failure.safeParse(JSON.parse(cause)).data?.errorMessage ?? cause;
  } catch {
    return cause;
  }
}

/** What can be gone back to, for a terminal. */
export function targetsText(model: string, serves: string, targets: readonly ListedTarget[]): string {
  const width = Math.max(...targets.map(({ version }) => version.length), 'version'.length) + 2;
  const row = (version: string, promoted: string, proven: string) =>
    `  ${version.padEnd(width)}${promoted.padEnd(22)}${proven}`.trimEnd();
  const at = (iso: string | null) => (iso === null ? '-' : instant(iso));
  const versions = targets.filter(({ version }) => version !== '');
  const safe = targets.find(({ version }) => version === '');
  return [
    `${model} is served by ${versionWords(serves)}, as the registry has it.`,
    ...(versions.length === 0
      ? ['There is no version to go back to.']
      : [
          row('version', 'promoted', 'proven'),
          ...versions.map((one) => row(one.version, at(one.promotedAt), at(one.provenAt))),
        ]),
    safe === undefined
      ? 'No document goes back to the safe forecast.'
      : `When no version is left, the safe forecast serves (proven ${at(safe.provenAt)}); to go to it before that, use the kill switch.`,
  ].join('\n');
}
