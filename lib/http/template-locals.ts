import { FlashMessages } from '../session/flash-messages.js';
import type { RequestSession } from '../session/request-session.js';

/**
 * What templates see without being handed it: `session` (read-only), `flashMessages`, `old(key)`, `errors(field)` and
 * `hasErrors`, of the request that is being answered. Empty where that has no session (an excluded route, the error page while the store is away):
 * a layout that all pages share has to work on each.
 *
 * Plain objects with functions of their own, because template engines (Handlebars) refuse what comes from a prototype.
 */
const TEMPLATE_LOCALS: Readonly<Record<string, (session: RequestSession | undefined) => unknown>> = {
  session: (session) => (session === undefined ? emptySession : sessionView(session)),
  flashMessages: (session) => (session === undefined ? emptyMessages : flashView(session)),
  old: (session) => (session === undefined ? nothing : oldOf(session)),
  errors: (session) => errorsOf(session?.flashMessages ?? noMessages),
  hasErrors: (session) => session?.flashMessages.hasErrors ?? false,
};

/**
 * Adds them to the locals of a response, as accessors: each is made when a template asks for it.
 *
 * @param locals of the response; what is there already stays
 * @param shared locals of the application, which win as well
 * @param sessionOf the session of that response's request
 */
export function addTemplateLocals(
  locals: object,
  shared: object,
  sessionOf: () => RequestSession | undefined,
): void {
  for (const [name, make] of Object.entries(TEMPLATE_LOCALS)) {
    if (Object.hasOwn(locals, name) || Object.hasOwn(shared, name)) continue;
    const get = (): unknown => {
      const session = sessionOf();
      return make(session?.initiated === true ? session : undefined);
    };
    Object.defineProperty(locals, name, { enumerable: true, configurable: true, get });
  }
}

/** The value of any key where there is no session: the default. */
function nothing(_key: unknown, fallback?: unknown): unknown {
  const value = plain(fallback);
  return typeof value === 'function' ? value() : value;
}

const noMessages = new FlashMessages({});
const emptyMessages = flashView({ flashMessages: noMessages });

const emptySession = {
  get: (key?: unknown, fallback?: unknown) => (isNoKey(key) ? {} : nothing(key, fallback)),
  all: () => ({}),
  has: () => false,
  hasAny: () => false,
  exists: () => false,
  missing: () => true,
  old: nothing,
  flashMessages: emptyMessages,
  isEmpty: true,
  fresh: true,
};

function oldOf(session: RequestSession): (key: unknown, fallback?: unknown) => unknown {
  return (key, fallback) => session.old(String(key), plain(fallback));
}

function errorsOf(messages: FlashMessages): (field?: unknown) => unknown {
  return (field) => (isNoKey(field) ? messages.errors() : messages.errors(String(field)));
}

function sessionView(session: RequestSession): object {
  return {
    get: (key: unknown, fallback?: unknown) =>
      isNoKey(key) ? session.all() : session.get(String(key), plain(fallback)),
    all: () => session.all(),
    has: (...keys: unknown[]) => session.has(...keysOf(keys)),
    hasAny: (...keys: unknown[]) => session.hasAny(...keysOf(keys)),
    exists: (...keys: unknown[]) => session.exists(...keysOf(keys)),
    missing: (...keys: unknown[]) => session.missing(...keysOf(keys)),
    old: oldOf(session),
    flashMessages: flashView(session),
    isEmpty: session.isEmpty,
    fresh: session.fresh,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
  };
}

function flashView({ flashMessages }: Pick<RequestSession, 'flashMessages'>): object {
  return {
    get: (key: unknown, fallback?: unknown) => flashMessages.get(String(key), plain(fallback)),
    has: (...keys: unknown[]) => flashMessages.has(...keysOf(keys)),
    all: () => flashMessages.all(),
    old: (key: unknown, fallback?: unknown) => flashMessages.old(String(key), plain(fallback)),
    errors: errorsOf(flashMessages),
    hasErrors: flashMessages.hasErrors,
    isEmpty: flashMessages.isEmpty,
  };
}

/** The keys that a template gave: one, several, or lists of them. */
function keysOf([first, ...more]: readonly unknown[]): [string | string[], ...(string | string[])[]] {
  return [keyOf(first), ...more.filter((key) => !isHelperOptions(key)).map(keyOf)];
}

function keyOf(key: unknown): string | string[] {
  return Array.isArray(key) ? key.map(String) : String(key);
}

/** Handlebars passes an object of its own behind the arguments: it is no default. */
function plain(fallback: unknown): unknown {
  return isHelperOptions(fallback) ? undefined : fallback;
}

function isNoKey(key: unknown): boolean {
  return key === undefined || isHelperOptions(key);
}

function isHelperOptions(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'hash' in value && 'data' in value && 'loc' in value;
}
