import * as z from 'zod';
import { reasonLines } from '../../platform/command/reason-lines.ts';
import { reason } from '../../registry/items.ts';
import { type Armed, armedAnswer } from '../armed.ts';

/** What the kill-switch function answers, as far as a terminal shows it. */
export const killSwitchOutput = z.union([
  armedAnswer,
  z.looseObject({
    model: z.string(),
    outcome: z.string(),
    level: z.string().optional(),
    version: z.string().optional(),
    promotionId: z.string().optional(),
    fallback: z.string().optional(),
    fallbackSegments: z.array(z.string()).optional(),
    recorded: z.boolean().optional(),
    reasons: z.array(reason),
  }),
]);
export type KillSwitchOutput = z.infer<typeof killSwitchOutput>;

/** 0 when what was asked for is so now, and recorded. */
export function exitCodeOf(output: KillSwitchOutput): 0 | 1 {
  if (isArmed(output)) return output.armed ? 0 : 1;
  const stops = ['thrown', 'renewed', 'already-thrown'].includes(output.outcome);
  return stops && output.recorded !== false ? 0 : 1;
}

export function killSwitchText(output: KillSwitchOutput): string {
  if (isArmed(output)) {
    const lines = output.checks.map(({ what, ok, got }) => `${ok ? 'yes' : 'NO '} ${what} (${got})`);
    return [output.armed ? 'Armed.' : 'Not armed.', ...lines].join('\n');
  }
  const { model, outcome, level, version, promotionId, fallback, fallbackSegments = [], reasons } = output;
  const where = fallbackSegments.length === 0 ? 'everything' : fallbackSegments.join(', ');
  const what = fallback === undefined ? `${level ?? ''} ${version ?? ''}`.trim() : `${fallback} serves ${where}`;
  return [
    `${model}: ${outcome}${what === '' ? '' : ` (${what})`}`,
    ...(promotionId === undefined ? [] : [`Ended: ${promotionId}`]),
    ...reasonLines(reasons),
  ].join('\n');
}

function isArmed(output: KillSwitchOutput): output is Armed {
  return 'armed' in output && 'checks' in output;
}
