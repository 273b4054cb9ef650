import { instant } from '../../approval/wording.ts';
import type { Email } from '../../platform/email.ts';
import { html, visible, visibleLine } from '../../platform/html.ts';
import { CAUSE_WORDS, versionWords } from '../cause-words.ts';
import type { AlertFacts } from './alert-facts.ts';
import type { Alert, AlertLink } from './alert-link.ts';

interface Letter {
  readonly alert: Alert;
  readonly facts: AlertFacts;
  readonly link: Pick<AlertLink, 'person' | 'expiresAt'>;
  /** Address of the person's page, with its secret. */
  readonly address: string;
}

/** The alert to one person, as plain text and as HTML without images or other assets. */
export function alertEmail(letter: Letter): Email {
  const subject = subjectOf(letter.alert);
  return { subject, text: textOf(letter), html: htmlOf(letter, subject) };
}

const MAX_SUBJECT = 200;

function subjectOf({ model, headline, rolledBack }: Alert): string {
  const shown = visibleLine(`${rolledBack ? 'Rolled back' : 'Alert'}: ${model}: ${headline}`);
  return shown.length <= MAX_SUBJECT ? shown : `${shown.slice(0, MAX_SUBJECT - 1).toWellFormed()}…`;
}

function lines({ alert, facts }: Letter): readonly (readonly [string, string])[] {
  const { model, version, cause, trigger, rolledBack } = alert;
  const { serves, goesTo } = facts;
  const back = goesTo === null ? 'nothing that is known; the page says what there is' : versionWords(goesTo);
  return [
    ['Model', model],
    ['At fault', version === '' ? 'no version in particular' : `version ${version}`],
    ['Kind', CAUSE_WORDS[cause]],
    ['Noticed by', trigger],
    ['Serves now', serves === null ? 'not known: the registry did not answer' : versionWords(serves)],
    [rolledBack ? 'Goes back to' : 'A rollback would go back to', back],
  ];
}

function doing({ rolledBack, version }: Alert): {
  readonly what: string;
  readonly button: string;
  readonly after: string;
} {
  if (rolledBack) {
    return {
      what: 'A rollback was started already, without waiting for anybody. See how it stands here:',
      button: 'See how it stands',
      after: 'There is nothing that you have to do.',
    };
  }
  if (version === '') {
    return {
      what: 'No version is known to be at fault, so that a rollback may not help: it would withdraw the one that serves, for good. See how it stands, and roll back there if it must not go on; one person is enough:',
      button: 'See how it stands',
      after: "Whoever rolls back is asked to type the model's name by hand, and is recorded by name.",
    };
  }
  return {
    what: 'Nothing was changed yet. One person is enough to roll back, here:',
    button: 'Look, and roll back',
    after:
      "You will be asked to type the model's name by hand. The rollback is recorded under your name and is done within minutes.",
  };
}

const ALONE = 'Opening the link changes nothing. It is meant for you alone: do not forward it.';

function textOf(letter: Letter): string {
  const { alert, link, address } = letter;
  const { what, after } = doing(alert);
  return visible(
    [
      `Dear ${link.person.name},`,
      '',
      alert.headline,
      ...(alert.detail === '' ? [] : ['', alert.detail]),
      '',
      ...lines(letter).map(([name, value]) => `${name}: ${value}`),
      '',
      what,
      address,
      '',
      after,
      `The link works until ${instant(link.expiresAt)}. ${ALONE}`,
      '',
      `Reference: ${alert.id}`,
    ].join('\n'),
  );
}

const CELL = 'padding:4px 12px 4px 0;vertical-align:top';

function htmlOf(letter: Letter, subject: string): string {
  const { alert, link, address } = letter;
  const { what, button, after } = doing(alert);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:640px;margin:0 auto;padding:16px">
<p>Dear ${link.person.name},</p>
<p><strong>${alert.headline}</strong></p>
${alert.detail === '' ? null : html`<p style="white-space:pre-line">${alert.detail}</p>`}
<table role="presentation" style="border-collapse:collapse">${lines(letter).map(
    ([name, value]) => html`<tr><td style="${CELL};color:#57606a">${name}</td><td style="${CELL}">${value}</td></tr>`,
  )}</table>
<p>${what}</p>
<p><a href="${address}" style="display:inline-block;padding:10px 18px;background:#0b5cad;color:#ffffff;text-decoration:none;border-radius:6px">${button}</a></p>
<p>${after} The link works until ${instant(link.expiresAt)}. ${ALONE}</p>
<p style="color:#57606a">Reference: ${alert.id}</p>
</body></html>`.markup;
}
