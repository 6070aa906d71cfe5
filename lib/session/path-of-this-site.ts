/** Longer addresses are not those of pages, and would fill a session. */
const MAX_LENGTH = 2000;

/** Browsers remove tabs and line breaks from an address, and treat a backslash as a slash (URL Standard, 4.4). */
// oxlint-disable-next-line no-control-regex -- browsers remove these characters
const NOT_IN_A_PATH = /[\u0000-\u0020\u007F\\]/;

const HERE = 'http://here.invalid';

/**
 * Validates an address as a path of this site, whichever browser reads it: it begins with one slash, and
 * nothing after that can turn it into the address of another host, even after dots are resolved (`/.//host`).
 *
 * @returns the path as browsers request it, with dots resolved and in ASCII (`/caf%C3%A9`), so that it can go
 * into a `Location` header; undefined for any other address
 */
export function pathOfThisSite(url: unknown): string | undefined {
  if (typeof url !== 'string' || url.length > MAX_LENGTH || !url.startsWith('/')) return undefined;
  if (NOT_IN_A_PATH.test(url) || !URL.canParse(url, HERE)) return undefined;
  const { origin, pathname, href } = new URL(url, HERE);
  if (origin !== HERE || pathname.startsWith('//')) return undefined;
  const path = href.slice(HERE.length);
  return path.length > MAX_LENGTH ? undefined : path;
}
