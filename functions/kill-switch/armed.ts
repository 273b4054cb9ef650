import * as z from 'zod';
import { within } from '../platform/deadline.ts';

/** One thing that stopping, or going back, needs, and whether it can be had. */
export interface ArmedCheck {
  /** The call that would be made, in words. */
  readonly what: string;
  readonly ok: boolean;
  /** What was answered: the name of the error, or what was read. */
  readonly got: string;
}

/** Whether a function can do what it is for, found out by calls that change nothing. */
export interface Armed {
  readonly armed: boolean;
  readonly checks: readonly ArmedCheck[];
}

/** What the kill-switch function and the roll-back function answer to an event with `dryRun: true`. */
export const armedAnswer = z.object({
  armed: z.boolean(),
  checks: z.array(z.object({ what: z.string(), ok: z.boolean(), got: z.string() })).readonly(),
});

/** Event that only asks whether the function is armed; whatever else it holds is not looked at. */
export const armedQuestion = z.object({ model: z.string(), dryRun: z.literal(true) });

/** A hold waits for the answer, so that one call that hangs must not outlast the function. */
const PATIENCE_MS = 5_000;

/** Armed when nothing is missing; an empty list proves nothing. */
export function armedBy(checks: readonly ArmedCheck[]): Armed {
  return { armed: checks.length > 0 && checks.every(({ ok }) => ok), checks };
}

/** Proves that something can be read: by reading it. `faultIn` says what is wrong with the answer; null: nothing. */
export async function readable<T>(
  what: string,
  read: () => Promise<T>,
  faultIn: (answer: T) => string | null = () => null,
): Promise<ArmedCheck> {
  const answer = await within(PATIENCE_MS, read);
  if (!answer.done) return { what, ok: false, got: nameOf(answer.cause) };
  const fault = faultIn(answer.value);
  return { what, ok: fault === null, got: fault ?? 'read' };
}

/**
 * Proves the right to change something by a call that must be refused although the right is there, because what it asks
 * for cannot be: AWS looks at the right first, and says so by another error.
 */
export async function refusedAs(what: string, harmless: string, call: () => Promise<unknown>): Promise<ArmedCheck> {
  const answer = await within(PATIENCE_MS, call);
  const got = answer.done ? 'accepted' : nameOf(answer.cause);
  return { what, ok: got === harmless, got };
}

/** The first thing that stands against it, in one line; null when it is armed. */
export function notArmed(who: string, { armed, checks }: Armed): string | null {
  if (armed) return null;
  const missing = checks.filter(({ ok }) => !ok).map(({ what, got }) => `${what}: ${got}`);
  return `${who} is not armed (${missing.join('; ') || 'nothing was proven'}).`;
}

/** Errors of ours are named by their code, those of AWS by its name for them. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}
