import type { Reason } from '../platform/errors.ts';
import { DECISIONS, type Decision } from './items.ts';

export const JUSTIFICATION_MIN = 10;
export const JUSTIFICATION_MAX = 4000;

/** What somebody typed, as it came; it is shown again when something is wrong with it. */
export interface TypedForm {
  readonly decision: string;
  readonly version: string;
  readonly justification: string;
}

export const EMPTY_FORM: TypedForm = { decision: '', version: '', justification: '' };

export type ParsedForm =
  | { readonly ok: true; readonly decision: Decision; readonly justification: string }
  | { readonly ok: false; readonly faults: readonly Reason[] };

/** The fields of a URL-encoded body. A field that comes twice counts as not given: it says two things. */
export function readForm(body: string): TypedForm {
  const fields = new URLSearchParams(body);
  const only = (name: string) => {
    const [first, ...more] = fields.getAll(name);
    return first === undefined || more.length > 0 ? '' : first.replaceAll('\r\n', '\n');
  };
  return { decision: only('decision'), version: only('version'), justification: only('justification') };
}

/** Checks all fields; `path` of a fault is the field's name. `expected` is what must be typed as the version. */
export function parseForm(typed: TypedForm, expected: string): ParsedForm {
  const decision = DECISIONS.find((known) => known === typed.decision);
  const justification = typed.justification.trim();
  const faults = [
    ...(decision === undefined ? [decisionFault(typed.decision)] : []),
    ...(typed.version.trim() === expected ? [] : [versionFault(typed.version.trim(), expected)]),
    ...justificationFaults(justification),
  ];
  return decision === undefined || faults.length > 0 ? { ok: false, faults } : { ok: true, decision, justification };
}

function decisionFault(got: string): Reason {
  return {
    code: 'INVALID_FIELD',
    path: 'decision',
    message: 'Choose approve or reject.',
    got,
    allowed: 'approve, reject',
  };
}

function versionFault(got: string, expected: string): Reason {
  const message =
    got === '' ? `Type ${expected} by hand.` : `That is not what is decided on. Type exactly ${expected}.`;
  return { code: 'INVALID_FIELD', path: 'version', message, got, allowed: expected };
}

function justificationFaults(text: string): readonly Reason[] {
  const fault = { code: 'INVALID_FIELD', path: 'justification', got: `${text.length} characters` };
  const allowed = `${JUSTIFICATION_MIN} to ${JUSTIFICATION_MAX} characters`;
  if (text.length < JUSTIFICATION_MIN) {
    return [{ ...fault, allowed, message: `Say why, in at least ${JUSTIFICATION_MIN} characters.` }];
  }
  if (text.length <= JUSTIFICATION_MAX) return [];
  const over = `Shorten it to ${JUSTIFICATION_MAX} characters; it has ${text.length}.`;
  return [{ ...fault, allowed, message: over }];
}
