import type { CHANGE_TYPES } from '../change/change-record.ts';
import type { Reason } from '../platform/errors.ts';
import type { Difference } from './settings-diff.ts';

type ChangeType = (typeof CHANGE_TYPES)[number];

/** Types of change that alter a setting; the first that fits stands for it. */
function typesFor(path: string): readonly ChangeType[] {
  if (path.startsWith('policy.calibration')) return ['calibration'];
  if (path === 'policy.retraining.every') return ['retraining-cadence'];
  if (path === 'policy.retraining.window') return ['training-window'];
  // Who has to approve is the business of whoever owns the model as much as a threshold.
  if (path.startsWith('policy.approvals.')) return ['thresholds', 'ownership'];
  return path.startsWith('policy.') ? ['thresholds'] : ['ownership'];
}

/**
 * Why a change of settings is not of the type that its record names: every setting that another type is for. What is
 * written down, and how severe it is, has to be what happens.
 */
export function settingsTypeFaults(type: ChangeType, differences: readonly Difference[]): readonly Reason[] {
  const misfits = differences.filter(({ path }) => !typesFor(path).includes(type));
  if (misfits.length === 0) return [];
  const needed = [...new Set(misfits.flatMap(({ path }) => typesFor(path).slice(0, 1)))];
  const named = misfits.slice(0, 20).map(({ path }) => path);
  const more = misfits.length - named.length;
  return [
    {
      code: 'CHANGE_TYPE_MISMATCH',
      path: 'change.type',
      message: `A change of type ${type} does not alter ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
      got: type,
      allowed: needed.join(', '),
      next: 'Name the type of what is altered; ask for each type in a change of its own.',
    },
  ];
}

/** Types under which a candidate may use other features than the version that serves. */
const FEATURE_TYPES: readonly ChangeType[] = ['features', 'architecture'];

/**
 * Why a candidate is not of the type that its record names: it was trained with other features than the version in
 * production. Null: that version's training is not known.
 */
export function candidateTypeFaults(
  type: ChangeType,
  features: readonly string[],
  before: readonly string[] | null,
): readonly Reason[] {
  if (before === null || FEATURE_TYPES.includes(type)) return [];
  const added = features.filter((name) => !before.includes(name));
  const removed = before.filter((name) => !features.includes(name));
  if (added.length + removed.length === 0) return [];
  const told = [...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)].join(', ');
  return [
    {
      code: 'CHANGE_TYPE_MISMATCH',
      path: 'change.type',
      message: `The candidate was trained with other features than the version in production: ${told.slice(0, 500).toWellFormed()}.`,
      got: type,
      allowed: FEATURE_TYPES.join(', '),
      next: 'Name what really changes, so that people are asked about that.',
    },
  ];
}
