/**
 * Makes a path of this site safe to redirect to. A redirect to an address from the request must not lead to
 * another site, as `https://evil.example`, `//evil.example` and `/\evil.example` all do.
 *
 * @returns the path with its query, or undefined for anything that leads elsewhere
 */
export function localPath(address: unknown): string | undefined {
  if (typeof address !== 'string' || !address.startsWith('/') || !URL.canParse(address, HERE))
    return undefined;
  // Parsed as browsers do, not matched: browsers drop tabs and newlines, and treat backslashes as slashes.
  const url = new URL(address, HERE);
  if (url.origin !== HERE || url.pathname.startsWith('//')) return undefined;
  return url.pathname + url.search;
}

const HERE = 'http://here.invalid';
