import type { IncomingHttpHeaders } from 'node:http';
import { pathOfThisSite } from '../session/path-of-this-site.js';

/** What is asked of a request, Express's or Fastify's. */
export interface FormRequest {
  /** In capital letters: `POST`. */
  readonly method: string;
  /** By their names in small letters. */
  readonly headers: IncomingHttpHeaders;
  /** As the platform says: behind a proxy that it trusts, the host that the visitor asked. */
  readonly host?: string;
  /** Parsed; undefined where nothing has parsed it. */
  readonly body?: unknown;
}

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** A browser sends a page's form so, and no client of an API does. */
const FORM_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

const PAGE_TYPES: readonly string[] = ['text/html', 'application/xhtml+xml'];

/** The weight of what is not acceptable (RFC 9110, 12.4.2). */
const NOT_ACCEPTED = /^q=0(?:\.0*)?$/;

/**
 * Whether a request is a page's form, and a page is what its sender can show: it changes something and accepts HTML. Who does not
 * say what he accepts is known by the form. `fetch` accepts anything, and says so; so does htmx, which shows HTML and nothing else.
 */
export function isPageForm({ method, headers }: FormRequest): boolean {
  if (SAFE_METHODS.includes(method)) return false;
  if (headers['hx-request'] === 'true') return true;
  const { accept } = headers;
  if (accept === undefined) return FORM_TYPES.test(headers['content-type'] ?? '');
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return PAGE_TYPES.includes(type) && !parameters.some((parameter) => NOT_ACCEPTED.test(parameter));
  });
}

/**
 * The path of the page that a form was sent from, where it is one of this site and htmx says so, or the browser does (Referer): a site
 * may keep its browsers from saying all of it.
 */
export function pageBefore({ headers, host = headers.host }: FormRequest): string | undefined {
  const address = headers['hx-current-url'] ?? headers.referer;
  if (typeof address !== 'string' || !URL.canParse(address)) return undefined;
  const page = new URL(address);
  // Where a proxy hides the host, the browser itself knows.
  const isThisSite = page.host === host || headers['sec-fetch-site'] === 'same-origin';
  return isThisSite ? pathOfThisSite(page.pathname + page.search) : undefined;
}
