import type { RawRequest } from '../raw-http.js';

/**
 * The URL as the routes of an application are written, where Express has mounted it below another one: without the path
 * of that place. Null where it is not mounted, and where the place is a pattern.
 */
export function urlBelowMount(req: RawRequest, url: string): string | null {
  const mount = isMountable(req.app) ? req.app.path() : '';
  return typeof mount === 'string' && mount !== '' && url.startsWith(`${mount}/`)
    ? url.slice(mount.length)
    : null;
}

/** An application of Express: it knows its path, with those of the applications above it. */
function isMountable(app: unknown): app is { path(): unknown } {
  return typeof app === 'function' && 'path' in app && typeof app.path === 'function';
}
