/** Names of the two cookies: who is signed in, and what a sign-in that was begun has to come back with. */
export interface CookieNames {
  readonly session: string;
  readonly pending: string;
}

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * The cookies' names at a host. With `__Host-` no other host, not even one above or below, can set them; a browser takes that
 * over https alone, which the local platform does not speak.
 */
export function cookieNames(host: string): CookieNames {
  const prefix = LOOPBACK.test(host) ? '' : '__Host-';
  return { session: `${prefix}release-session`, pending: `${prefix}release-sign-in` };
}

/** The value of a cookie among `name=value`; null when there is none, or two, which say two things. */
export function readCookie(cookies: readonly string[], name: string): string | null {
  const [found, ...more] = cookies.filter((cookie) => cookie.startsWith(`${name}=`));
  return found === undefined || more.length > 0 ? null : found.slice(name.length + 1);
}

/**
 * A cookie for all of our pages. Lax and not Strict: the issuer leads back here, and links are opened from emails; a form of
 * another site that posts comes without it.
 */
export function setCookie(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; Secure; SameSite=Lax`;
}

export function clearCookie(name: string): string {
  return setCookie(name, '', 0);
}
