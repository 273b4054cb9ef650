import { type Html, html } from '../platform/html.ts';
import type { Approver } from '../platform/people.ts';
import { type SignedPages, signInAddress } from './return-path.ts';
import type { Session } from './session.ts';
import { type SignIn, type Standing, standingOf } from './standing.ts';

/** What a page says of who is signed in, to the person whom it was sent to. */
export interface SignInView {
  readonly standing: Standing;
  readonly person: Pick<Approver, 'name' | 'email'>;
  readonly address: string;
  readonly otherAddress: string;
  /** A form was sent: it stays, with all that was typed. */
  readonly posted: boolean;
}

export function signInView(
  pages: SignedPages,
  link: { readonly requestId: string; readonly secret: string; readonly signIn?: SignIn },
  { name, email }: SignInView['person'],
  posted = false,
): SignInView {
  return {
    standing: standingOf(link.signIn, { email }),
    person: { name, email },
    address: signInAddress(pages, link),
    otherAddress: signInAddress(pages, link, true),
    posted,
  };
}

/**
 * Above the page: a form was sent by nobody who is signed in, or by somebody else than the person addressed. Null when that is
 * not so.
 */
export function notSignedIn(view: SignInView | undefined): Html | null {
  if (view?.posted !== true) return null;
  const { standing, person, address, otherAddress } = view;
  const after = 'then come back to this page and send the form again: what you typed is still here.';
  const link = (href: string) =>
    html`<a href="${href}" target="_blank" rel="noopener">Sign in as ${person.name} (opens in a new tab)</a>`;
  if (standing.kind === 'missing') {
    return alert(
      'Nothing was recorded yet: you are not signed in',
      html`<p>You were not signed in, or not any more. ${link(address)}, ${after}</p>`,
    );
  }
  if (standing.kind !== 'other') return null;
  const { name, email } = standing.session;
  return alert(
    'Nothing was recorded: you are signed in as somebody else',
    html`<p>You are signed in as ${name} (${email}). This link was sent to ${person.name} (${person.email}), and only they can use it. ${link(otherAddress)}, ${after}</p>
${unasked(standing.session)}`,
  );
}

function alert(title: string, body: Html): Html {
  return html`<div class="errors" role="alert" tabindex="-1" autofocus aria-labelledby="errors"><h2 id="errors">${title}</h2>
${body}</div>`;
}

/** In the place of a form that could not be sent by whoever opened the page; null when it can. */
export function instead(
  view: SignInView | undefined,
  what: { readonly id: string; readonly title: string },
): Html | null {
  if (view === undefined || view.posted) return null;
  const { standing, person } = view;
  if (standing.kind === 'free' || standing.kind === 'same') return null;
  const { id, title } = what;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${
  standing.kind === 'missing'
    ? html`<p>To go on, sign in as ${person.name} (${person.email}). You come back to this page.</p>
<p><a href="${view.address}"><strong>Sign in as ${person.name}</strong></a></p>`
    : html`<p>You are signed in as ${standing.session.name} (${standing.session.email}). Only ${person.name} (${person.email}) can do this here.</p>
<p><a href="${view.otherAddress}"><strong>Sign in as ${person.name}</strong></a></p>
${unasked(standing.session)}`
}</section>`;
}

/** Not every issuer asks again, although we say that it should. */
function unasked({ issuer }: Session): Html {
  return html`<p class="soft">If you are not asked who you are, sign out at ${new URL(issuer).host} first.</p>`;
}

/** Within the form: under whose name it is sent. */
export function signedInAs(view: SignInView | undefined): Html | null {
  if (view?.standing.kind !== 'same') return null;
  const { session } = view.standing;
  return html`<p class="soft">Signed in as ${session.name} (${session.email}).</p>`;
}
