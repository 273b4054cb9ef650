import * as z from 'zod';
import type { CHANGE_TYPES } from './change-record.ts';

/**
 * How much a change may disturb whoever works by the forecasts, the mildest first. A `critical` one is announced to the
 * teams downstream before it serves anybody.
 */
export const SEVERITY_LEVELS = ['minor', 'major', 'critical'] as const;
export type SeverityLevel = (typeof SEVERITY_LEVELS)[number];

/** The severity that the rule gave a run when it was registered, and by what. */
export const changeSeverity = z.object({ level: z.enum(SEVERITY_LEVELS), because: z.string() });
export type ChangeSeverity = Readonly<z.infer<typeof changeSeverity>>;

type ChangeType = (typeof CHANGE_TYPES)[number];

/** By what is changed: how forecasts are made, or how they are judged, tuned and answered for. */
const BY_TYPE: Readonly<Record<ChangeType, SeverityLevel>> = {
  architecture: 'major',
  features: 'major',
  onboarding: 'major',
  'training-window': 'minor',
  thresholds: 'minor',
  calibration: 'minor',
  'retraining-cadence': 'minor',
  ownership: 'minor',
};

/** Settings that protect what serves, or that replace it: another value of them is felt beyond the model's own people. */
const PROTECTING = [
  'policy.approvals.quorum',
  'policy.guard',
  'policy.watch',
  'policy.notice',
  'policy.freezes',
  'policy.safeForecast',
] as const;

interface Declared {
  readonly type: ChangeType;
  readonly critical?: true | undefined;
}

interface Reach {
  readonly regions: readonly string[];
  readonly stores: readonly string[];
  readonly skus: readonly string[];
  readonly categories: readonly string[];
}

/**
 * Severity of a promotion: that of its type, one level higher when its canary is drawn from the whole business and not
 * from named regions, stores, articles or categories.
 */
export function promotionSeverity(change: Declared, where: Reach): ChangeSeverity {
  const whole = Object.values({ ...where }).every((names) => names.length === 0);
  const scope = whole ? 'drawn from the whole business' : 'drawn from named parts of the business';
  return severity(change, whole, scope);
}

/**
 * Severity of what is no promotion: that of its type, one level higher when it alters a setting that protects what serves
 * (`paths`, as settingsDiff names them), or takes a version over that passed no gate.
 */
export function settingsSeverity(
  change: Declared,
  of: { readonly paths: readonly string[]; readonly adopts: boolean },
): ChangeSeverity {
  if (of.adopts) return severity(change, true, 'takes a version over that passed no gate');
  const touched = PROTECTING.filter((setting) => of.paths.some((path) => isWithin(path, setting)));
  return severity(change, touched.length > 0, touched.length > 0 ? `alters ${touched.join(', ')}` : 'of one model');
}

/** Whether a setting is another one or a part of it. */
function isWithin(path: string, setting: string): boolean {
  return path === setting || path.startsWith(`${setting}.`);
}

/** What is declared critical is critical; nothing that is declared makes a change milder. */
function severity({ type, critical }: Declared, raised: boolean, scope: string): ChangeSeverity {
  const byType = SEVERITY_LEVELS.indexOf(BY_TYPE[type]);
  const level = SEVERITY_LEVELS[Math.min(byType + (raised ? 1 : 0), SEVERITY_LEVELS.length - 1)] ?? 'critical';
  const because = `${type}, ${scope}`;
  if (critical === true && level !== 'critical') {
    return { level: 'critical', because: `declared critical; by the rule ${level} (${because})` };
  }
  return { level, because };
}
