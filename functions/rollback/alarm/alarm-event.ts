import * as z from 'zod';
import { parseEvent } from '../../platform/boundary.ts';

/** EventBridge's event of an alarm that changed its state. */
const stateChange = z.looseObject({
  source: z.literal('aws.cloudwatch'),
  detail: z.looseObject({
    alarmName: z.string(),
    state: z.looseObject({ value: z.string(), timestamp: z.string().exactOptional() }),
  }),
});
/** EventBridge's event of a schedule. */
const scheduled = z.looseObject({ source: z.literal('aws.events') });
const alarmEvent = z.union([stateChange, scheduled]);

/** Why the minutes behind us are looked at: an alarm that rings, or the schedule, which finds what goes on. */
export type AlarmCall = { readonly kind: 'rings'; readonly alarm: string } | { readonly kind: 'schedule' } | null;

/** Null: an alarm that fell silent, which needs no answer. @throws ReleaseError INVALID_INPUT for what is no such event */
export function alarmCallOf(event: unknown): AlarmCall {
  const parsed = parseEvent(alarmEvent, event);
  if (!('detail' in parsed) || parsed.source === 'aws.events') return { kind: 'schedule' };
  const { alarmName, state } = stateChange.parse(parsed).detail;
  return state.value === 'ALARM' ? { kind: 'rings', alarm: alarmName } : null;
}
