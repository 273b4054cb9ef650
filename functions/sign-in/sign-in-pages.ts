import { messagePage } from '../approval/page-frame.ts';

const NOTHING = 'Nothing was decided.';

/** 503: the issuer, or a table of ours, does not answer. */
export function unavailablePage(): string {
  return messagePage('You cannot be signed in right now', [
    `Whoever vouches for you does not answer. ${NOTHING}`,
    'Please try again in a moment. What you typed on another page is still there, and whoever is signed in already can go on.',
  ]);
}

/** 400: the page to come back to is none of ours. */
export function noReturnPage(): string {
  return messagePage('This sign-in leads nowhere', [
    `It has to begin on the page of a request. Open the link from the newest email again. ${NOTHING}`,
  ]);
}

/** 400: an answer of the issuer to nothing that this browser asked, or to what was answered before. */
export function notBegunPage(): string {
  return messagePage('This sign-in was not begun here', [
    `It was finished before, took longer than ten minutes, or was begun in another browser or tab. ${NOTHING}`,
    'Open the link from the email again, and sign in from there.',
  ]);
}

/** 403: the issuer, or what it said, did not let the person in. `code` is for whoever runs model releases. */
export function refusedPage(code: string): string {
  return messagePage('You were not signed in', [
    `The sign-in was refused (${code}). ${NOTHING}`,
    'Open the link from the email again, and sign in from there. If it stays so, tell whoever runs model releases what stands in brackets.',
  ]);
}

/** 403: nobody has verified the address. */
export function notVerifiedPage(): string {
  return messagePage('Your address is not verified', [
    `You signed in, but whoever vouches for you has not verified your email address, and by that address you are known here. ${NOTHING}`,
    'Have it verified there, then open the link from the email again.',
  ]);
}
