import type { Reason } from '../../platform/errors.ts';
import { CAUSES, type Cause } from '../input.ts';
import type { Alert } from './alert-link.ts';
import type { Standing } from './standing.ts';

export const DETAIL_MAX = 4000;

/** What somebody typed, as it came; it is shown again when something is wrong with it. */
export interface TypedRollback {
  readonly model: string;
  readonly cause: string;
  /** Empty: the version before. */
  readonly target: string;
  readonly detail: string;
}

/** The form as it is first shown: the cause is the alert's, the target the version before; the name is to be typed. */
export function blankForm({ cause }: Pick<Alert, 'cause'>): TypedRollback {
  return { model: '', cause, target: '', detail: '' };
}

/** The fields of a URL-encoded body. A field that comes twice counts as not given: it says two things. */
export function readRollbackForm(body: string): TypedRollback {
  const fields = new URLSearchParams(body);
  const only = (name: string) => {
    const [first, ...more] = fields.getAll(name);
    return first === undefined || more.length > 0 ? '' : first.replaceAll('\r\n', '\n');
  };
  return { model: only('model'), cause: only('cause'), target: only('target'), detail: only('detail') };
}

export interface AskedRollback {
  readonly cause: Cause;
  readonly targetVersion?: string;
  readonly detail?: string;
}

export type ParsedRollback =
  | { readonly ok: true; readonly asked: AskedRollback }
  | { readonly ok: false; readonly faults: readonly Reason[] };

/** Checks all fields; `path` of a fault is the field's name. */
export function parseRollbackForm(
  typed: TypedRollback,
  model: string,
  { targets }: Pick<Standing, 'targets'>,
): ParsedRollback {
  const cause = CAUSES.find((known) => known === typed.cause);
  const versions = targets.map(({ version }) => version).filter((version) => version !== '');
  const detail = typed.detail.trim();
  const faults = [
    ...(typed.model.trim() === model ? [] : [modelFault(typed.model.trim(), model)]),
    ...(cause === undefined ? [fault('cause', 'Choose the cause.', typed.cause, CAUSES.join(', '))] : []),
    ...(typed.target === '' || versions.includes(typed.target) ? [] : [targetFault(typed.target, versions)]),
    ...(detail.length <= DETAIL_MAX ? [] : [detailFault(detail)]),
  ];
  if (cause === undefined || faults.length > 0) return { ok: false, faults };
  const targetVersion = typed.target === '' ? {} : { targetVersion: typed.target };
  return { ok: true, asked: { cause, ...targetVersion, ...(detail === '' ? {} : { detail }) } };
}

function modelFault(got: string, model: string): Reason {
  const message = got === '' ? `Type ${model} by hand.` : `That is not the model. Type exactly ${model}.`;
  return fault('model', message, got, model);
}

function targetFault(got: string, versions: readonly string[]): Reason {
  const message = 'That version cannot be gone back to any more. Choose another.';
  return fault('target', message, got, versions.join(', ') || 'the version before');
}

function detailFault(detail: string): Reason {
  const message = `Shorten it to ${DETAIL_MAX} characters; it has ${detail.length}.`;
  return fault('detail', message, `${detail.length} characters`, `at most ${DETAIL_MAX} characters`);
}

function fault(path: string, message: string, got: string, allowed: string): Reason {
  return { code: 'INVALID_FIELD', path, message, got, allowed };
}
