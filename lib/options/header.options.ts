import { optionError } from './read-option.js';
import { refine, text } from './checks.js';

const TAKES = "the name of a header that nothing else uses, such as 'X-Session'";

/** A token (RFC 9110, 5.6.2). */
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;

/**
 * Headers that have a meaning of their own in requests or responses (RFC 9110 and the like), that Node treats
 * specially, or that scripts in a browser may not set or read (Fetch standard, "forbidden request-header"); and
 * headers that browsers, proxies or libraries customarily send, whose senders would lose their cookie.
 */
const IN_USE = new Set(
  (
    'age allow alt-svc authorization cache-control clear-site-data connection cookie cookie2 date dnt early-data etag expect expires ' +
    'forwarded from host http2-settings keep-alive last-event-id last-modified link location max-forwards origin pragma prefer ' +
    'priority range referer referrer-policy refresh retry-after server server-timing set-cookie set-cookie2 strict-transport-security ' +
    'te trailer transfer-encoding traceparent tracestate upgrade upgrade-insecure-requests user-agent vary via www-authenticate ' +
    'x-correlation-id x-csrf-token x-powered-by x-real-ip x-request-id x-requested-with x-xsrf-token'
  ).split(' '),
);

const IN_USE_BY_PREFIX = /^(accept|access-control|content|cross-origin|if|proxy|sec|x-forwarded)-|^accept$/;

/** The name of a header that carries tokens. */
export const headerName = refine(text(TAKES, NAME), (name, option) => {
  const lower = name.toLowerCase();
  if (!IN_USE.has(lower) && !IN_USE_BY_PREFIX.test(lower)) return name;
  throw optionError(option, `got "${name}", which has a meaning of its own; it takes ${TAKES}.`);
});
