import type { IncomingHttpHeaders } from 'node:http';
import { pathOfThisSite } from '../session/path-of-this-site.js';

/**
 * The properties that are used of a request, in Express or Fastify.
 *
 * @example
 * new FormErrorsFilter({ form: ({ body }: FormRequest) => Object(body).page });
 */
export interface FormRequest {
  /** In upper case: `POST`. */
  readonly method: string;
  /** Headers by lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** As reported by the platform: behind a trusted proxy, the host that the visitor requested. */
  readonly host?: string;
  /** The parsed body; undefined if it was not parsed. */
  readonly body?: unknown;
}

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Browsers send the forms of a page with these types; API clients do not. */
const FORM_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

const PAGE_TYPES: readonly string[] = ['text/html', 'application/xhtml+xml'];

/** The weight of a type that is not acceptable (RFC 9110, 12.4.2). */
const NOT_ACCEPTED = /^q=0(?:\.0*)?$/;

/**
 * Whether a request submits the form of a page, and its sender can show a page in response: its method is not
 * a safe one, and it accepts HTML. Without an Accept header the content type decides. `fetch` accepts any
 * type, which does not count as HTML; so does htmx, but it shows HTML only, and is recognized by its own
 * header.
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
 * The path of the page that a form was sent from, if it is a page of this site. Taken from htmx's header or
 * the Referer, which a site's referrer policy may shorten.
 */
export function pageBefore({ headers, host = headers.host }: FormRequest): string | undefined {
  const address = headers['hx-current-url'] ?? headers.referer;
  if (typeof address !== 'string' || !URL.canParse(address)) return undefined;
  const page = new URL(address);
  // If a proxy hides the host, the browser still knows whether it is the same origin.
  const isThisSite = page.host === host || headers['sec-fetch-site'] === 'same-origin';
  return isThisSite ? pathOfThisSite(page.pathname + page.search) : undefined;
}
