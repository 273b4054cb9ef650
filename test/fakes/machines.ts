import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ROOT } from '../structure/sources.ts';

const retrier = z.looseObject({ ErrorEquals: z.array(z.string()), MaxAttempts: z.int().default(3) });
const state = z.looseObject({
  Type: z.string(),
  Parameters: z.looseObject({ FunctionName: z.string().optional() }).optional(),
  Retry: z.array(retrier).default([]),
  Next: z.string().optional(),
  Choices: z.array(z.looseObject({ StringEquals: z.string().optional(), Next: z.string() })).default([]),
  ItemProcessor: z.looseObject({ States: z.record(z.string(), z.unknown()) }).optional(),
});
export type MachineState = z.infer<typeof state>;

/** The states of a machine by name, those inside of a map among them. */
export function statesOf(machine: string): Readonly<Record<string, MachineState>> {
  const text = readFileSync(join(ROOT, 'state-machines', `${machine}.asl.json`), 'utf8');
  const { States } = z.looseObject({ States: z.record(z.string(), state) }).parse(JSON.parse(text));
  const inner = Object.values(States).flatMap(({ ItemProcessor }) => Object.entries(ItemProcessor?.States ?? {}));
  return { ...States, ...Object.fromEntries(inner.map(([name, one]) => [name, state.parse(one)])) };
}

/** The function that a state calls, as the definition names it; null for a state that calls none. */
export function functionOf({ Parameters }: MachineState): string | null {
  return /^\$\{(\w+)Arn\}$/.exec(Parameters?.FunctionName ?? '')?.[1] ?? null;
}

/** Whether a machine runs a state again after an error, or gives it up. */
export function isRetried({ Retry }: MachineState, error: Error): boolean {
  const first = Retry.find(({ ErrorEquals }) =>
    ErrorEquals.some((one) => one === error.name || one === 'States.ALL' || one === 'States.TaskFailed'),
  );
  return (first?.MaxAttempts ?? 0) > 0;
}
