import type { Parsed } from '../../platform/boundary.ts';
import type { Reason } from '../../platform/errors.ts';

export const NAME_MAX = 120;
export const NOTE_MAX = 2000;

/** What somebody typed, as it came; it is shown again when something is wrong with it. */
export interface AcknowledgeForm {
  readonly name: string;
  readonly model: string;
  readonly note: string;
}

export const EMPTY_FORM: AcknowledgeForm = { name: '', model: '', note: '' };

/** The fields of a URL-encoded body. A field that comes twice counts as not given: it says two things. */
export function readAcknowledgeForm(body: string): AcknowledgeForm {
  const fields = new URLSearchParams(body);
  const only = (name: string) => {
    const [first, ...more] = fields.getAll(name);
    // Half a character cannot be recorded; a form cannot send one, whoever posts by hand can.
    return first === undefined || more.length > 0 ? '' : first.replaceAll('\r\n', '\n').toWellFormed();
  };
  return { name: only('name'), model: only('model'), note: only('note') };
}

/** Checks all fields; `path` of a fault is the field's name. `model` is what must be typed by hand. */
export function parseAcknowledgeForm(
  typed: AcknowledgeForm,
  model: string,
): Parsed<Pick<AcknowledgeForm, 'name' | 'note'>> {
  const name = typed.name.trim();
  const note = typed.note.trim();
  const reasons: Reason[] = [];
  if (name === '' || name.length > NAME_MAX || name.includes('\n')) {
    reasons.push({
      ...{ code: 'INVALID_FIELD', path: 'name', message: 'Say who acknowledges for the team.' },
      ...{ got: `${name.length} characters`, allowed: `1 to ${NAME_MAX} characters in one line` },
    });
  }
  if (typed.model.trim() !== model) {
    reasons.push({
      ...{ code: 'INVALID_FIELD', path: 'model', message: `Type exactly ${model}, by hand.` },
      ...{ got: typed.model.trim().slice(0, 100), allowed: model },
    });
  }
  if (note.length > NOTE_MAX) {
    reasons.push({
      ...{ code: 'INVALID_FIELD', path: 'note', message: `Shorten the note to ${NOTE_MAX} characters.` },
      ...{ got: `${note.length} characters`, allowed: `at most ${NOTE_MAX} characters` },
    });
  }
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, value: { name, note } };
}
