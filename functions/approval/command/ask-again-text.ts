import * as z from 'zod';
import { reasonLines } from '../../platform/command/reason-lines.ts';
import { reason } from '../../registry/items.ts';
import { OPTION_OF } from './ask-again-arguments.ts';

/** What the function ask-again answers, as far as a terminal shows it. */
export const askAgainOutput = z.discriminatedUnion('ok', [
  z.looseObject({
    ok: z.literal(true),
    asked: z.looseObject({ id: z.string(), name: z.string(), email: z.string() }),
    occasion: z.enum(['resent', 'delegated']),
  }),
  z.looseObject({ ok: z.literal(false), reasons: z.array(reason) }),
]);
export type AskAgainOutput = z.infer<typeof askAgainOutput>;

/** The answer for whoever typed the command. */
export function askAgainText(output: AskAgainOutput): string {
  if (!output.ok) {
    const named = new Map<string, string>(Object.entries(OPTION_OF));
    return reasonLines(
      output.reasons.map(({ path = '', ...rest }) => ({ ...rest, path: named.get(path) ?? path })),
    ).join('\n');
  }
  const { asked, occasion } = output;
  const how = occasion === 'resent' ? 'has a new request' : 'is asked as a stand-in';
  return `${asked.name} <${asked.email}> ${how}. The link of before is dead.`;
}
