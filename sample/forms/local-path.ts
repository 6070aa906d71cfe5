/**
 * A path of this site, made safe to redirect to. Whoever sends a visitor on to an address that came with the request
 * must not send them to another site: `https://evil.example`, `//evil.example` and `/\evil.example` all do.
 *
 * @returns the path with its query, or undefined for anything that leads elsewhere
 */
export function localPath(address: unknown): string | undefined {
  if (typeof address !== 'string' || !address.startsWith('/') || !URL.canParse(address, HERE))
    return undefined;
  // Parsed as a browser would, rather than matched: browsers drop tabs and newlines, and read backslashes as slashes.
  const url = new URL(address, HERE);
  if (url.origin !== HERE || url.pathname.startsWith('//')) return undefined;
  return url.pathname + url.search;
}

const HERE = 'http://here.invalid';
