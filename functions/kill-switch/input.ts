import * as z from 'zod';
import { SAFE_FORECASTS } from '../inference/predictors/safe-forecasts.ts';
import { type Parsed, parseInput } from '../platform/boundary.ts';
import { plusDuration } from '../platform/duration.ts';
import type { Reason } from '../platform/errors.ts';
import { modelName, segmentName } from '../platform/ids.ts';
import { requester } from '../platform/people.ts';
import { LEVELS } from './items.ts';

/** A switch that stands for longer than this is a decision of another kind: it has to be renewed. */
const MAX_STANDING = 'P31D';

/**
 * Input of the kill switch. Who may invoke the function may stop; whoever asks is named. `dryRun` asks only whether the
 * function could, and needs nothing but the model.
 */
export const killSwitchInput = z.strictObject({
  model: modelName,
  level: z.enum(LEVELS),
  /** Level `model`: only these are served by the safe forecast; left out, the whole model is. */
  segments: z.array(segmentName).min(1).max(50).optional(),
  /** Level `model`: which safe forecast; left out, the one of the model's policy. */
  fallback: z.enum(SAFE_FORECASTS).optional(),
  reason: z.string('Say why.').trim().min(10, 'Say why in at least 10 characters.').max(4000),
  requestedBy: requester,
  /** UTC. Nothing ends then by itself: people are reminded before it and pressed after it. */
  expiresAt: z.iso.datetime({ offset: true, error: 'Expected an instant such as 2026-03-01T08:00:00Z.' }),
  dryRun: z.boolean().optional(),
});
export type KillSwitchInput = z.infer<typeof killSwitchInput>;

const NEXT = 'Correct the fields and call again.';

/** Parses the input; a rejection lists every fault at once. */
export function parseKillSwitchInput(value: unknown, now: string): Parsed<KillSwitchInput> {
  const parsed = parseInput(killSwitchInput, value, NEXT);
  const across = acrossFields(value, now);
  if (!parsed.ok) return { ok: false, reasons: [...parsed.reasons, ...across] };
  if (across.length > 0) return { ok: false, reasons: across };
  return { ok: true, value: { ...parsed.value, expiresAt: new Date(parsed.value.expiresAt).toISOString() } };
}

/** Asked of the raw value, since another field may be wrong as well. */
function acrossFields(value: unknown, now: string): readonly Reason[] {
  const raw = z.looseObject({}).safeParse(value);
  if (!raw.success) return [];
  const { level, segments, fallback, expiresAt } = raw.data;
  const stray = Object.entries({ segments, fallback }).filter(([, given]) => given !== undefined);
  const reasons: Reason[] =
    typeof level === 'string' && level !== 'model' && LEVELS.some((one) => one === level)
      ? stray.map(([path]) => ({
          code: 'NOT_AT_THIS_LEVEL',
          path,
          message: 'Only the level model has a safe forecast serve; the others leave production as it is.',
          got: level,
          allowed: 'level model',
          next: NEXT,
        }))
      : [];
  const expiry = z.iso.datetime({ offset: true }).safeParse(expiresAt);
  if (expiry.success) reasons.push(...expiryFaults(expiry.data, now));
  return reasons;
}

function expiryFaults(expiresAt: string, now: string): readonly Reason[] {
  const latest = plusDuration(now, MAX_STANDING);
  const at = Date.parse(expiresAt);
  if (at > Date.parse(now) && at <= Date.parse(latest)) return [];
  return [
    {
      code: 'EXPIRY_OUT_OF_RANGE',
      path: 'expiresAt',
      message: 'Somebody has to look at it again in good time.',
      got: expiresAt,
      allowed: `after ${now}, at the latest ${latest}`,
      next: NEXT,
    },
  ];
}
