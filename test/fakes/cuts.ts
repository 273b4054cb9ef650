import type { Cut, Fault, SentCall } from './account.ts';

/** FAULTS=all disturbs every passing of every state, and every call in every way: some 4,400 cases, in minutes. */
export const ALL_FAULTS = process.env['FAULTS'] === 'all';
/** A call that only asks has no effect that could be lost or happen twice: the ways in which it fails take turns. */
const READ_FAULTS: readonly Fault[] = ['throttled', 'failed', 'unanswered', 'killed'];
const WRITE_FAULTS: readonly Fault[] = [...READ_FAULTS, 'repeated'];

const alike = (a: SentCall, b: SentCall) => a.service === b.service && a.operation === b.operation;

/** Calls of a step that are disturbed: of equal ones that read one object after the other, the first and the last. */
function disturbed(sent: readonly SentCall[]): readonly { readonly at: number; readonly reads: boolean }[] {
  return sent.flatMap((call, index) => {
    const isBetween =
      sent.findIndex((one) => alike(one, call)) < index && sent.findLastIndex((one) => alike(one, call)) > index;
    return call.reads && call.service === 's3' && isBetween && !ALL_FAULTS
      ? []
      : [{ at: index + 1, reads: call.reads }];
  });
}

/** Everything that is to happen to a step that sends these calls. */
export function cutsOf(sent: readonly SentCall[]): readonly Cut[] {
  return disturbed(sent).flatMap(({ at, reads }) => {
    const ways = reads ? READ_FAULTS : WRITE_FAULTS;
    const chosen = reads && !ALL_FAULTS ? ways.filter((_, index) => index === at % ways.length) : ways;
    return chosen.map((how) => ({ at, how }));
  });
}

/**
 * The cuts of each call in one way, in turn, and of one that changes what is kept the loss of its answer as well; unless all
 * are asked for.
 */
export function fewerOf(cuts: readonly Cut[], sent: readonly SentCall[]): readonly Cut[] {
  if (ALL_FAULTS) return cuts;
  return cuts.filter(({ at, how }) => {
    const ways = cuts.filter((one) => one.at === at).map((one) => one.how);
    return how === ways[at % ways.length] || (how === 'unanswered' && keeps(sent, at));
  });
}

/** True of a call after which something is kept that later calls see. */
export function keeps(sent: readonly SentCall[], at: number): boolean {
  const call = sent[at - 1];
  return call !== undefined && !call.reads && !PASSING.has(call.service);
}
const PASSING: ReadonlySet<string> = new Set(['kms', 'ses', 'sns', 'events']);

/** Calls after which something is different. */
export function writesOf(sent: readonly SentCall[]): readonly number[] {
  return sent.flatMap((call, index) => (call.reads || call.service === 'kms' ? [] : [index + 1]));
}
