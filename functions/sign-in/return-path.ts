/** Pages that a person signs in for. */
export type SignedPages = 'approvals' | 'notices';

/** The page of one link, with its secret: 128 and 256 bits as our own links write them. */
const RETURN_PATH = /^\/(approvals|notices)\/[0-9a-f]{32}\?k=[A-Za-z0-9_-]{43}$/;

/** Where a sign-in leads back to: the page of one of our own links, and nothing else. Null for whatever else was asked for. */
export function parseReturnPath(text: string | null): string | null {
  return text !== null && RETURN_PATH.test(text) ? text : null;
}

/**
 * The address of the sign-in that leads back to the page of a link, as that page refers to it. `asOther`: the issuer asks who
 * it is, although somebody is signed in there.
 */
export function signInAddress(
  pages: SignedPages,
  { requestId, secret }: { readonly requestId: string; readonly secret: string },
  asOther = false,
): string {
  const query = new URLSearchParams({ to: `/${pages}/${requestId}?k=${secret}`, ...(asOther ? { as: 'other' } : {}) });
  return `../sign-in?${query}`;
}
