/** Longer ones are no addresses of pages, and would fill a session. */
const MAX_LENGTH = 2000;

/** Browsers take tabs and line breaks out of an address, and a backslash for a slash (URL Standard, 4.4). */
// oxlint-disable-next-line no-control-regex -- these are what browsers do not see
const NOT_IN_A_PATH = /[\u0000-\u0020\u007F\\]/;

const HERE = 'http://here.invalid';

/**
 * An address as a path of the site that it is found on, whatever browser reads it: one slash, and nothing behind it that could turn it
 * into the address of a host, dots resolved (`/.//host`).
 *
 * @returns as browsers ask for it, dots resolved and in ASCII alone (`/caf%C3%A9`), so that it can go into a `Location` header;
 * undefined for any other address
 */
export function pathOfThisSite(url: unknown): string | undefined {
  if (typeof url !== 'string' || url.length > MAX_LENGTH || !url.startsWith('/')) return undefined;
  if (NOT_IN_A_PATH.test(url) || !URL.canParse(url, HERE)) return undefined;
  const { origin, pathname, href } = new URL(url, HERE);
  if (origin !== HERE || pathname.startsWith('//')) return undefined;
  const path = href.slice(HERE.length);
  return path.length > MAX_LENGTH ? undefined : path;
}
