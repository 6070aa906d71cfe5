/** Longer ones are no addresses of pages, and would fill a session. */
const MAX_LENGTH = 2000;

/** Browsers take tabs and line breaks out of an address, and a backslash for a slash (URL Standard, 4.4). */
// oxlint-disable-next-line no-control-regex -- these are what browsers do not see
const NOT_IN_A_PATH = /[\u0000-\u0020\u007F\\]/;

const HERE = 'http://here.invalid';

/**
 * Whether an address is a path of the site that it is found on, whatever browser reads it: one slash, and nothing behind
 * it that could turn it into the address of a host, dots resolved (`/.//host`).
 */
export function isPathOfThisSite(url: unknown): url is string {
  if (typeof url !== 'string' || url.length > MAX_LENGTH || !url.startsWith('/')) return false;
  if (NOT_IN_A_PATH.test(url) || !URL.canParse(url, HERE)) return false;
  const { origin, pathname } = new URL(url, HERE);
  return origin === HERE && !pathname.startsWith('//');
}
