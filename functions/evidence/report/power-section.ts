import type { Html } from '../../platform/html.ts';
import type { ShadowReport } from './stage-envelope.ts';

/** Whether a canary of this plan could show its margins; nothing when it was not asked. */
export function powerSection(power: ShadowReport['power']): Html | null {
  return power === null ? null : null;
}
