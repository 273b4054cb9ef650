import { durationSeconds } from '../platform/duration.ts';
import type { DrillItem } from './drill-items.ts';

type Drill = Pick<DrillItem, 'at' | 'passed' | 'production'>;

/** Why a model is to be drilled. */
export type Due = 'first' | 'failed' | 'old' | 'changed';

/**
 * Whether a drill is due: there was none, or it failed, or its production version is another by now, or it is older than
 * half of what a canary may start with, so that there is time for a second one. Null: it is not.
 */
export function dueDrill(
  newest: Drill | null,
  { maxAge, production, now }: { readonly maxAge: string; readonly production: string; readonly now: string },
): Due | null {
  if (newest === null) return 'first';
  if (!newest.passed) return 'failed';
  if (newest.production !== production) return 'changed';
  return ageSeconds(newest, now) > durationSeconds(maxAge) / 2 ? 'old' : null;
}

export function ageSeconds({ at }: Pick<Drill, 'at'>, now: string): number {
  return Math.max(0, (Date.parse(now) - Date.parse(at)) / 1000);
}

/** A drill that died unrecorded keeps the next one off for so long. */
const BUCKET_CHARACTERS = 'YYYY-MM-DDTHH'.length;

/**
 * Name of the drill that follows the newest one: the same for everybody who asks, so that one runs at a time, until it
 * is recorded, or the hour is over.
 */
export function drillName(model: string, newest: Pick<DrillItem, 'at'> | null, now: string): string {
  const after = newest === null ? 'first' : newest.at.replaceAll(/\D/g, '').slice(0, 14);
  return `${model}_drill_${after}_${now.slice(0, BUCKET_CHARACTERS).replaceAll(/\D/g, '')}`;
}
